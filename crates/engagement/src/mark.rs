//! What one statement means to a tenant's definitions, in a few bytes.

use smallvec::SmallVec;

/// Which matchers accept a statement, and the little else that evaluation needs of it.
///
/// A mark belongs to the definitions that made it: see [`crate::Definitions::fingerprint`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mark {
    /// Bit i: matcher i accepts the statement. No zero words at the end, so that equal marks are equal.
    words: SmallVec<[u64; 2]>,
    /// Hash of the object's id; objects without an id have none.
    pub object: Option<u64>,
    /// Whether the statement voids another; then it cannot be voided.
    pub voiding: bool,
}

const HAS_OBJECT: u8 = 1;
const IS_VOIDING: u8 = 2;

impl Mark {
    /// A mark with the given matchers accepted.
    #[must_use]
    pub fn new(accepted: impl IntoIterator<Item = u32>, object: Option<u64>, voiding: bool) -> Self {
        let mut mark = Self { words: SmallVec::new(), object, voiding };
        for index in accepted {
            mark.accept(index);
        }
        mark
    }

    /// Whether the matcher accepts the statement.
    #[must_use]
    pub fn accepted_by(&self, matcher: u32) -> bool {
        self.words.get(matcher as usize / 64).is_some_and(|word| word >> (matcher % 64) & 1 == 1)
    }

    fn accept(&mut self, matcher: u32) {
        let word = matcher as usize / 64;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (matcher % 64);
    }

    /// Appends its bytes: flags, the object's hash if there is one, a count of bytes and the bits, low end first.
    ///
    /// # Panics
    /// Never: there are at most [`crate::MATCHERS_MAX`] matchers.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let has_object = if self.object.is_some() { HAS_OBJECT } else { 0 };
        out.push(has_object | if self.voiding { IS_VOIDING } else { 0 });
        out.extend(self.object.iter().flat_map(|hash| hash.to_le_bytes()));
        let zeros = self.words.last().map_or(0, |word| word.leading_zeros() as usize / 8);
        let length = self.words.len() * 8 - zeros;
        let counted = u16::try_from(length).expect("the number of matchers is limited");
        out.extend(counted.to_le_bytes());
        out.extend(self.words.iter().flat_map(|word| word.to_le_bytes()).take(length));
    }

    /// Reads a mark from the start of `bytes`, and says how many bytes it took; `None` if that is no mark.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut rest = bytes;
        let flags = take::<1>(&mut rest)?[0];
        if flags & !(HAS_OBJECT | IS_VOIDING) != 0 {
            return None;
        }
        let object = if flags & HAS_OBJECT == 0 { None } else { Some(u64::from_le_bytes(take(&mut rest)?)) };
        let length = usize::from(u16::from_le_bytes(take(&mut rest)?));
        let (bits, rest) = rest.split_at_checked(length)?;
        let words = bits.chunks(8).map(word).collect();
        Some((Self { words, object, voiding: flags & IS_VOIDING != 0 }, bytes.len() - rest.len()))
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = bytes.split_first_chunk()?;
    *bytes = tail;
    Some(*head)
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_round_trip(mark: &Mark, size: usize) {
        let mut bytes = Vec::new();
        mark.encode(&mut bytes);
        assert_eq!(bytes.len(), size);
        let with_more = [&bytes[..], b"more"].concat();
        assert_eq!(Mark::decode(&with_more), Some((mark.clone(), size)));
        for cut in 0..bytes.len() {
            assert_eq!(Mark::decode(&bytes[..cut]), None);
        }
    }

    #[test]
    fn bytes_are_compact_and_read_back() {
        check_round_trip(&Mark::default(), 3);
        check_round_trip(&Mark::new([0, 7], None, true), 4);
        check_round_trip(&Mark::new([8], Some(7), false), 13);
        check_round_trip(&Mark::new([63, 64, 200], Some(u64::MAX), true), 37);
        assert_eq!(Mark::decode(&[4, 0, 0]), None);
    }

    #[test]
    fn accepts_what_it_was_made_with() {
        let mark = Mark::new([3, 130], None, false);
        let accepted: Vec<u32> = (0..300).filter(|index| mark.accepted_by(*index)).collect();
        assert_eq!(accepted, [3, 130]);
    }
}
