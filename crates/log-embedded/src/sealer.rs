//! The thread that seals full segments, one after the other.

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

/// Segments that wait to be sealed.
#[derive(Default)]
pub(crate) struct Sealer {
    waiting: Mutex<Vec<Arc<RawSegment>>>,
    changed: Condvar,
    stop: AtomicBool,
}

impl Sealer {
    /// Puts a full segment in line.
    pub(crate) fn add(&self, raw: Arc<RawSegment>) {
        self.waiting.lock().insert(0, raw);
        self.changed.notify_all();
    }

    /// Ends [`run`](Self::run) soon. What is not sealed then is sealed after the next start.
    pub(crate) fn close(&self) {
        let _waiting = self.waiting.lock();
        self.stop.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }

    /// Seals until closed: the background thread.
    pub(crate) fn run(&self, disk: &dyn Disk, segments: &Segments, spares: &Spares) {
        while let Some(raw) = self.next() {
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
                    waiting.push(Arc::clone(&raw));
                    if !self.stop.load(Ordering::Relaxed) {
                        self.changed.wait_for(&mut waiting, RETRY_AFTER);
                    }
                }
            }
        }
    }

    /// Waits for the oldest segment in line; `None` once closed.
    fn next(&self) -> Option<Arc<RawSegment>> {
        let mut waiting = self.waiting.lock();
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(raw) = waiting.pop() {
                return Some(raw);
            }
            self.changed.wait(&mut waiting);
        }
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
