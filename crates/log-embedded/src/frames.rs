//! Walks the frames of a raw segment and checks every byte on the way.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::format::{FRAME_HEADER_BYTES, FrameHeader, payload_checksum};

/// How much is read from the file at once: large enough that system calls do not count, small enough to keep many.
pub(crate) const WINDOW_BYTES: usize = 256 << 10;

/// What is at the place that was reached.
pub(crate) enum Step<'a> {
    /// A whole frame with its records.
    Frame(FrameHeader, &'a [u8]),
    /// Something else, and why it is no frame.
    Fault(&'static str),
    /// Not even room for a header.
    End,
}

/// A place in a raw segment.
pub(crate) struct Frames<'a> {
    file: &'a File,
    sequence: u64,
    salt: u64,
    at: u64,
    end: u64,
    next: u64,
    window: Vec<u8>,
    window_at: u64,
    window_bytes: usize,
}

impl<'a> Frames<'a> {
    /// Starts at byte `at`, where the frame of position `next` is expected, and goes to byte `end`.
    pub(crate) fn new(
        file: &'a File,
        (sequence, salt): (u64, u64),
        (at, next): (u64, u64),
        end: u64,
    ) -> Self {
        let window = Vec::new();
        Self { file, sequence, salt, at, end, next, window, window_at: at, window_bytes: WINDOW_BYTES }
    }

    /// Reads this much at once.
    pub(crate) fn with_window(mut self, bytes: usize) -> Self {
        self.window_bytes = bytes;
        self
    }

    /// Where the next frame starts.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// How many bytes are left, headers included.
    pub(crate) fn left(&self) -> usize {
        usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX)
    }

    /// The position that the next frame must have.
    pub(crate) fn position(&self) -> u64 {
        self.next
    }

    /// Looks at the next frame and moves behind it if it is whole.
    pub(crate) fn step(&mut self) -> io::Result<Step<'_>> {
        if !self.fill(FRAME_HEADER_BYTES)? {
            return Ok(Step::End);
        }
        let start = self.offset();
        let bytes = self.window[start..].first_chunk().expect("just filled");
        let Some(header) = FrameHeader::decode(bytes, self.sequence, self.salt) else {
            return Ok(Step::Fault("there is no frame header"));
        };
        if header.first != self.next {
            return Ok(Step::Fault("the frame has another position"));
        }
        if !self.fill(FRAME_HEADER_BYTES + header.payload_bytes as usize)? {
            return Ok(Step::Fault("the frame is longer than the segment"));
        }
        let start = self.offset() + FRAME_HEADER_BYTES;
        let payload = &self.window[start..start + header.payload_bytes as usize];
        if payload_checksum(payload, self.salt) != header.payload_checksum {
            return Ok(Step::Fault("the checksum does not fit the records"));
        }
        self.at += header.frame_bytes() as u64;
        self.next = header.next();
        Ok(Step::Frame(header, payload))
    }

    fn offset(&self) -> usize {
        usize::try_from(self.at - self.window_at).expect("inside the window")
    }

    /// Has the window hold `bytes` from here on; false when the file's part ends before.
    fn fill(&mut self, bytes: usize) -> io::Result<bool> {
        if self.at >= self.window_at && self.at + bytes as u64 <= self.window_at + self.window.len() as u64 {
            return Ok(true);
        }
        let left = self.left();
        if bytes > left {
            return Ok(false);
        }
        self.window.resize(bytes.max(self.window_bytes).min(left), 0);
        self.window_at = self.at;
        self.file.read_exact_at(&mut self.window, self.at)?;
        Ok(true)
    }
}
