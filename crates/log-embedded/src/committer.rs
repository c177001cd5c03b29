//! The committer: one thread that writes whatever waits and makes it durable with one fdatasync.
//!
//! While an fdatasync runs the next group collects in the queue, so groups grow with load and with the slowness
//! of the disk, and a lone append never waits for company.
//!
//! # When the disk fails
//! * No room for the next segment: the append gets `Full`, and so do later ones until a spare can be made.
//! * A write fails: the whole group is refused and what was written of it is zeroed, so that nothing of it shows
//!   up later. If zeroing fails too, the log takes no more appends.
//! * An fdatasync fails: the kernel may have dropped the pages and a second fdatasync would wrongly succeed. The
//!   group is `Unconfirmed` and the log takes no more appends until it is opened again, which reads and rewrites
//!   the end of the segment.

use std::io;
use std::mem;
use std::sync::Arc;
use std::time::Instant;

use plaudit_log::{Appended, LogError, Position};
use tokio::sync::oneshot;
use tracing::error;

use crate::activate::{Activation, activate};
use crate::disk::Disk;
use crate::format::{FRAME_HEADER_BYTES, FrameHeader, frame_bytes, payload_checksum};
use crate::metrics::Metrics;
use crate::queue::{Queue, Waiting};
use crate::raw::RawSegment;
use crate::records::PARTITION;
use crate::sealer::Sealer;
use crate::segments::{Segment, Segments};
use crate::spares::{Spares, refused};

/// The buffer is written when it has grown past this: large writes cost no more per byte, and it stays in cache.
const WRITE_BYTES: usize = 1 << 20;
/// The buffer gives memory back past this: a single large batch must not keep its size for ever.
const BUFFER_BYTES_KEPT: usize = 4 << 20;

/// What the committer works with.
pub(crate) struct Committer {
    pub(crate) queue: Arc<Queue>,
    pub(crate) spares: Arc<Spares>,
    pub(crate) segments: Arc<Segments>,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) metrics: Metrics,
    pub(crate) segment_bytes: u64,
    pub(crate) sealer: Arc<Sealer>,
}

/// The thread's state.
struct State {
    with: Committer,
    active: Arc<RawSegment>,
    // Where the next frame goes, and the position of its first record.
    at: u64,
    next: u64,
    // The group being written: where it starts, what is in the buffer and not in the file, and who waits for it.
    group_at: u64,
    group_next: u64,
    buffer: Vec<u8>,
    group: Vec<Placed>,
    failed: Option<String>,
}

/// A batch that has its place in the file.
struct Placed {
    offset: u64,
    first: u64,
    next: u64,
    bytes: u64,
    since: Instant,
    done: oneshot::Sender<Result<Appended, LogError>>,
}

impl Committer {
    /// Appends to `active` until the queue is closed and empty.
    pub(crate) fn run(self, active: Arc<RawSegment>) {
        let _abandon = Abandon(Arc::clone(&self.queue));
        let (at, next) = active.end();
        let (buffer, group) = (Vec::new(), Vec::new());
        let mut state = State {
            with: self,
            active,
            at,
            next,
            group_at: at,
            group_next: next,
            buffer,
            group,
            failed: None,
        };
        let mut taken = Vec::new();
        while state.with.queue.take(&mut taken) {
            let bytes = taken.iter().map(|waiting| waiting.batch.as_bytes().len()).sum();
            for waiting in taken.drain(..) {
                state.place(waiting);
            }
            state.commit();
            let left = state.with.queue.release(bytes);
            state.with.metrics.queue_bytes.set(i64::try_from(left).unwrap_or(i64::MAX));
        }
        state.end_orderly();
    }
}

/// Leaves nobody waiting for a committer that is gone, even if it panicked.
struct Abandon(Arc<Queue>);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl State {
    /// Gives the batch its place, or refuses it.
    fn place(&mut self, waiting: Waiting) {
        let Waiting { batch, since, done } = waiting;
        let payload = batch.as_bytes();
        let bytes = frame_bytes(payload.len()) as u64;
        if let Err(cause) = self.make_room(bytes) {
            self.refuse(done, cause);
            return;
        }
        let (offset, first) = (self.at, self.next);
        let records = u32::try_from(batch.len()).expect("a batch is far under 4 GiB, and so are its records");
        self.frame(payload, records);
        self.group.push(Placed { offset, first, next: self.next, bytes: payload.len() as u64, since, done });
        if self.buffer.len() >= WRITE_BYTES
            && let Err(cause) = self.write()
        {
            self.take_back(&cause);
        }
    }

    /// Has the active segment take `bytes` more.
    fn make_room(&mut self, bytes: u64) -> Result<(), LogError> {
        if self.failed.is_none() && self.at + bytes > self.active.capacity {
            self.commit();
            self.rotate(bytes)?;
        }
        self.failed.as_ref().map_or(Ok(()), |why| Err(LogError::Io(io::Error::other(why.clone()))))
    }

    /// Adds a frame to the buffer.
    fn frame(&mut self, payload: &[u8], records: u32) {
        let header = FrameHeader {
            payload_bytes: u32::try_from(payload.len()).expect("batches are limited far under 4 GiB"),
            sequence: self.active.sequence,
            first: self.next,
            records,
            group_start: u32::try_from(self.group_at).expect("segments are limited to under 4 GiB"),
            payload_checksum: payload_checksum(payload, self.active.salt),
        };
        let end = self.buffer.len() + header.frame_bytes();
        self.buffer.extend_from_slice(&header.encode(self.active.salt));
        self.buffer.extend_from_slice(payload);
        self.buffer.resize(end, 0);
        self.at += header.frame_bytes() as u64;
        self.next = header.next();
    }

    /// Writes the buffer to where it belongs: right before `at`.
    fn write(&mut self) -> io::Result<()> {
        let offset = self.at - self.buffer.len() as u64;
        self.with.disk.write_all_at(&self.active.file, &self.buffer, offset)?;
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_BYTES_KEPT);
        Ok(())
    }

    /// Makes the group durable, then visible, then confirms it.
    fn commit(&mut self) {
        if self.group.is_empty() {
            return;
        }
        if let Err(cause) = self.write() {
            self.take_back(&cause);
            return;
        }
        let started = Instant::now();
        if let Err(cause) = self.with.disk.sync(&self.active.file) {
            self.fail(&format!("fdatasync failed ({cause}), no more appends until the log is opened again"));
            for placed in self.group.drain(..) {
                let cause = io::Error::new(cause.kind(), cause.to_string());
                let _ = placed.done.send(Err(LogError::Unconfirmed(Some(cause.into()))));
            }
            return;
        }
        self.with.metrics.sync_seconds.observe(started.elapsed().as_secs_f64());
        self.confirm();
    }

    fn confirm(&mut self) {
        let (at, next) = (self.at, self.next);
        self.active.confirm(|confirmed| {
            self.group.iter().for_each(|placed| confirmed.mark(placed.first, placed.offset));
            confirmed.end = at;
            confirmed.next = next;
        });
        self.with.segments.advance(next);
        let metrics = &self.with.metrics;
        metrics.group_batches.observe(self.group.len() as f64);
        metrics.group_records.observe((next - self.group_next) as f64);
        for placed in self.group.drain(..) {
            metrics.appended_bytes.inc_by(placed.bytes);
            metrics.append_seconds.observe(placed.since.elapsed().as_secs_f64());
            let spans = vec![(PARTITION, Position(placed.first), Position(placed.next))];
            // Nobody may be waiting any more. The append stands.
            let _ = placed.done.send(Ok(Appended { spans }));
        }
        (self.group_at, self.group_next) = (at, next);
    }

    /// A write failed: no part of the group may ever be read.
    fn take_back(&mut self, cause: &io::Error) {
        let written = usize::try_from(self.at - self.group_at).expect("groups fit into memory");
        (self.at, self.next) = (self.group_at, self.group_next);
        self.buffer.clear();
        for placed in mem::take(&mut self.group) {
            self.refuse(placed.done, refused(io::Error::new(cause.kind(), cause.to_string())));
        }
        let zeroed = zero(&*self.with.disk, &self.active, self.at, written);
        if let Err(second) = zeroed {
            self.fail(&format!("a write failed ({cause}) and could not be taken back ({second})"));
        }
    }

    fn refuse(&self, done: oneshot::Sender<Result<Appended, LogError>>, cause: LogError) {
        if matches!(cause, LogError::Full(_)) {
            self.with.metrics.full.inc();
        }
        let _ = done.send(Err(cause));
    }

    fn fail(&mut self, why: &str) {
        error!(segment = %self.active.path.display(), why, "the log takes no more appends");
        self.failed = Some(why.into());
    }

    /// Goes on in a new segment with room for a frame of `bytes`.
    fn rotate(&mut self, bytes: u64) -> Result<(), LogError> {
        if self.failed.is_some() {
            return Ok(());
        }
        let spare = self.with.spares.take(bytes + crate::format::FRAMES_START)?;
        let sequence = self.active.sequence + 1;
        let active = match activate(&*self.with.disk, spare, sequence, self.next) {
            Ok(active) => Arc::new(active),
            Err(Activation::NotBegun(cause)) => return Err(refused(cause)),
            Err(Activation::Unclear(cause)) => {
                self.fail(&format!("a new segment could not be made durable ({cause})"));
                return Ok(());
            }
        };
        self.with.spares.resize(crate::activate::segment_bytes(sequence + 1, self.with.segment_bytes));
        self.with.segments.push(Segment::Raw(Arc::clone(&active)));
        self.with.sealer.add(mem::replace(&mut self.active, active));
        (self.at, self.next) = self.active.end();
        (self.group_at, self.group_next) = (self.at, self.next);
        Ok(())
    }

    /// Marks the end, so that the next start knows that nothing is torn. Without it the start is only slower.
    fn end_orderly(&mut self) {
        if self.failed.is_some() || self.at + FRAME_HEADER_BYTES as u64 > self.active.capacity {
            return;
        }
        self.frame(&[], 0);
        let _ = self.write().and_then(|()| self.with.disk.sync(&self.active.file));
    }
}

/// Overwrites `bytes` from `at` with zeros, as far as the segment goes, durably.
fn zero(disk: &dyn Disk, segment: &RawSegment, at: u64, bytes: usize) -> io::Result<()> {
    let end = (at + bytes as u64).min(segment.capacity);
    crate::spares::write_zeros(disk, &segment.file, at..end)?;
    disk.sync(&segment.file)
}
