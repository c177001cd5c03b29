//! Sealing: a full raw segment becomes a compressed one a tenth of its size.
//!
//! The sealed file is written beside the raw one, read back and compared, made durable, and only then takes its
//! name; only after that the raw file is given back. So at every instant one of them is complete.

use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use plaudit_log::LogError;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};
use zstd::bulk::Compressor;

use crate::directory;
use crate::disk::Disk;
use crate::format::{FILE_HEADER_BYTES, FileHeader, IndexEntry, Kind, Trailer};
use crate::raw::{RawSegment, whole};
use crate::records::{self, damaged};
use crate::sealed::SealedSegment;
use crate::spares::refused;

/// Bytes of records in a block: the ratio hardly grows beyond, and a lookup decompresses one block.
const BLOCK_BYTES: usize = 128 << 10;
/// On these blocks level 3 takes twice the time for a few per cent.
const ZSTD_LEVEL: i32 = 1;

/// Seals `raw`, which gets no more records, unless `stop` is set meanwhile.
pub(crate) fn seal(disk: &dyn Disk, raw: &RawSegment, stop: &AtomicBool) -> Result<SealedSegment, LogError> {
    let dir = raw.path.parent().expect("segments are in the log's directory");
    let path = directory::sealed_path(dir, raw.sequence);
    let unfinished = directory::unfinished(&path);
    let sealed = write(disk, raw, &unfinished, stop).and_then(|checksum| {
        let sealed = SealedSegment::open(&unfinished, raw.sequence, raw.first)?;
        compare(&sealed, raw, checksum)?;
        fs::rename(&unfinished, &path)?;
        directory::sync(dir)?;
        Ok(SealedSegment { path, ..sealed })
    });
    if sealed.is_err() {
        // The raw segment still has everything.
        let _ = fs::remove_file(&unfinished);
    }
    sealed
}

/// Writes the sealed form durably to `path`. Returns the checksum of all records.
fn write(disk: &dyn Disk, raw: &RawSegment, path: &Path, stop: &AtomicBool) -> Result<u64, LogError> {
    let file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
    let (sequence, first) = (raw.sequence, raw.first);
    let header = FileHeader { kind: Kind::Sealed, sequence, first, salt: 0, capacity: 0 };
    disk.write_all_at(&file, &header.encode(), 0).map_err(refused)?;
    let mut writer = Writer {
        disk,
        file,
        at: FILE_HEADER_BYTES as u64,
        next: raw.first,
        compressor: Compressor::new(ZSTD_LEVEL)?,
        compressed: Vec::new(),
        block: Vec::with_capacity(BLOCK_BYTES),
        records: 0,
        index: Vec::new(),
        checksum: Xxh3Default::new(),
    };
    let mut frames = raw.frames();
    while let Some((header, payload)) = whole(&mut frames)? {
        if stop.load(Ordering::Relaxed) {
            return Err(LogError::Closed);
        }
        writer.add(header.first, payload)?;
    }
    let next = raw.end().1;
    if frames.position() != next {
        return Err(damaged(frames.position(), "frames are missing"));
    }
    writer.finish(next)
}

/// Reads the sealed file back.
fn compare(sealed: &SealedSegment, raw: &RawSegment, checksum: u64) -> Result<(), LogError> {
    let mut found = Xxh3Default::new();
    for number in 0..sealed.blocks.len() {
        found.update(&sealed.blocks(number, 1)?);
    }
    if found.digest() == checksum && sealed.next == raw.end().1 {
        return Ok(());
    }
    Err(damaged(raw.first, format!("{} is not what was sealed", sealed.path.display())))
}

/// A sealed file being written.
struct Writer<'a> {
    disk: &'a dyn Disk,
    file: File,
    at: u64,
    next: u64,
    compressor: Compressor<'static>,
    compressed: Vec<u8>,
    block: Vec<u8>,
    records: u32,
    index: Vec<IndexEntry>,
    checksum: Xxh3Default,
}

impl Writer<'_> {
    /// Adds the records of one frame.
    fn add(&mut self, first: u64, mut payload: &[u8]) -> Result<(), LogError> {
        self.checksum.update(payload);
        while !payload.is_empty() {
            let room = BLOCK_BYTES.saturating_sub(self.block.len());
            let (taken, count) = records::prefix(payload, room, self.block.is_empty());
            self.block.extend_from_slice(&payload[..taken]);
            self.records += u32::try_from(count).expect("records of one block");
            payload = &payload[taken..];
            if !payload.is_empty() {
                if self.records == 0 {
                    return Err(damaged(first, "the frame does not hold whole records"));
                }
                self.end_block()?;
            }
        }
        Ok(())
    }

    fn end_block(&mut self) -> Result<(), LogError> {
        if self.records == 0 {
            return Ok(());
        }
        self.compressed.clear();
        self.compressed.reserve(zstd::zstd_safe::compress_bound(self.block.len()));
        self.compressor.compress_to_buffer(&self.block, &mut self.compressed)?;
        self.disk.write_all_at(&self.file, &self.compressed, self.at).map_err(refused)?;
        self.index.push(IndexEntry {
            first: self.next,
            at: self.at,
            compressed: u32::try_from(self.compressed.len()).expect("blocks are far under 4 GiB"),
            bytes: u32::try_from(self.block.len()).expect("blocks are far under 4 GiB"),
            records: self.records,
            checksum: xxh3_64(&self.compressed),
        });
        self.at += self.compressed.len() as u64;
        self.next += u64::from(self.records);
        self.records = 0;
        self.block.clear();
        Ok(())
    }

    /// Writes index and trailer and makes the file durable.
    fn finish(mut self, next: u64) -> Result<u64, LogError> {
        self.end_block()?;
        if self.next != next {
            return Err(damaged(self.next, "frames count more records than they hold"));
        }
        let mut end: Vec<u8> = self.index.iter().flat_map(IndexEntry::encode).collect();
        let trailer = Trailer { blocks: self.index.len() as u64, next, index_checksum: xxh3_64(&end) };
        end.extend_from_slice(&trailer.encode());
        self.disk.write_all_at(&self.file, &end, self.at).map_err(refused)?;
        self.disk.sync(&self.file)?;
        Ok(self.checksum.digest())
    }
}
