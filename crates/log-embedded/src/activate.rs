//! How a spare becomes the active segment.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io;

use crate::directory;
use crate::disk::Disk;
use crate::format::{FRAMES_START, FileHeader, Kind};
use crate::raw::{Confirmed, RawSegment};
use crate::spares::Spare;

/// Size of the first segment: small, so that a first start is quick and a small log is small. Every two segments
/// the size doubles, up to the configured one: a spare is made while a segment of its size or half of it fills.
const FIRST_SEGMENT_BYTES: u64 = 8 << 20;

/// Size of segment `sequence` in a log with segments of `bytes_max`.
pub(crate) fn segment_bytes(sequence: u64, bytes_max: u64) -> u64 {
    let doublings = u32::try_from((sequence / 2).min(16)).expect("at most 16");
    (FIRST_SEGMENT_BYTES << doublings).min(bytes_max)
}

/// Why there is no new segment.
pub(crate) enum Activation {
    /// The directory is as before; it can be tried again.
    NotBegun(io::Error),
    /// A file of the new segment's name may or may not be there after a crash. Nothing more may be written to the
    /// segment before it, which must end where the new one starts.
    Unclear(io::Error),
}

/// Makes `spare` the segment that starts with position `first`, durably.
pub(crate) fn activate(
    disk: &dyn Disk,
    spare: Spare,
    sequence: u64,
    first: u64,
) -> Result<RawSegment, Activation> {
    // Entropy from the standard library's hasher keys is enough: the salt tells uses of a file apart and keeps
    // clients from composing a body that looks like a frame.
    let salt = RandomState::new().hash_one(sequence);
    let header = FileHeader { kind: Kind::Raw, sequence, first, salt, capacity: spare.bytes };
    let dir = spare.path.parent().expect("spares are in the log's directory").to_owned();
    let path = directory::raw_path(&dir, sequence);
    begin(disk, &spare, &header).map_err(|cause| {
        let _ = fs::remove_file(&spare.path);
        Activation::NotBegun(cause)
    })?;
    fs::rename(&spare.path, &path).and_then(|()| directory::sync(&dir)).map_err(Activation::Unclear)?;
    Ok(RawSegment::new(path, spare.file, header, Confirmed::new(first)))
}

fn begin(disk: &dyn Disk, spare: &Spare, header: &FileHeader) -> io::Result<()> {
    let mut block = header.encode().to_vec();
    block.resize(usize::try_from(FRAMES_START).expect("a small constant"), 0);
    disk.write_all_at(&spare.file, &block, 0)?;
    disk.sync(&spare.file)
}
