//! A run: a file of entries in the order of their hash, never changed.
//!
//! ```text
//! block*      length and checksum (4 bytes each), entries; zeros up to the next page of 4 KB
//! filter      see the module of it
//! index       for each block: the upper half of its first hash, and its first page (4 bytes each)
//! trailer     pages, blocks, filter bytes, entries; magic; checksum of everything after the blocks
//! ```
//!
//! Numbers are little-endian. The index is in memory, 2 bytes per thousand of data; the filter is too while there is room for it.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use super::entry::{Entry, Hash};
use super::filter::{self, Filter};
use super::writer::Written;

/// Blocks begin at multiples of this, the unit in which a disk is read.
pub(crate) const PAGE_BYTES: usize = 4096;
pub(crate) const BLOCK_HEADER_BYTES: usize = 8;
pub(crate) const MAGIC: [u8; 8] = *b"plaudpt1";
const CHECKSUM_BYTES: usize = 8;

/// One block in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Upper half of its first entry's hash.
    pub(crate) first: u32,
    /// Its first page.
    pub(crate) page: u32,
}

/// How much there is of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trailer {
    pub(crate) pages: u32,
    pub(crate) blocks: u32,
    pub(crate) filter_bytes: u64,
    pub(crate) entries: u64,
}

/// A run that is open for reading.
pub(crate) struct Run {
    pub(crate) id: u64,
    /// Number in the journal of the newest entry in it. Newer runs have larger ones.
    pub(crate) newest: u64,
    path: PathBuf,
    file: File,
    blocks: Vec<Block>,
    trailer: Trailer,
    /// In memory, if there was room.
    filter: Option<(Filter, Claim)>,
}

/// What went wrong with a run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("a run cannot be read or written")]
    Io(#[from] std::io::Error),
    #[error("run `{path}` is damaged: {what}", path = path.display())]
    Damaged { path: PathBuf, what: &'static str },
}

impl Run {
    /// Opens the run of that file.
    pub(crate) fn open(path: PathBuf, id: u64, newest: u64, room: &Room) -> Result<Self, RunError> {
        let file = File::open(&path)?;
        let tail = read_tail(&file, &path)?;
        let filter_bytes = tail.trailer.filter_bytes as usize;
        let blocks = tail.bytes[filter_bytes..].chunks_exact(Block::BYTES).map(Block::from_bytes).collect();
        let filter =
            room.claim(filter_bytes).map(|claim| (Filter::from_bytes(&tail.bytes[..filter_bytes]), claim));
        Ok(Self { id, newest, path, file, blocks, trailer: tail.trailer, filter })
    }

    /// The run that was just written.
    pub(crate) fn of_written(written: Written, path: PathBuf, id: u64, newest: u64, room: &Room) -> Self {
        let Written { file, blocks, filter, trailer } = written;
        let filter = room.claim(filter.len_bytes()).map(|claim| (filter, claim));
        Self { id, newest, path, file, blocks, trailer, filter }
    }

    /// What is known of a key: nothing, its deletion, or where its value is in `block`, which this reads.
    pub(crate) fn get(
        &self,
        hash: Hash,
        key: &[u8],
        block: &mut Vec<u8>,
    ) -> Result<Option<Option<Range<usize>>>, RunError> {
        if !self.may_have(hash)? {
            return Ok(None);
        }
        // The entry is in the last block that begins before its hash, or in one of those that begin with the same upper half.
        let upper = (hash.order >> 32) as u32;
        let end = self.blocks.partition_point(|block| block.first <= upper);
        for at in self.block_at(hash.order)..end {
            self.read_block(at, block)?;
            if let Some(place) = self.find(key, block)? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Reads a block. Its entries begin after the header.
    pub(crate) fn read_block(&self, at: usize, content: &mut Vec<u8>) -> Result<(), RunError> {
        let page = self.blocks[at].page;
        let end = self.blocks.get(at + 1).map_or(self.trailer.pages, |next| next.page);
        let pages = end.checked_sub(page).ok_or_else(|| self.damaged("its blocks are not in order"))?;
        content.resize(pages as usize * PAGE_BYTES, 0);
        self.file.read_exact_at(content, u64::from(page) * PAGE_BYTES as u64)?;
        let header =
            content.first_chunk::<BLOCK_HEADER_BYTES>().ok_or_else(|| self.damaged("an empty block"))?;
        let [len, checksum] = pair(header);
        let end = BLOCK_HEADER_BYTES + len as usize;
        let entries =
            content.get(BLOCK_HEADER_BYTES..end).ok_or_else(|| self.damaged("the length of a block"))?;
        if xxh3_64(entries) as u32 != checksum {
            return Err(self.damaged("the checksum of a block"));
        }
        content.truncate(end);
        Ok(())
    }

    /// The number of the first block that may have entries of this hash or after it.
    pub(crate) fn block_at(&self, order: u64) -> usize {
        self.blocks.partition_point(|block| block.first < (order >> 32) as u32).saturating_sub(1)
    }

    pub(crate) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    pub(crate) fn entries(&self) -> u64 {
        self.trailer.entries
    }

    /// Bytes of the file, about.
    pub(crate) fn bytes(&self) -> u64 {
        u64::from(self.trailer.pages) * PAGE_BYTES as u64 + self.trailer.filter_bytes
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn damaged(&self, what: &'static str) -> RunError {
        RunError::Damaged { path: self.path.clone(), what }
    }

    fn may_have(&self, hash: Hash) -> Result<bool, RunError> {
        if let Some((filter, _)) = &self.filter {
            return Ok(filter.may_have(hash));
        }
        let blocks = self.trailer.filter_bytes as usize / filter::BLOCK_BYTES;
        let start = u64::from(self.trailer.pages) * PAGE_BYTES as u64;
        let at = start + (filter::block_of(hash, blocks) * filter::BLOCK_BYTES) as u64;
        let mut block = [0; filter::BLOCK_BYTES];
        self.file.read_exact_at(&mut block, at)?;
        Ok(filter::block_may_have(&block, hash))
    }

    /// Where the value of a key is in a block.
    fn find(&self, key: &[u8], block: &[u8]) -> Result<Option<Option<Range<usize>>>, RunError> {
        let mut rest = &block[BLOCK_HEADER_BYTES..];
        while !rest.is_empty() {
            let entry = Entry::take(&mut rest).ok_or_else(|| self.damaged("an entry"))?;
            if entry.key == key {
                let end = block.len() - rest.len();
                return Ok(Some(entry.value.map(|value| end - value.len()..end)));
            }
        }
        Ok(None)
    }
}

/// Memory for filters, shared by all runs.
#[derive(Clone)]
pub(crate) struct Room(Arc<AtomicU64>);

impl Room {
    pub(crate) fn of_bytes(bytes: u64) -> Self {
        Self(Arc::new(AtomicU64::new(bytes)))
    }

    fn claim(&self, bytes: usize) -> Option<Claim> {
        let bytes = bytes as u64;
        let take = |free: u64| free.checked_sub(bytes);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok()?;
        Some(Claim { room: self.clone(), bytes })
    }
}

/// A part of the room; free again when it goes.
struct Claim {
    room: Room,
    bytes: u64,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.room.0.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

impl Block {
    const BYTES: usize = 8;

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&self.first.to_le_bytes());
        bytes[4..].copy_from_slice(&self.page.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let [first, page] = pair(bytes.try_into().expect("chunks of that length"));
        Self { first, page }
    }
}

impl Trailer {
    const BYTES: usize = 24;

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&self.pages.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.blocks.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.filter_bytes.to_le_bytes());
        bytes[16..].copy_from_slice(&self.entries.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let [pages, blocks] = pair(bytes[..8].try_into().expect("8 bytes"));
        let filter_bytes = u64::from_le_bytes(bytes[8..16].try_into().expect("8 bytes"));
        let entries = u64::from_le_bytes(bytes[16..].try_into().expect("8 bytes"));
        Self { pages, blocks, filter_bytes, entries }
    }
}

/// What comes after the blocks: filter and index.
struct Tail {
    bytes: Vec<u8>,
    trailer: Trailer,
}

fn read_tail(file: &File, path: &Path) -> Result<Tail, RunError> {
    const END_BYTES: usize = Trailer::BYTES + MAGIC.len() + CHECKSUM_BYTES;
    let damaged = |what| RunError::Damaged { path: path.to_owned(), what };
    let len = file.metadata()?.len();
    let end_at = len.checked_sub(END_BYTES as u64).ok_or_else(|| damaged("too short"))?;
    let mut end = [0; END_BYTES];
    file.read_exact_at(&mut end, end_at)?;
    let (trailer, rest) = end.split_first_chunk().expect("the end begins with the trailer");
    let trailer = Trailer::from_bytes(trailer);
    let tail_at = u64::from(trailer.pages) * PAGE_BYTES as u64;
    let tail_len = trailer.filter_bytes.saturating_add(u64::from(trailer.blocks) * Block::BYTES as u64);
    let is_block_multiple =
        trailer.filter_bytes.is_multiple_of(filter::BLOCK_BYTES as u64) && trailer.filter_bytes > 0;
    if rest[..MAGIC.len()] != MAGIC || tail_at.saturating_add(tail_len) != end_at || !is_block_multiple {
        return Err(damaged("its end"));
    }
    let mut bytes = vec![0; tail_len as usize];
    file.read_exact_at(&mut bytes, tail_at)?;
    let mut checksum = Xxh3Default::new();
    checksum.update(&bytes);
    checksum.update(&end[..END_BYTES - CHECKSUM_BYTES]);
    if checksum.digest().to_le_bytes() != end[END_BYTES - CHECKSUM_BYTES..] {
        return Err(damaged("the checksum of its end"));
    }
    Ok(Tail { bytes, trailer })
}

fn pair(bytes: &[u8; 8]) -> [u32; 2] {
    let one = u32::from_le_bytes(bytes[..4].try_into().expect("4 bytes"));
    let other = u32::from_le_bytes(bytes[4..].try_into().expect("4 bytes"));
    [one, other]
}

#[cfg(test)]
mod tests {
    use super::super::writer::RunWriter;
    use super::*;

    /// Writes a run of keys with their values; large ones take several pages.
    fn write(dir: &Path, mut keys: Vec<Vec<u8>>) -> Written {
        keys.sort_by_key(|key| (Hash::of(key).order, key.clone()));
        let mut writer = RunWriter::create(&dir.join("1"), keys.len()).unwrap();
        for key in &keys {
            let value = value_of(key);
            writer.push(Hash::of(key), Entry { key, value: value.as_deref() }).unwrap();
        }
        writer.finish(dir).unwrap()
    }

    fn value_of(key: &[u8]) -> Option<Vec<u8>> {
        (!key.len().is_multiple_of(3)).then(|| key.repeat(if key.len() == 7 { 5000 } else { 2 }))
    }

    fn keys(numbers: std::ops::Range<usize>) -> Vec<Vec<u8>> {
        numbers.map(|number| [number.to_le_bytes().to_vec(), vec![7; number % 11]].concat()).collect()
    }

    fn check(run: &Run, present: &[Vec<u8>], absent: &[Vec<u8>]) {
        let mut scratch = Vec::new();
        for key in present {
            let value = value_of(key);
            let found =
                run.get(Hash::of(key), key, &mut scratch).unwrap().map(|place| place.map(|at| &scratch[at]));
            assert_eq!(found, Some(value.as_deref()));
        }
        for key in absent {
            assert_eq!(run.get(Hash::of(key), key, &mut scratch).unwrap(), None);
        }
    }

    #[test]
    fn a_run_finds_its_keys_and_no_others() {
        let dir = tempfile::tempdir().unwrap();
        let mut present = keys(0..3000);
        present.extend([vec![1; 7], vec![2; 7], vec![]]);
        let written = write(dir.path(), present.clone());
        let (path, absent) = (dir.path().join("1"), keys(3000..9000));
        let run = Run::of_written(written, path.clone(), 1, 9, &Room::of_bytes(1 << 20));
        assert!(run.filter.is_some() && run.blocks() > 20);
        check(&run, &present, &absent);
        let run = Run::open(path.clone(), 1, 9, &Room::of_bytes(1 << 20)).unwrap();
        assert!(run.filter.is_some());
        check(&run, &present, &absent);
        let run = Run::open(path, 1, 9, &Room::of_bytes(10)).unwrap();
        assert!(run.filter.is_none(), "no room for the filter");
        check(&run, &present, &absent);
        assert_eq!(run.entries(), 3003);
    }

    #[test]
    fn damage_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let present = keys(0..300);
        write(dir.path(), present.clone());
        let path = dir.path().join("1");
        let whole = std::fs::read(&path).unwrap();
        for at in
            [0, 5, 100, 4096 + 100, whole.len() - 1, whole.len() - 20, whole.len() - 60, whole.len() - 300]
        {
            let mut bytes = whole.clone();
            bytes[at] ^= 4;
            std::fs::write(&path, bytes).unwrap();
            let mut scratch = Vec::new();
            let result = Run::open(path.clone(), 1, 9, &Room::of_bytes(0)).and_then(|run| {
                present.iter().try_for_each(|key| run.get(Hash::of(key), key, &mut scratch).map(|_| ()))
            });
            assert!(matches!(result, Err(RunError::Damaged { .. })), "byte {at}: {result:?}");
        }
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(Run::open(path, 1, 9, &Room::of_bytes(0)).is_err());
    }

    #[test]
    fn room_is_given_back() {
        let room = Room::of_bytes(100);
        let claim = room.claim(60);
        assert!(claim.is_some() && room.claim(60).is_none());
        drop(claim);
        assert!(room.claim(100).is_some());
    }
}
