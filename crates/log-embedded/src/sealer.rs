//! The threads that seal full segments.
//!
//! Sealing takes about half a core at full load, so it steps back while requests need the cores: a thread of low
//! priority seals whenever there is time, and only when too many segments wait does another one help that does not
//! step back.

use std::collections::VecDeque;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use plaudit_log::LogError;
use tracing::{debug, error, warn};

use crate::disk::Disk;
use crate::raw::RawSegment;
use crate::seal::seal;
use crate::segments::Segments;
use crate::spares::Spares;

/// How long to wait before sealing is tried again. Nothing is lost meanwhile, raw segments only take more space.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// How many full segments wait at ease: half a gigabyte at full size.
const WAITING_AT_EASE: usize = 8;
/// How far sealing steps back, as for `nice`: about a tenth of a core's share when all are busy.
const NICENESS: i32 = 10;

/// Which thread it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Steps back for everything else.
    AtEase,
    /// Works only when too many wait.
    Pressed,
}

/// Segments that wait to be sealed.
#[derive(Default)]
pub(crate) struct Sealer {
    waiting: Mutex<VecDeque<Arc<RawSegment>>>,
    changed: Condvar,
    stop: AtomicBool,
}

impl Sealer {
    /// Puts a full segment in line.
    pub(crate) fn add(&self, raw: Arc<RawSegment>) {
        self.waiting.lock().push_back(raw);
        self.changed.notify_all();
    }

    /// Ends [`run`](Self::run) soon. What is not sealed then is sealed after the next start.
    pub(crate) fn close(&self) {
        let _waiting = self.waiting.lock();
        self.stop.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }

    /// Seals until closed: the background thread.
    pub(crate) fn run(&self, effort: Effort, disk: &dyn Disk, segments: &Segments, spares: &Spares) {
        if effort == Effort::AtEase {
            step_back();
        }
        while let Some(raw) = self.next(effort) {
            match seal(disk, &raw, &self.stop) {
                Ok(sealed) => {
                    debug!(segment = %sealed.path.display(), blocks = sealed.blocks.len(), "sealed");
                    segments.replace(Arc::new(sealed));
                    recycle(raw, spares);
                }
                Err(LogError::Closed) => {}
                Err(damage @ LogError::Damaged { .. }) => {
                    error!(error = %damage, segment = %raw.path.display(), "a damaged segment stays unsealed");
                }
                Err(cause) => {
                    let segment = raw.path.display();
                    warn!(error = &cause as &dyn std::error::Error, %segment, "cannot seal, trying again");
                    let mut waiting = self.waiting.lock();
                    waiting.push_front(Arc::clone(&raw));
                    if !self.stop.load(Ordering::Relaxed) {
                        self.changed.wait_for(&mut waiting, RETRY_AFTER);
                    }
                }
            }
        }
    }

    /// Waits for the oldest segment in line; `None` once closed.
    fn next(&self, effort: Effort) -> Option<Arc<RawSegment>> {
        let few = if effort == Effort::Pressed { WAITING_AT_EASE } else { 0 };
        let mut waiting = self.waiting.lock();
        while waiting.len() <= few && !self.stop.load(Ordering::Relaxed) {
            self.changed.wait(&mut waiting);
        }
        if self.stop.load(Ordering::Relaxed) { None } else { waiting.pop_front() }
    }
}

/// Gives this thread a lower priority, where threads have one of their own.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(cause) = rustix::process::setpriority_process(None, NICENESS) {
        debug!(error = %cause, "sealing keeps its priority");
    }
}

/// Gives the file back as a spare, unless somebody still reads from it.
fn recycle(raw: Arc<RawSegment>, spares: &Spares) {
    let path = raw.path.clone();
    let given = match Arc::into_inner(raw) {
        Some(_) => spares.offer(&path),
        None => fs::remove_file(&path),
    };
    if let Err(cause) = given {
        warn!(error = %cause, file = %path.display(), "a sealed segment's raw file stays until the next start");
    }
}
