//! Several runs as one, in the order of their entries; and which to merge.

use std::sync::Arc;

use super::entry::{Entry, Hash};
use super::run::{BLOCK_HEADER_BYTES, Run, RunError};

/// So many runs of one size are merged. With more, a look-up asks more filters; with fewer, rows are written again more often.
pub(crate) const RUNS_PER_SIZE: usize = 8;

/// How many of the newest runs to merge now; 0 if none. The runs come newest first; `sealed_bytes` is what a newly sealed one has.
pub(crate) fn to_merge(runs: &[Arc<Run>], sealed_bytes: u64) -> usize {
    let sizes: Vec<u32> = runs.iter().map(|run| size_class(run.bytes(), sealed_bytes)).collect();
    let largest = sizes.iter().copied().max().unwrap_or(0);
    for size in 0..=largest {
        let newest = sizes.iter().take_while(|other| **other <= size).count();
        let of_size = sizes[..newest].iter().filter(|other| **other == size).count();
        if of_size >= RUNS_PER_SIZE {
            return newest;
        }
    }
    0
}

/// 0 for what was just sealed, and one more each time that it grew by the number of runs that are merged.
fn size_class(bytes: u64, sealed_bytes: u64) -> u32 {
    let half_grown = sealed_bytes.max(1) * (RUNS_PER_SIZE as u64) / 2;
    if bytes < half_grown { 0 } else { 1 + (bytes / half_grown).ilog(RUNS_PER_SIZE as u64) }
}

/// Goes through several runs at once. Of a key that is in more than one, it gives the newest entry.
pub(crate) struct Merge {
    /// Newest first.
    heads: Vec<Head>,
    /// The head whose entry is the present one.
    present: Option<usize>,
}

impl Merge {
    /// From the first entry whose (hash, key) is greater than `after`. The runs come newest first.
    pub(crate) fn new(runs: &[Arc<Run>], after: Option<(u64, &[u8])>) -> Result<Self, RunError> {
        let heads = runs.iter().map(|run| Head::new(Arc::clone(run), after));
        Ok(Self { heads: heads.collect::<Result<_, _>>()?, present: None })
    }

    /// Goes to the next entry; `false` at the end.
    pub(crate) fn next(&mut self) -> Result<bool, RunError> {
        if let Some(present) = self.present.take() {
            self.step_past(present)?;
        }
        let heads = self.heads.iter().enumerate().filter(|(_, head)| !head.is_done);
        // The first of equal ones is the newest.
        self.present = heads.min_by(|(_, one), (_, other)| one.place().cmp(&other.place())).map(|(at, _)| at);
        Ok(self.present.is_some())
    }

    /// The entry that `next` went to.
    pub(crate) fn entry(&self) -> (Hash, Entry<'_>) {
        let head = &self.heads[self.present.expect("`next` said that there is one")];
        (head.hash, head.entry())
    }

    /// Moves the head and all others that are at the same key.
    fn step_past(&mut self, present: usize) -> Result<(), RunError> {
        let (before, rest) = self.heads.split_at_mut(present);
        let (head, after) = rest.split_first_mut().expect("the present head is one of them");
        debug_assert!(before.iter().all(|newer| newer.is_done || newer.place() > head.place()));
        for older in after.iter_mut().filter(|older| !older.is_done) {
            if older.hash.order == head.hash.order && older.entry().key == head.entry().key {
                older.step()?;
            }
        }
        head.step()
    }
}

/// A place in one run.
struct Head {
    run: Arc<Run>,
    next_block: usize,
    entries: Vec<u8>,
    /// Where the present entry begins, and where the next one.
    from: usize,
    to: usize,
    /// Bounds of its key and its value.
    key: (usize, usize),
    value: Option<(usize, usize)>,
    hash: Hash,
    is_done: bool,
}

impl Head {
    fn new(run: Arc<Run>, after: Option<(u64, &[u8])>) -> Result<Self, RunError> {
        let next_block = after.map_or(0, |(order, _)| run.block_at(order));
        let hash = Hash { order: 0, filter: 0 };
        let (key, value) = ((0, 0), None);
        let mut head =
            Self { run, next_block, entries: Vec::new(), from: 0, to: 0, key, value, hash, is_done: false };
        head.step()?;
        if let Some(after) = after {
            while !head.is_done && head.place() <= after {
                head.step()?;
            }
        }
        Ok(head)
    }

    fn place(&self) -> (u64, &[u8]) {
        (self.hash.order, &self.entries[self.key.0..self.key.1])
    }

    fn entry(&self) -> Entry<'_> {
        let value = self.value.map(|(from, to)| &self.entries[from..to]);
        Entry { key: &self.entries[self.key.0..self.key.1], value }
    }

    fn step(&mut self) -> Result<(), RunError> {
        self.from = self.to;
        while self.from == self.entries.len() {
            if self.next_block == self.run.blocks() {
                self.is_done = true;
                return Ok(());
            }
            self.run.read_block(self.next_block, &mut self.entries)?;
            self.next_block += 1;
            self.from = BLOCK_HEADER_BYTES;
        }
        let all = self.entries.as_slice();
        let mut rest = &all[self.from..];
        let entry = Entry::take(&mut rest).ok_or_else(|| self.run.damaged("an entry"))?;
        self.hash = Hash::of(entry.key);
        self.to = all.len() - rest.len();
        let value_len = entry.value.map_or(0, <[u8]>::len);
        self.value = entry.value.map(|_| (self.to - value_len, self.to));
        // Between key and value is the length of the value, which takes as many bytes as it needs.
        let key_from = self.from + varint_len(entry.key.len() as u64);
        self.key = (key_from, key_from + entry.key.len());
        Ok(())
    }
}

fn varint_len(int: u64) -> usize {
    (64 - (int | 1).leading_zeros() as usize).div_ceil(7)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use proptest::prelude::*;

    use super::super::run::Room;
    use super::super::writer::RunWriter;
    use super::*;

    type Entries = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

    fn run(dir: &Path, id: u64, entries: &Entries) -> Arc<Run> {
        let mut sorted: Vec<_> = entries.iter().map(|(key, value)| (Hash::of(key), key, value)).collect();
        sorted.sort_by_key(|(hash, key, _)| (hash.order, *key));
        let path = dir.join(id.to_string());
        let mut writer = RunWriter::create(&path, entries.len()).unwrap();
        for (hash, key, value) in sorted {
            writer.push(hash, Entry { key, value: value.as_deref() }).unwrap();
        }
        Arc::new(Run::of_written(writer.finish(dir).unwrap(), path, id, id, &Room::of_bytes(1000)))
    }

    /// Few different keys, so that runs share many; some longer than one byte of length can say.
    fn entries() -> impl Strategy<Value = Entries> {
        let key = prop_oneof![
            proptest::collection::vec(0..3_u8, 0..4),
            Just(vec![5; 127]),
            Just(vec![5; 128]),
            Just(vec![6; 300])
        ];
        let value = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..600));
        proptest::collection::btree_map(key, value, 0..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_merge_gives_the_newest_entry_of_each_key_in_order(
            contents in proptest::collection::vec(entries(), 0..5),
            start in any::<prop::sample::Index>(),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let mut expected = Entries::new();
            for entries in contents.iter().rev() {
                expected.extend(entries.clone());
            }
            let mut expected: Vec<_> = expected.into_iter().map(|(key, value)| (Hash::of(&key).order, key, value)).collect();
            expected.sort();
            let runs: Vec<_> = (1..).zip(&contents).map(|(id, entries)| run(dir.path(), id, entries)).collect();
            let start = start.index(expected.len() + 1);
            let after = start.checked_sub(1).map(|at| (expected[at].0, expected[at].1.as_slice()));
            let mut merge = Merge::new(&runs, after).unwrap();
            let mut found = Vec::new();
            while merge.next().unwrap() {
                let (hash, entry) = merge.entry();
                found.push((hash.order, entry.key.to_vec(), entry.value.map(<[u8]>::to_vec)));
            }
            prop_assert_eq!(&found, &expected[start..]);
        }
    }

    #[test]
    fn eight_of_a_size_are_merged() {
        assert_eq!(
            [0, 99, 399, 400, 3199, 3200, 25_600].map(|bytes| size_class(bytes, 100)),
            [0, 0, 0, 1, 1, 2, 3]
        );
        let dir = tempfile::tempdir().unwrap();
        let runs: Vec<_> = (0..8).map(|id| run(dir.path(), id, &Entries::new())).collect();
        assert_eq!(to_merge(&runs[..7], 4096), 0);
        assert_eq!(to_merge(&runs, 4096), 8);
        assert_eq!(to_merge(&[], 4096), 0);
    }
}
