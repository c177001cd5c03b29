//! What `plaudit log inspect` shows: the segments, and whether every byte is what was written.

use plaudit_log::{LogError, Position, RecordRef};

use crate::format::FRAMES_START;
use crate::raw::whole;
use crate::records::damaged;
use crate::segments::Segment;

/// The log's segments, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct LogDescription {
    /// The position that the next record gets.
    pub head: Position,
    /// Every segment.
    pub segments: Vec<SegmentDescription>,
}

/// One segment.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentDescription {
    /// Name of the file in the log's directory.
    pub file: String,
    /// Position of the first record.
    pub first: Position,
    /// Position after the last record.
    pub next: Position,
    /// Size of the file.
    pub bytes: u64,
    /// Whether it is compressed and final.
    pub sealed: bool,
    /// Bytes of records for each byte on disk; 1 or less while raw.
    pub ratio: f64,
}

/// What [`EmbeddedLog::verify`](crate::EmbeddedLog::verify) found.
#[derive(Debug, Default)]
pub struct Verification {
    /// Whole records.
    pub records: u64,
    /// Bytes of whole records.
    pub bytes: u64,
    /// What is not what was written: each damaged block, and the first damage of each raw segment.
    pub damaged: Vec<LogError>,
}

/// How far verifying has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Segments that are done.
    pub segments: usize,
    /// Segments in all.
    pub segments_total: usize,
}

/// Describes `segment`.
pub(crate) fn describe(segment: &Segment) -> SegmentDescription {
    let (path, first, next, bytes, content) = match segment {
        Segment::Raw(raw) => {
            let (end, next) = raw.end();
            (&raw.path, raw.first, next, raw.capacity, end - FRAMES_START)
        }
        Segment::Sealed(sealed) => {
            let content = sealed.blocks.iter().map(|block| u64::from(block.bytes)).sum();
            // A file that cannot be asked for its size shows in `verify`.
            let bytes = sealed.file.metadata().map_or(0, |metadata| metadata.len());
            (&sealed.path, sealed.first, sealed.next, bytes, content)
        }
    };
    SegmentDescription {
        file: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        first: Position(first),
        next: Position(next),
        bytes,
        sealed: matches!(segment, Segment::Sealed(_)),
        ratio: content as f64 / bytes.max(1) as f64,
    }
}

/// Reads all of `segment` and checks it.
pub(crate) fn verify(segment: &Segment, found: &mut Verification) {
    match segment {
        Segment::Raw(raw) => {
            let mut frames = raw.frames();
            let damage = loop {
                match whole(&mut frames) {
                    Ok(Some((header, payload))) => {
                        check(found, payload, header.first, header.records.into());
                    }
                    Ok(None) => break None,
                    Err(cause) => break Some(cause),
                }
            };
            let (position, next) = (frames.position(), raw.end().1);
            let missing =
                || (position != next).then(|| damaged(position, format!("frames end before {next}")));
            found.damaged.extend(damage.or_else(missing));
        }
        Segment::Sealed(sealed) => {
            for number in 0..sealed.blocks.len() {
                let first = sealed.first_of(number);
                match sealed.blocks(number, 1) {
                    Ok(block) => check(found, &block, first, sealed.first_of(number + 1) - first),
                    Err(cause) => found.damaged.push(cause),
                }
            }
        }
    }
}

/// Checks that `bytes` are `count` whole records.
fn check(found: &mut Verification, bytes: &[u8], first: u64, count: u64) {
    let mut rest = bytes;
    let mut records = 0;
    while let Some((_, after)) = RecordRef::parse(rest) {
        rest = after;
        records += 1;
    }
    if !rest.is_empty() || records != count {
        found.damaged.push(damaged(first, format!("{records} whole records instead of {count}")));
    }
    found.records += records;
    found.bytes += (bytes.len() - rest.len()) as u64;
}
