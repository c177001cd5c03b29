//! Writes a run.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use super::entry::{Entry, Hash};
use super::filter::Filter;
use super::run::{BLOCK_HEADER_BYTES, Block, MAGIC, PAGE_BYTES, Trailer};

/// Bytes that are handed to the file system at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// A run in the making. Entries come in the order of their hash and, where these are equal, of their keys.
pub(crate) struct RunWriter {
    file: BufWriter<File>,
    block: Vec<u8>,
    blocks: Vec<Block>,
    filter: Filter,
    pages: u32,
    entries: u64,
}

/// What a finished run needs to be read.
pub(crate) struct Written {
    pub(crate) file: File,
    pub(crate) blocks: Vec<Block>,
    pub(crate) filter: Filter,
    pub(crate) trailer: Trailer,
}

impl RunWriter {
    /// Begins a run of at most so many entries in a new file.
    pub(crate) fn create(path: &Path, entries_max: usize) -> std::io::Result<Self> {
        let file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
        Ok(Self {
            file: BufWriter::with_capacity(BUFFER_BYTES, file),
            block: Vec::with_capacity(PAGE_BYTES),
            blocks: Vec::new(),
            filter: Filter::for_keys(entries_max),
            pages: 0,
            entries: 0,
        })
    }

    pub(crate) fn push(&mut self, hash: Hash, entry: Entry<'_>) -> std::io::Result<()> {
        let before = self.block.len();
        if before == 0 {
            self.begin_block(hash);
        }
        entry.put(&mut self.block);
        if self.block.len() > PAGE_BYTES && before > BLOCK_HEADER_BYTES {
            let moved = self.block.split_off(before);
            self.end_block()?;
            self.begin_block(hash);
            self.block.extend_from_slice(&moved);
        }
        self.filter.add(hash);
        self.entries += 1;
        Ok(())
    }

    /// How many entries there are.
    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    /// Makes the run durable, its name in the directory too.
    pub(crate) fn finish(mut self, dir: &Path) -> std::io::Result<Written> {
        if !self.block.is_empty() {
            self.end_block()?;
        }
        let mut checksum = Xxh3Default::new();
        let file = &mut self.file;
        let mut put = |bytes: &[u8]| {
            checksum.update(bytes);
            file.write_all(bytes)
        };
        self.filter.bytes().try_for_each(|word| put(&word))?;
        self.blocks.iter().try_for_each(|block| put(&block.to_bytes()))?;
        let trailer = Trailer {
            pages: self.pages,
            blocks: u32::try_from(self.blocks.len()).expect("a block has a page at least"),
            filter_bytes: self.filter.len_bytes() as u64,
            entries: self.entries,
        };
        put(&trailer.to_bytes())?;
        put(&MAGIC)?;
        let checksum = checksum.digest();
        self.file.write_all(&checksum.to_le_bytes())?;
        let file = self.file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.sync_all()?;
        File::open(dir)?.sync_all()?;
        Ok(Written { file, blocks: self.blocks, filter: self.filter, trailer })
    }

    fn begin_block(&mut self, hash: Hash) {
        self.blocks.push(Block { first: (hash.order >> 32) as u32, page: self.pages });
        self.block.clear();
        self.block.resize(BLOCK_HEADER_BYTES, 0);
    }

    fn end_block(&mut self) -> std::io::Result<()> {
        let content = &self.block[BLOCK_HEADER_BYTES..];
        let len = u32::try_from(content.len()).map_err(|_| std::io::Error::other("a block of 4 GB"))?;
        let checksum = xxh3_64(content) as u32;
        self.block[..4].copy_from_slice(&len.to_le_bytes());
        self.block[4..8].copy_from_slice(&checksum.to_le_bytes());
        let pages = self.block.len().div_ceil(PAGE_BYTES);
        self.block.resize(pages * PAGE_BYTES, 0);
        self.file.write_all(&self.block)?;
        self.pages =
            self.pages.checked_add(pages as u32).ok_or_else(|| std::io::Error::other("a run of 16 TB"))?;
        self.block.clear();
        Ok(())
    }
}
