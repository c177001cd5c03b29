//! The end of the active segment: what is whole, what is torn, and what is damage.
//!
//! A crash can leave any part of the last group on disk, in any order of its sectors. None of it was confirmed,
//! so from the first byte that is not a whole frame everything is cut off. Frames before that byte stay, also
//! those of the last group: whole, though perhaps never confirmed.
//!
//! The same bad byte in an earlier group is damage, and cutting there would lose confirmed records. Frames tell
//! the two apart: each says where its group starts, and its group was written only after all before it was
//! durable. So if any frame after the bad byte belongs to a group that starts after the bad byte, the log refuses
//! to open. What cannot be told apart is damage in the very last group after a crash; an orderly close writes one
//! more frame, so then even that is seen.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use plaudit_log::LogError;
use tracing::warn;

use crate::disk::Disk;
use crate::format::{FRAME_ALIGNMENT, FRAME_HEADER_BYTES, FRAMES_START, FileHeader, FrameHeader};
use crate::frames::{Frames, Step};
use crate::metrics::Metrics;
use crate::raw::Confirmed;
use crate::records::damaged;
use crate::spares::write_zeros;

/// Bytes read at once while looking for frames after a bad byte.
const SEARCH_BYTES: usize = 1 << 20;

/// The active segment as it was found.
pub(crate) struct Tail<'a> {
    pub(crate) path: &'a Path,
    pub(crate) file: &'a File,
    pub(crate) header: FileHeader,
}

/// What was written after the last whole frame.
#[derive(Default)]
struct Cut {
    frames: u64,
    records: u64,
    bytes: u64,
}

impl Tail<'_> {
    /// Finds the end, repairs what is behind it, and returns what is confirmed: durable again on return.
    pub(crate) fn recover(&self, disk: &dyn Disk, metrics: &Metrics) -> Result<Confirmed, LogError> {
        let keys = (self.header.sequence, self.header.salt);
        let mut frames =
            Frames::new(self.file, keys, (FRAMES_START, self.header.first), self.header.capacity);
        let (confirmed, last) = walk(&mut frames)?;
        let cut = self.cut(confirmed.end, confirmed.next)?;
        let orderly = last.is_some_and(|last| last.records == 0);
        if !orderly || cut.frames > 0 {
            let group_start = last.map_or(confirmed.end, |last| last.group_start.into());
            self.repair(disk, group_start, confirmed.end)?;
        }
        if cut.frames > 0 {
            metrics.cut_bytes.inc_by(cut.bytes);
            let Cut { frames, records, bytes } = cut;
            warn!(segment = %self.path.display(), log.position = confirmed.next, frames, records, bytes,
                "cut a torn group off the end of the log, it was never confirmed");
        }
        Ok(confirmed)
    }

    /// What is behind byte `end`; an error if any of it shows that `end` was durable once.
    fn cut(&self, end: u64, next: u64) -> Result<Cut, LogError> {
        let mut cut = Cut::default();
        let mut late = None;
        self.search(end, |header| {
            cut.frames += 1;
            cut.records += u64::from(header.records);
            cut.bytes += u64::from(header.payload_bytes);
            if u64::from(header.group_start) > end {
                late.get_or_insert(header.first);
            }
        })?;
        match late {
            None => Ok(cut),
            Some(late) => Err(damaged(
                next,
                format!(
                    "no whole frame at byte {end} of {}, but position {late} was written after it was durable",
                    self.path.display()
                ),
            )),
        }
    }

    /// Shows `found` every frame header of this segment from byte `from` on, wherever it stands.
    fn search(&self, from: u64, mut found: impl FnMut(FrameHeader)) -> io::Result<()> {
        let mut window = Vec::new();
        let mut at = from;
        while at + FRAME_HEADER_BYTES as u64 <= self.header.capacity {
            let left = usize::try_from(self.header.capacity - at).unwrap_or(usize::MAX);
            window.resize(left.min(SEARCH_BYTES + FRAME_HEADER_BYTES), 0);
            self.file.read_exact_at(&mut window, at)?;
            let starts = (0..SEARCH_BYTES).step_by(FRAME_ALIGNMENT);
            starts
                .map_while(|start| window.get(start..)?.first_chunk())
                .filter_map(|bytes| FrameHeader::decode(bytes, self.header.sequence, self.header.salt))
                .for_each(&mut found);
            at += SEARCH_BYTES as u64;
        }
        Ok(())
    }

    /// Writes the last group anew and zeros behind it.
    ///
    /// The group may have been in the page cache only when the process died, or have failed to reach the disk and
    /// look clean since; writing it anew and syncing settles that. Groups before it were durable when it was
    /// written. The zeros keep torn frames from being taken for later ones.
    fn repair(&self, disk: &dyn Disk, group_start: u64, end: u64) -> io::Result<()> {
        let mut window = Vec::new();
        let mut at = group_start;
        while at < end {
            window.resize(usize::try_from(end - at).unwrap_or(usize::MAX).min(SEARCH_BYTES), 0);
            self.file.read_exact_at(&mut window, at)?;
            disk.write_all_at(self.file, &window, at)?;
            at += window.len() as u64;
        }
        write_zeros(disk, self.file, end..self.header.capacity)?;
        disk.sync(self.file)
    }
}

/// Walks all frames up to the first place that is none. Returns what there is and the last frame.
pub(crate) fn walk(frames: &mut Frames<'_>) -> io::Result<(Confirmed, Option<FrameHeader>)> {
    let mut confirmed = Confirmed::new(frames.position());
    let mut last = None;
    loop {
        let at = frames.at();
        match frames.step()? {
            Step::Frame(header, _) => {
                confirmed.mark(header.first, at);
                last = Some(header);
            }
            Step::Fault(_) | Step::End => break,
        }
    }
    confirmed.end = frames.at();
    confirmed.next = frames.position();
    Ok((confirmed, last))
}
