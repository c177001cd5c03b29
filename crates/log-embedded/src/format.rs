//! Bytes on disk, version 1. Released bytes stay readable for ever.
//!
//! All numbers are little endian. Checksums are xxh3-64. Every file starts with a file header of 56 bytes:
//!
//! ```text
//!  0  magic "PLAUDLOG"
//!  8  u32 format version: 1
//! 12  u32 kind: 1 raw, 2 sealed
//! 16  u64 sequence: number of the segment in the log, from 0, without gaps
//! 24  u64 position of the first record
//! 32  u64 salt: seed of this file's frame checksums, drawn anew whenever a file is taken into use (sealed: 0)
//! 40  u64 size of the file (sealed: 0)
//! 48  u64 checksum of bytes 0 to 48
//! ```
//!
//! A raw segment `<sequence>.raw` has frames from byte 4096 on, one after the other, each padded with zeros to a
//! multiple of 8. One frame is one batch, so a batch is there whole or not at all. A frame is 48 bytes of header
//! and the records, encoded as in `plaudit_log::Batch`:
//!
//! ```text
//!  0  magic "PLF1"
//!  4  u32 bytes of the records
//!  8  u64 sequence of the segment
//! 16  u64 position of the first record
//! 24  u32 number of records; 0 for the frame that marks an orderly end
//! 28  u32 where this frame's group starts in the file: all bytes before it were durable when the frame was written
//! 32  u64 checksum of the records, seeded with the salt
//! 40  u64 checksum of bytes 0 to 40, seeded with the salt
//! ```
//!
//! What a recycled file held before never looks like a frame: its checksums had another salt.
//!
//! A sealed segment `<sequence>.sealed` has blocks from byte 56 on, each one zstd frame of whole records; then
//! an index entry of 40 bytes per block, and a trailer of 40 bytes:
//!
//! ```text
//! index entry                                   trailer
//!  0  u64 position of the first record           0  u64 number of blocks
//!  8  u64 where the block starts in the file     8  u64 position after the last record
//! 16  u32 bytes compressed                      16  u64 checksum of the index
//! 20  u32 bytes of records                      24  magic "PLAUDEND"
//! 24  u32 number of records                     32  u64 checksum of bytes 0 to 32 of the trailer
//! 28  u32 zero
//! 32  u64 checksum of the compressed bytes
//! ```

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// The only format version so far.
pub(crate) const VERSION: u32 = 1;
/// Size of a file header.
pub(crate) const FILE_HEADER_BYTES: usize = 56;
/// Where frames start in a raw segment: the header has a disk block of its own, so no later write can tear it.
pub(crate) const FRAMES_START: u64 = 4096;
/// Size of a frame header.
pub(crate) const FRAME_HEADER_BYTES: usize = 48;
/// Frames start at multiples of this, so that looking for one after damage is quick.
pub(crate) const FRAME_ALIGNMENT: usize = 8;

pub(crate) const FRAME_MAGIC: [u8; 4] = *b"PLF1";
/// Size of one index entry of a sealed segment.
pub(crate) const INDEX_ENTRY_BYTES: usize = 40;
/// Size of the trailer of a sealed segment.
pub(crate) const TRAILER_BYTES: usize = 40;

const FILE_MAGIC: [u8; 8] = *b"PLAUDLOG";
const TRAILER_MAGIC: [u8; 8] = *b"PLAUDEND";

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Frames as they were written.
    Raw = 1,
    /// Compressed blocks.
    Sealed = 2,
}

/// The first bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileHeader {
    pub(crate) kind: Kind,
    pub(crate) sequence: u64,
    pub(crate) first: u64,
    pub(crate) salt: u64,
    pub(crate) capacity: u64,
}

impl FileHeader {
    pub(crate) fn encode(&self) -> [u8; FILE_HEADER_BYTES] {
        let mut bytes = [0; FILE_HEADER_BYTES];
        bytes[0..8].copy_from_slice(&FILE_MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&(self.kind as u32).to_le_bytes());
        bytes[16..24].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.first.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.salt.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.capacity.to_le_bytes());
        let checksum = xxh3_64(&bytes[..48]);
        bytes[48..56].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; FILE_HEADER_BYTES], kind: Kind) -> Result<Self, String> {
        if bytes[0..8] != FILE_MAGIC {
            return Err("the file does not start with PLAUDLOG".into());
        }
        let version = u32_at(bytes, 8);
        if version != VERSION {
            return Err(format!("format version {version} is not known; this release reads {VERSION}"));
        }
        if u64_at(bytes, 48) != xxh3_64(&bytes[..48]) {
            return Err("the checksum of the file header does not fit".into());
        }
        if u32_at(bytes, 12) != kind as u32 {
            return Err("the file header names another kind of segment".into());
        }
        Ok(Self {
            kind,
            sequence: u64_at(bytes, 16),
            first: u64_at(bytes, 24),
            salt: u64_at(bytes, 32),
            capacity: u64_at(bytes, 40),
        })
    }
}

/// What stands before the records of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) payload_bytes: u32,
    pub(crate) sequence: u64,
    pub(crate) first: u64,
    pub(crate) records: u32,
    pub(crate) group_start: u32,
    pub(crate) payload_checksum: u64,
}

impl FrameHeader {
    pub(crate) fn encode(&self, salt: u64) -> [u8; FRAME_HEADER_BYTES] {
        let mut bytes = [0; FRAME_HEADER_BYTES];
        bytes[0..4].copy_from_slice(&FRAME_MAGIC);
        bytes[4..8].copy_from_slice(&self.payload_bytes.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.records.to_le_bytes());
        bytes[28..32].copy_from_slice(&self.group_start.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.payload_checksum.to_le_bytes());
        let checksum = xxh3_64_with_seed(&bytes[..40], salt);
        bytes[40..48].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// The header, if these bytes are one of this segment.
    pub(crate) fn decode(bytes: &[u8; FRAME_HEADER_BYTES], sequence: u64, salt: u64) -> Option<Self> {
        let known = bytes[0..4] == FRAME_MAGIC
            && u64_at(bytes, 8) == sequence
            && u64_at(bytes, 40) == xxh3_64_with_seed(&bytes[..40], salt);
        known.then(|| Self {
            payload_bytes: u32_at(bytes, 4),
            sequence,
            first: u64_at(bytes, 16),
            records: u32_at(bytes, 24),
            group_start: u32_at(bytes, 28),
            payload_checksum: u64_at(bytes, 32),
        })
    }

    /// The position after the frame's last record.
    pub(crate) fn next(&self) -> u64 {
        self.first + u64::from(self.records)
    }

    /// Bytes from the start of this frame to the start of the next.
    pub(crate) fn frame_bytes(&self) -> usize {
        frame_bytes(self.payload_bytes as usize)
    }
}

/// Where a block of a sealed segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IndexEntry {
    pub(crate) first: u64,
    pub(crate) at: u64,
    pub(crate) compressed: u32,
    pub(crate) bytes: u32,
    pub(crate) records: u32,
    pub(crate) checksum: u64,
}

impl IndexEntry {
    pub(crate) fn encode(&self) -> [u8; INDEX_ENTRY_BYTES] {
        let mut bytes = [0; INDEX_ENTRY_BYTES];
        bytes[0..8].copy_from_slice(&self.first.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.at.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.compressed.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.bytes.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.records.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.checksum.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; INDEX_ENTRY_BYTES]) -> Self {
        Self {
            first: u64_at(bytes, 0),
            at: u64_at(bytes, 8),
            compressed: u32_at(bytes, 16),
            bytes: u32_at(bytes, 20),
            records: u32_at(bytes, 24),
            checksum: u64_at(bytes, 32),
        }
    }
}

/// The last bytes of a sealed segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trailer {
    pub(crate) blocks: u64,
    pub(crate) next: u64,
    pub(crate) index_checksum: u64,
}

impl Trailer {
    pub(crate) fn encode(&self) -> [u8; TRAILER_BYTES] {
        let mut bytes = [0; TRAILER_BYTES];
        bytes[0..8].copy_from_slice(&self.blocks.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.next.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.index_checksum.to_le_bytes());
        bytes[24..32].copy_from_slice(&TRAILER_MAGIC);
        let checksum = xxh3_64(&bytes[..32]);
        bytes[32..40].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; TRAILER_BYTES]) -> Option<Self> {
        let known = bytes[24..32] == TRAILER_MAGIC && u64_at(bytes, 32) == xxh3_64(&bytes[..32]);
        known.then(|| Self {
            blocks: u64_at(bytes, 0),
            next: u64_at(bytes, 8),
            index_checksum: u64_at(bytes, 16),
        })
    }
}

/// Size of a frame with that many bytes of records.
pub(crate) fn frame_bytes(payload_bytes: usize) -> usize {
    (FRAME_HEADER_BYTES + payload_bytes).next_multiple_of(FRAME_ALIGNMENT)
}

/// Checksum of a frame's records.
pub(crate) fn payload_checksum(payload: &[u8], salt: u64) -> u64 {
    xxh3_64_with_seed(payload, salt)
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(*bytes[at..].first_chunk().expect("callers stay inside fixed layouts"))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(*bytes[at..].first_chunk().expect("callers stay inside fixed layouts"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_survive_encoding() {
        let file = FileHeader { kind: Kind::Raw, sequence: 3, first: 77, salt: 5, capacity: 1 << 40 };
        assert_eq!(FileHeader::decode(&file.encode(), Kind::Raw), Ok(file));
        let frame = FrameHeader {
            payload_bytes: 9,
            sequence: 3,
            first: 80,
            records: 2,
            group_start: 4096,
            payload_checksum: 1,
        };
        assert_eq!(FrameHeader::decode(&frame.encode(5), 3, 5), Some(frame));
    }

    #[test]
    fn a_frame_of_another_use_of_the_file_is_none() {
        let frame = FrameHeader {
            payload_bytes: 9,
            sequence: 3,
            first: 80,
            records: 2,
            group_start: 4096,
            payload_checksum: 1,
        };
        assert_eq!(FrameHeader::decode(&frame.encode(5), 3, 6), None);
        assert_eq!(FrameHeader::decode(&frame.encode(5), 4, 5), None);
    }

    #[test]
    fn another_version_is_named() {
        let mut bytes =
            FileHeader { kind: Kind::Sealed, sequence: 0, first: 0, salt: 0, capacity: 0 }.encode();
        bytes[8] = 2;
        assert_eq!(
            FileHeader::decode(&bytes, Kind::Sealed),
            Err("format version 2 is not known; this release reads 1".into())
        );
    }
}
