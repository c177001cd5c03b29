//! One key with its row, or with the fact that the row is gone, as bytes.

use xxhash_rust::xxh3::xxh3_128;

use crate::varint;

/// A key and what is known about its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) key: &'a [u8],
    /// `None` if the row was deleted.
    pub(crate) value: Option<&'a [u8]>,
}

impl<'a> Entry<'a> {
    /// Appends the entry.
    pub(crate) fn put(self, bytes: &mut Vec<u8>) {
        varint::put_bytes(bytes, self.key);
        match self.value {
            None => varint::put(bytes, 0),
            Some(value) => {
                varint::put(bytes, value.len() as u64 + 1);
                bytes.extend_from_slice(value);
            }
        }
    }

    /// Takes the first entry off `bytes`.
    pub(crate) fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        let key = varint::take_bytes(bytes)?;
        let value = match varint::take(bytes)? {
            0 => None,
            len => {
                let (value, rest) = bytes.split_at_checked(usize::try_from(len - 1).ok()?)?;
                *bytes = rest;
                Some(value)
            }
        };
        Some(Self { key, value })
    }
}

/// The hash of a key: where it is among the others, and what a filter knows it by. Released runs depend on it, so it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hash {
    /// Entries of a run are in the order of this.
    pub(crate) order: u64,
    /// Independent of the other.
    pub(crate) filter: u64,
}

impl Hash {
    pub(crate) fn of(key: &[u8]) -> Self {
        let hash = xxh3_128(key);
        Self { order: hash as u64, filter: (hash >> 64) as u64 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn entries_come_back(key: Vec<u8>, value: Option<Vec<u8>>) {
            let entry = Entry { key: &key, value: value.as_deref() };
            let mut bytes = Vec::new();
            entry.put(&mut bytes);
            bytes.push(1);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(Entry::take(&mut rest), Some(entry));
            prop_assert_eq!(rest, [1]);
        }

        #[test]
        fn any_bytes_decode_or_fail_without_panic(bytes: Vec<u8>) {
            let _ = Entry::take(&mut bytes.as_slice());
        }
    }

    #[test]
    fn hashes_stay_what_they_are() {
        let hash = Hash { order: 0x78af_5f94_892f_3950, filter: 0x06b0_5ab6_733a_6185 };
        assert_eq!(Hash::of(b"abc"), hash);
    }
}
