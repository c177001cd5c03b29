//! Appends that wait for the committer, in the order in which they were called.

use std::mem;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};
use plaudit_log::{Appended, Batch, LogError};
use tokio::sync::oneshot;

/// One append in line.
pub(crate) struct Waiting {
    pub(crate) batch: Batch,
    pub(crate) since: Instant,
    pub(crate) done: oneshot::Sender<Result<Appended, LogError>>,
}

/// The line.
pub(crate) struct Queue {
    line: Mutex<Line>,
    filled: Condvar,
    bytes_max: usize,
}

#[derive(Default)]
struct Line {
    waiting: Vec<Waiting>,
    // Also counts what the committer has taken and not yet confirmed, for that is memory too.
    bytes: usize,
    closed: bool,
}

impl Queue {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { line: Mutex::default(), filled: Condvar::new(), bytes_max }
    }

    /// Puts `batch` at the end of the line.
    pub(crate) fn push(
        &self,
        batch: Batch,
    ) -> Result<oneshot::Receiver<Result<Appended, LogError>>, LogError> {
        let bytes = batch.as_bytes().len();
        let (done, confirmed) = oneshot::channel();
        let mut line = self.line.lock();
        if line.closed {
            return Err(LogError::Closed);
        }
        if line.bytes > 0 && line.bytes + bytes > self.bytes_max {
            return Err(LogError::Overloaded { bytes: line.bytes });
        }
        line.bytes += bytes;
        line.waiting.push(Waiting { batch, since: Instant::now(), done });
        if line.waiting.len() == 1 {
            self.filled.notify_one();
        }
        Ok(confirmed)
    }

    /// Waits for appends and moves all of them into `taken`. False once closed and empty.
    pub(crate) fn take(&self, taken: &mut Vec<Waiting>) -> bool {
        let mut line = self.line.lock();
        while line.waiting.is_empty() && !line.closed {
            self.filled.wait(&mut line);
        }
        mem::swap(&mut line.waiting, taken);
        !taken.is_empty()
    }

    /// `bytes` that were taken are done with. Returns what is still in line.
    pub(crate) fn release(&self, bytes: usize) -> usize {
        let mut line = self.line.lock();
        line.bytes -= bytes;
        line.bytes
    }

    /// The committer is gone: nobody gets in line any more, and nobody in line is left waiting.
    pub(crate) fn abandon(&self) {
        let mut line = self.line.lock();
        line.closed = true;
        line.waiting.clear();
    }

    /// Nobody gets in line any more.
    pub(crate) fn close(&self) {
        self.line.lock().closed = true;
        self.filled.notify_one();
    }
}
