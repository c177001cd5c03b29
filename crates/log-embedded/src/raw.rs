//! A raw segment: frames as the committer wrote them, readable up to what is confirmed.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use bytes::Bytes;
use parking_lot::RwLock;
use plaudit_log::{LogError, Records};

use crate::format::{FILE_HEADER_BYTES, FRAMES_START, FileHeader, FrameHeader, Kind};
use crate::frames::{Frames, Step, WINDOW_BYTES};
use crate::records::{self, damaged};

/// Bytes of frames between two marks: reading one record reads about this much, and a mark takes 16 bytes of memory.
const MARK_STRIDE_BYTES: u64 = 16 << 10;

/// One raw segment file.
pub(crate) struct RawSegment {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    pub(crate) sequence: u64,
    pub(crate) salt: u64,
    pub(crate) first: u64,
    pub(crate) capacity: u64,
    confirmed: RwLock<Confirmed>,
}

/// Up to where a raw segment is durable, and where in it which record is.
#[derive(Clone, Debug)]
pub(crate) struct Confirmed {
    /// Byte after the last confirmed frame.
    pub(crate) end: u64,
    /// Position after the last confirmed record.
    pub(crate) next: u64,
    marks: Vec<Mark>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    position: u64,
    offset: u64,
}

impl Confirmed {
    /// Nothing yet, in a segment that starts with position `first`.
    pub(crate) fn new(first: u64) -> Self {
        Self { end: FRAMES_START, next: first, marks: Vec::new() }
    }

    /// Takes in a frame that starts at `offset` with `position`.
    pub(crate) fn mark(&mut self, position: u64, offset: u64) {
        if self.marks.last().is_none_or(|last| offset >= last.offset + MARK_STRIDE_BYTES) {
            self.marks.push(Mark { position, offset });
        }
    }

    /// The last mark at or before `position`.
    fn before(&self, position: u64) -> Option<Mark> {
        let after = self.marks.partition_point(|mark| mark.position <= position);
        self.marks.get(after.checked_sub(1)?).copied()
    }
}

impl RawSegment {
    /// The segment in `file`, whose durable header is `header`.
    pub(crate) fn new(path: PathBuf, file: File, header: FileHeader, confirmed: Confirmed) -> Self {
        let FileHeader { sequence, salt, first, capacity, .. } = header;
        Self { path, file, sequence, salt, first, capacity, confirmed: RwLock::new(confirmed) }
    }

    /// The header of a raw file that has its size.
    pub(crate) fn header(file: &File) -> Result<FileHeader, String> {
        let mut bytes = [0; FILE_HEADER_BYTES];
        file.read_exact_at(&mut bytes, 0).map_err(|cause| cause.to_string())?;
        let header = FileHeader::decode(&bytes, Kind::Raw)?;
        let found = file.metadata().map_err(|cause| cause.to_string())?.len();
        if found < header.capacity {
            return Err(format!("the file has {found} of its {} bytes", header.capacity));
        }
        Ok(header)
    }

    /// Lets readers see what `change` adds.
    pub(crate) fn confirm(&self, change: impl FnOnce(&mut Confirmed)) {
        change(&mut self.confirmed.write());
    }

    /// Byte and position after what is confirmed.
    pub(crate) fn end(&self) -> (u64, u64) {
        let confirmed = self.confirmed.read();
        (confirmed.end, confirmed.next)
    }

    /// All confirmed frames.
    pub(crate) fn frames(&self) -> Frames<'_> {
        let start = (FRAMES_START, self.first);
        Frames::new(&self.file, (self.sequence, self.salt), start, self.end().0)
    }

    /// Confirmed records from `from` on: at most `bytes_max` bytes, but at least one.
    pub(crate) fn read(&self, from: u64, bytes_max: usize) -> Result<Records, LogError> {
        let mut next = from;
        let mut frames = self.frames_from(from, bytes_max);
        let mut bytes = Vec::with_capacity(frames.left().min(bytes_max));
        while let Some((header, payload)) = whole(&mut frames)? {
            if header.next() <= from {
                continue;
            }
            let rest = records::skip(payload, next - header.first)
                .ok_or_else(|| damaged(header.first, "the frame holds fewer records than it counts"))?;
            let room = bytes_max.saturating_sub(bytes.len());
            let (taken, count) = records::prefix(rest, room, bytes.is_empty());
            bytes.extend_from_slice(&rest[..taken]);
            next += count;
            if taken < rest.len() {
                break;
            }
        }
        Ok(records::dense(bytes.into(), from, next))
    }

    /// The records of the frame that holds `position`, and the position of the first of them.
    pub(crate) fn around(&self, position: u64) -> Result<(u64, Bytes), LogError> {
        let mut frames = self.frames_from(position, 0);
        while let Some((header, payload)) = whole(&mut frames)? {
            if header.next() > position {
                return Ok((header.first, Bytes::copy_from_slice(payload)));
            }
        }
        Err(damaged(position, "no frame holds the record"))
    }

    fn frames_from(&self, position: u64, bytes_max: usize) -> Frames<'_> {
        let confirmed = self.confirmed.read();
        let start = confirmed.before(position).map_or((FRAMES_START, self.first), |m| (m.offset, m.position));
        let window = (bytes_max + bytes_max / 16).clamp(2 * MARK_STRIDE_BYTES as usize, WINDOW_BYTES);
        Frames::new(&self.file, (self.sequence, self.salt), start, confirmed.end).with_window(window)
    }
}

/// The next frame of a confirmed part, in which nothing but frames may be.
pub(crate) fn whole<'a>(frames: &'a mut Frames<'_>) -> Result<Option<(FrameHeader, &'a [u8])>, LogError> {
    let position = frames.position();
    match frames.step()? {
        Step::Frame(header, payload) => Ok(Some((header, payload))),
        Step::Fault(what) => Err(damaged(position, what)),
        Step::End => Ok(None),
    }
}
