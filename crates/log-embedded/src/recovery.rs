//! From the files of the last run to a log that takes appends.
//!
//! A crash leaves either of two forms of a segment, or both: the raw one is dropped if the sealed one can be opened. Segments are numbered without gaps and each starts where the one before ends; anything else means
//! that files are missing or damaged, and the log does not open.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use plaudit_log::LogError;
use tracing::warn;

use crate::activate::{Activation, activate, segment_bytes};
use crate::directory::{self, Listing};
use crate::disk::Disk;
use crate::format::{FRAMES_START, FileHeader};
use crate::frames::Frames;
use crate::metrics::Metrics;
use crate::raw::{Confirmed, RawSegment};
use crate::records::damaged;
use crate::sealed::SealedSegment;
use crate::segments::Segment;
use crate::spares::{self, Spares, refused};
use crate::tail::{Tail, walk};

/// A log as it was found.
pub(crate) struct Recovered {
    pub(crate) segments: Vec<Segment>,
    pub(crate) active: Arc<RawSegment>,
}

/// What recovery works with.
pub(crate) struct Recovery<'a> {
    pub(crate) dir: &'a Path,
    pub(crate) disk: &'a dyn Disk,
    pub(crate) metrics: &'a Metrics,
    pub(crate) spares: &'a Spares,
    pub(crate) segment_bytes: u64,
}

impl Recovery<'_> {
    /// Cleans up, checks, and repairs the end; makes the first segment of a new log.
    pub(crate) fn run(&self) -> Result<Recovered, LogError> {
        let listing = self.clean()?;
        let sequences: BTreeSet<u64> = listing.raw.iter().chain(&listing.sealed).copied().collect();
        let Some(last) = sequences.last() else { return self.first() };
        let mut segments = Vec::new();
        let mut next = 0;
        for sequence in 0..*last {
            let (segment, after) = self.earlier(sequence, next, &listing)?;
            segments.push(segment);
            next = after;
        }
        let active = Arc::new(self.active(*last, next)?);
        segments.push(Segment::Raw(Arc::clone(&active)));
        Ok(Recovered { segments, active })
    }

    /// Drops what is unfinished, and takes over spares.
    fn clean(&self) -> Result<Listing, LogError> {
        let listing = directory::list(self.dir)?;
        for path in &listing.unfinished {
            fs::remove_file(path)?;
        }
        self.spares.number_from(listing.spare.last().map_or(0, |last| last + 1));
        for number in &listing.spare {
            self.spares.offer(&directory::spare_path(self.dir, *number))?;
        }
        Ok(listing)
    }

    fn first(&self) -> Result<Recovered, LogError> {
        let path = directory::spare_path(self.dir, 0);
        let spare = spares::make(self.disk, &path, segment_bytes(0, self.segment_bytes)).map_err(refused)?;
        let active = match activate(self.disk, spare, 0, 0) {
            Ok(active) => Arc::new(active),
            Err(Activation::NotBegun(cause) | Activation::Unclear(cause)) => return Err(refused(cause)),
        };
        Ok(Recovered { segments: vec![Segment::Raw(Arc::clone(&active))], active })
    }

    /// A segment before the active one, and the position after it.
    fn earlier(&self, sequence: u64, first: u64, listing: &Listing) -> Result<(Segment, u64), LogError> {
        let raw = listing.raw.binary_search(&sequence).is_ok();
        if listing.sealed.binary_search(&sequence).is_ok() {
            let path = directory::sealed_path(self.dir, sequence);
            match SealedSegment::open(&path, sequence, first) {
                Ok(sealed) => {
                    if raw {
                        fs::remove_file(directory::raw_path(self.dir, sequence))?;
                    }
                    let next = sealed.next;
                    return Ok((Segment::Sealed(Arc::new(sealed)), next));
                }
                Err(cause) if raw => warn!(error = %cause, "a segment is sealed again"),
                Err(cause) => return Err(cause),
            }
        }
        let (file, header) = self.open_raw(sequence, first)?;
        let path = directory::raw_path(self.dir, sequence);
        let keys = (sequence, header.salt);
        let mut frames = Frames::new(&file, keys, (FRAMES_START, first), header.capacity);
        // If it is not whole, the next segment starts with another position than this one ends with.
        let (confirmed, _) = walk(&mut frames)?;
        let next = confirmed.next;
        Ok((Segment::Raw(Arc::new(RawSegment::new(path, file, header, confirmed))), next))
    }

    fn active(&self, sequence: u64, first: u64) -> Result<RawSegment, LogError> {
        let (file, header) = self.open_raw(sequence, first)?;
        let path = directory::raw_path(self.dir, sequence);
        let tail = Tail { path: &path, file: &file, header };
        let confirmed: Confirmed = tail.recover(self.disk, self.metrics)?;
        Ok(RawSegment::new(path, file, header, confirmed))
    }

    /// Opens the raw segment and checks that it starts with position `first`.
    fn open_raw(&self, sequence: u64, first: u64) -> Result<(File, FileHeader), LogError> {
        let path = directory::raw_path(self.dir, sequence);
        let file = File::options()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|cause| damaged(first, format!("{}: {cause}", path.display())))?;
        let header = RawSegment::header(&file)
            .map_err(|what| damaged(first, format!("{}: {what}", path.display())))?;
        if (header.sequence, header.first) != (sequence, first) {
            return Err(damaged(first, format!("{} starts with position {}", path.display(), header.first)));
        }
        Ok((file, header))
    }
}
