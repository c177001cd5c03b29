//! A sealed segment: blocks of compressed records, each with a checksum, found through an index.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use plaudit_log::{LogError, Records};
use xxhash_rust::xxh3::xxh3_64;
use zstd::bulk::Decompressor;

use crate::cache::BlockCache;
use crate::format::{
    FILE_HEADER_BYTES, FileHeader, INDEX_ENTRY_BYTES, IndexEntry, Kind, TRAILER_BYTES, Trailer,
};
use crate::records::{self, damaged};

/// One sealed segment file.
pub(crate) struct SealedSegment {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    pub(crate) sequence: u64,
    pub(crate) first: u64,
    pub(crate) next: u64,
    pub(crate) blocks: Vec<IndexEntry>,
}

impl SealedSegment {
    /// Opens the file, which must be segment `sequence` and start with position `first`.
    pub(crate) fn open(path: &Path, sequence: u64, first: u64) -> Result<Self, LogError> {
        let file = File::open(path)?;
        let (blocks, next) = index(&file, sequence, first)
            .map_err(|what| damaged(first, format!("{}: {what}", path.display())))?;
        Ok(Self { path: path.to_owned(), file, sequence, first, next, blocks })
    }

    /// Records from `from` on: at most `bytes_max` bytes, but at least one.
    pub(crate) fn read(&self, from: u64, bytes_max: usize, cache: &BlockCache) -> Result<Records, LogError> {
        let number = self.number(from);
        let mut bytes = 0;
        let fitting = self.blocks[number..].iter().take_while(|block| {
            bytes += block.bytes as usize;
            bytes <= bytes_max
        });
        let count = fitting.count();
        if count > 1 {
            let bytes = self.blocks(number, count)?;
            let next = self.first_of(number + count);
            return Ok(records::dense(self.since(bytes, number, from)?, from, next));
        }
        let rest = self.since(self.cached(number, cache)?, number, from)?;
        let (taken, count) = records::prefix(&rest, bytes_max, true);
        Ok(records::dense(rest.slice(..taken), from, from + count))
    }

    /// The block that holds `position`, and the position of its first record.
    pub(crate) fn around(&self, position: u64, cache: &BlockCache) -> Result<(u64, Bytes), LogError> {
        let number = self.number(position);
        Ok((self.blocks[number].first, self.cached(number, cache)?))
    }

    /// Reads `count` blocks from block `number` on, checks and decompresses them.
    pub(crate) fn blocks(&self, number: usize, count: usize) -> Result<Bytes, LogError> {
        let blocks = &self.blocks[number..number + count];
        let start = blocks[0].at;
        let compressed_bytes: usize = blocks.iter().map(|block| block.compressed as usize).sum();
        let mut compressed = vec![0; compressed_bytes];
        self.file.read_exact_at(&mut compressed, start)?;
        let mut bytes = vec![0; blocks.iter().map(|block| block.bytes as usize).sum()];
        let mut decompressor = Decompressor::new()?;
        let (mut from, mut to) = (&compressed[..], &mut bytes[..]);
        for block in blocks {
            let (source, rest) = from.split_at(block.compressed as usize);
            let (target, room) = to.split_at_mut(block.bytes as usize);
            if xxh3_64(source) != block.checksum {
                return Err(self.damaged(block, "the checksum does not fit the block"));
            }
            match decompressor.decompress_to_buffer(source, target) {
                Ok(written) if written == target.len() => {}
                _ => return Err(self.damaged(block, "the block does not decompress")),
            }
            (from, to) = (rest, room);
        }
        Ok(bytes.into())
    }

    /// The position of the first record of block `number`, or after the last block.
    pub(crate) fn first_of(&self, number: usize) -> u64 {
        self.blocks.get(number).map_or(self.next, |block| block.first)
    }

    fn cached(&self, number: usize, cache: &BlockCache) -> Result<Bytes, LogError> {
        let key = (self.sequence, number);
        if let Some(block) = cache.get(key) {
            return Ok(block);
        }
        let block = self.blocks(number, 1)?;
        cache.put(key, &block);
        Ok(block)
    }

    /// The block that holds `position`, which is in this segment.
    fn number(&self, position: u64) -> usize {
        self.blocks.partition_point(|block| block.first <= position) - 1
    }

    /// What of `bytes`, which start with block `number`, is at `from` or after.
    fn since(&self, bytes: Bytes, number: usize, from: u64) -> Result<Bytes, LogError> {
        let block = &self.blocks[number];
        let rest = records::skip(&bytes, from - block.first)
            .ok_or_else(|| self.damaged(block, "the block holds fewer records than it counts"))?;
        Ok(bytes.slice_ref(rest))
    }

    fn damaged(&self, block: &IndexEntry, what: &str) -> LogError {
        damaged(block.first, format!("{} at byte {}: {what}", self.path.display(), block.at))
    }
}

/// Reads and checks all that is not a block.
fn index(file: &File, sequence: u64, first: u64) -> Result<(Vec<IndexEntry>, u64), String> {
    let text = |cause: std::io::Error| cause.to_string();
    let mut header = [0; FILE_HEADER_BYTES];
    file.read_exact_at(&mut header, 0).map_err(text)?;
    let header = FileHeader::decode(&header, Kind::Sealed)?;
    if (header.sequence, header.first) != (sequence, first) {
        return Err(format!("it is segment {} from position {}", header.sequence, header.first));
    }
    let end = file.metadata().map_err(text)?.len();
    let trailer_at = end.checked_sub(TRAILER_BYTES as u64).ok_or("the file is too short")?;
    let mut trailer = [0; TRAILER_BYTES];
    file.read_exact_at(&mut trailer, trailer_at).map_err(text)?;
    let trailer = Trailer::decode(&trailer).ok_or("the checksum of the trailer does not fit")?;
    let index_bytes = trailer.blocks.saturating_mul(INDEX_ENTRY_BYTES as u64);
    let index_at = trailer_at.checked_sub(index_bytes).ok_or("the file is too short for its index")?;
    let mut index = vec![0; usize::try_from(index_bytes).expect("smaller than the file, which fits")];
    file.read_exact_at(&mut index, index_at).map_err(text)?;
    if xxh3_64(&index) != trailer.index_checksum {
        return Err("the checksum of the index does not fit".into());
    }
    let entries = index.as_chunks::<INDEX_ENTRY_BYTES>().0;
    Ok((entries.iter().map(IndexEntry::decode).collect(), trailer.next))
}
