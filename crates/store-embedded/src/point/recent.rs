//! The entries that are in no run yet: in the journal, and in memory by hash.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use fjall::Slice;

use super::entry::{Entry, Hash};

/// Bytes that an entry takes in the map, beside those of its chunk: slots of 16 bytes, of which half are in use on average.
const MAP_BYTES_PER_ENTRY: usize = 32;

/// Bytes that a chunk takes beside its content.
const CHUNK_BYTES: usize = 64;

/// Entries by key, the newest of each.
#[derive(Default)]
pub(crate) struct Recent {
    /// Encoded entries, as the journal has them; their memory is shared with the LSM tree while that has them in memory.
    chunks: Vec<Slice>,
    by_hash: HashMap<u64, Place, BuildHasherDefault<ByItself>>,
    /// Keys whose hash is that of another key. Seldom any, but keys come from outside and hashes can be made to collide.
    collided: HashMap<Vec<u8>, Place>,
    bytes: usize,
    /// Numbers of the first and the last chunk in the journal.
    pub(crate) numbers: Option<(u64, u64)>,
}

/// Where an entry is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    chunk: u32,
    offset: u32,
}

/// An entry of a chunk before it has its place.
pub(crate) struct Addition {
    pub(crate) hash: u64,
    pub(crate) offset: u32,
}

impl Recent {
    /// With room for as many entries as an earlier one had.
    pub(crate) fn with_room_of(earlier: &Self) -> Self {
        let by_hash = HashMap::with_capacity_and_hasher(earlier.by_hash.len(), BuildHasherDefault::default());
        Self { by_hash, ..Self::default() }
    }

    /// Adds the entries of a chunk, which has that number in the journal.
    pub(crate) fn add(&mut self, number: u64, chunk: Slice, additions: &[Addition]) {
        let at = u32::try_from(self.chunks.len()).expect("fewer chunks than bytes of memory");
        self.bytes += chunk.len() + CHUNK_BYTES;
        self.chunks.push(chunk);
        for addition in additions {
            self.place(addition.hash, Place { chunk: at, offset: addition.offset });
        }
        let first = self.numbers.map_or(number, |(first, _)| first);
        self.numbers = Some((first, number));
    }

    /// What is known of a key: nothing, its deletion or its value.
    pub(crate) fn get(&self, hash: Hash, key: &[u8]) -> Option<Option<&[u8]>> {
        let entry = self.entry(*self.by_hash.get(&hash.order)?);
        if entry.key == key {
            return Some(entry.value);
        }
        self.collided.get(key).map(|place| self.entry(*place).value)
    }

    /// Each key's newest entry, in the order of runs.
    pub(crate) fn sorted(&self) -> Vec<(u64, Place)> {
        let first = self.by_hash.iter().map(|(hash, place)| (*hash, *place));
        let collided = self.collided.iter().map(|(key, place)| (Hash::of(key).order, *place));
        let mut sorted: Vec<(u64, Place)> = first.chain(collided).collect();
        sorted.sort_unstable_by(|one, other| {
            one.0.cmp(&other.0).then_with(|| self.entry(one.1).key.cmp(self.entry(other.1).key))
        });
        sorted
    }

    /// The entry at a place that this gave.
    pub(crate) fn entry(&self, place: Place) -> Entry<'_> {
        let mut bytes = &self.chunks[place.chunk as usize][place.offset as usize..];
        Entry::take(&mut bytes).expect("chunks are read when they are added")
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + self.by_hash.len() * MAP_BYTES_PER_ENTRY
    }

    fn place(&mut self, hash: u64, place: Place) {
        let Some(present) = self.by_hash.get(&hash).copied() else {
            self.by_hash.insert(hash, place);
            return;
        };
        let key = self.entry(place).key;
        if self.entry(present).key == key {
            self.by_hash.insert(hash, place);
        } else {
            let key = key.to_vec();
            self.collided.insert(key, place);
        }
    }
}

/// The entries of a chunk that the journal has; `None` if it is damaged.
pub(crate) fn additions(chunk: &[u8]) -> Option<Vec<Addition>> {
    let (mut rest, mut additions) = (chunk, Vec::new());
    while !rest.is_empty() {
        let offset = u32::try_from(chunk.len() - rest.len()).ok()?;
        let entry = Entry::take(&mut rest)?;
        additions.push(Addition { hash: Hash::of(entry.key).order, offset });
    }
    Some(additions)
}

/// Takes a hash for what it is.
#[derive(Default)]
struct ByItself(u64);

impl Hasher for ByItself {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _bytes: &[u8]) {
        unreachable!("only hashes are hashed");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(entries: &[(&str, Option<&str>)]) -> Slice {
        let mut bytes = Vec::new();
        for (key, value) in entries {
            Entry { key: key.as_bytes(), value: value.map(str::as_bytes) }.put(&mut bytes);
        }
        Slice::from(bytes)
    }

    fn value<'a>(recent: &'a Recent, key: &str) -> Option<Option<&'a [u8]>> {
        recent.get(Hash::of(key.as_bytes()), key.as_bytes())
    }

    #[test]
    fn the_newest_entry_of_a_key_wins() {
        let mut recent = Recent::default();
        for (number, entries) in
            [(5, [("a", Some("1")), ("b", None)]), (6, [("b", Some("2")), ("a", Some("3"))])]
        {
            let chunk = chunk(&entries);
            recent.add(number, chunk.clone(), &additions(&chunk).unwrap());
        }
        assert_eq!(value(&recent, "a"), Some(Some(b"3".as_slice())));
        assert_eq!(value(&recent, "b"), Some(Some(b"2".as_slice())));
        assert_eq!(value(&recent, "c"), None);
        assert_eq!(recent.numbers, Some((5, 6)));
        assert_eq!(recent.sorted().len(), 2);
    }

    #[test]
    fn keys_of_one_hash_are_told_apart() {
        let mut recent = Recent::default();
        let chunk = chunk(&[("a", Some("1")), ("b", Some("2")), ("b", None), ("a", Some("3"))]);
        let mut additions = additions(&chunk).unwrap();
        for addition in &mut additions {
            addition.hash = 7;
        }
        recent.add(1, chunk, &additions);
        let hash = Hash { order: 7, filter: 0 };
        assert_eq!(recent.get(hash, b"a"), Some(Some(b"3".as_slice())));
        assert_eq!(recent.get(hash, b"b"), Some(None));
        assert_eq!(recent.get(hash, b"c"), None);
    }

    #[test]
    fn a_damaged_chunk_is_noticed() {
        let chunk = chunk(&[("key", Some("value"))]);
        assert!(additions(&chunk[..chunk.len() - 1]).is_none());
    }
}
