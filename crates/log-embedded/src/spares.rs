//! Files that wait to become segments, made in the background before they are needed.
//!
//! A fresh spare is filled with zeros so that writing into it later changes no metadata, which makes fdatasync
//! several times faster. A segment that was sealed gives its file back as a spare, with its old frames in it.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use plaudit_log::LogError;
use tracing::{info, warn};

use crate::directory;
use crate::disk::Disk;
use crate::metrics::Metrics;

/// How many spares are kept: one to take, one being given back.
const SPARES_MAX: usize = 2;
/// How long to wait before trying again to make a spare, so that a full disk is not hammered.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// Zeros written at once.
const ZEROS_BYTES: usize = 1 << 20;

/// Zeros made durable at once: appends that are synced meanwhile wait behind these, not behind a whole segment.
const SYNC_BYTES: u64 = 4 << 20;

/// A file with room for `bytes`.
pub(crate) struct Spare {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    pub(crate) bytes: u64,
}

/// The spares and what is wanted of them.
pub(crate) struct Spares {
    dir: PathBuf,
    reserve_bytes: u64,
    metrics: Metrics,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    ready: Vec<Spare>,
    // Size of the next spare, and the least size that is of use now.
    bytes: u64,
    bytes_min: u64,
    number: u64,
    failed: Option<(ErrorKind, String)>,
    closed: bool,
}

impl Spares {
    pub(crate) fn new(dir: &Path, metrics: Metrics, bytes: u64, reserve_bytes: u64) -> Self {
        let state = State { ready: Vec::new(), bytes, bytes_min: 0, number: 0, failed: None, closed: false };
        Self {
            dir: dir.to_owned(),
            reserve_bytes,
            metrics,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Takes a spare of at least `bytes_min`. Waits for one that is being made, but not for space on the disk.
    pub(crate) fn take(&self, bytes_min: u64) -> Result<Spare, LogError> {
        let mut state = self.state.lock();
        loop {
            if let Some(index) = state.ready.iter().position(|spare| spare.bytes >= bytes_min) {
                let spare = state.ready.remove(index);
                state.bytes_min = 0;
                self.changed(&state);
                return Ok(spare);
            }
            if state.closed {
                return Err(LogError::Closed);
            }
            if let Some((kind, what)) = &state.failed {
                return Err(refused(io::Error::new(*kind, what.clone())));
            }
            state.bytes_min = bytes_min;
            self.changed.notify_all();
            self.changed.wait(&mut state);
        }
    }

    /// Later spares have this size.
    pub(crate) fn resize(&self, bytes: u64) {
        self.state.lock().bytes = bytes;
    }

    /// Keeps the file at `path` as a spare, or removes it if there are enough or it is too small.
    pub(crate) fn offer(&self, path: &Path) -> io::Result<()> {
        let file = File::options().read(true).write(true).open(path)?;
        let bytes = file.metadata()?.len();
        let mut state = self.state.lock();
        if state.ready.len() >= SPARES_MAX || bytes < state.bytes {
            return fs::remove_file(path);
        }
        let named = directory::spare_path(&self.dir, state.number);
        state.number += 1;
        fs::rename(path, &named)?;
        state.ready.push(Spare { path: named, file, bytes });
        self.changed(&state);
        Ok(())
    }

    /// Numbers below `number` are in use.
    pub(crate) fn number_from(&self, number: u64) {
        self.state.lock().number = number;
    }

    /// Ends [`run`](Self::run), and whoever waits for a spare.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_all();
    }

    /// Makes spares until closed: the background thread.
    pub(crate) fn run(&self, disk: &dyn Disk) {
        while let Some((path, bytes)) = self.wanted() {
            let made = self.check_room(bytes).and_then(|()| make(disk, &path, bytes));
            let mut state = self.state.lock();
            match made {
                Ok(spare) => {
                    if state.failed.take().is_some() {
                        info!(bytes, "there is space for the log again");
                    }
                    state.ready.push(spare);
                    self.changed(&state);
                }
                Err(cause) => {
                    if state.failed.is_none() {
                        warn!(error = %cause, bytes, "cannot make the next segment, trying again");
                    }
                    state.failed = Some((cause.kind(), cause.to_string()));
                    self.changed(&state);
                    if !state.closed {
                        self.changed.wait_for(&mut state, RETRY_AFTER);
                    }
                }
            }
        }
    }

    /// Fails when a file of `bytes` would reach into the reserve.
    fn check_room(&self, bytes: u64) -> io::Result<()> {
        let disk = rustix::fs::statvfs(&self.dir)?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        match free < self.reserve_bytes.saturating_add(bytes) {
            true => Err(io::Error::new(ErrorKind::StorageFull, format!("only {free} bytes are free"))),
            false => Ok(()),
        }
    }

    /// Waits until a spare is wanted; `None` once closed.
    fn wanted(&self) -> Option<(PathBuf, u64)> {
        let mut state = self.state.lock();
        while !state.closed && state.ready.iter().any(|spare| spare.bytes >= state.bytes_min) {
            self.changed.wait(&mut state);
        }
        if state.closed {
            return None;
        }
        let path = directory::spare_path(&self.dir, state.number);
        state.number += 1;
        Some((path, state.bytes.max(state.bytes_min)))
    }

    fn changed(&self, state: &State) {
        self.metrics.segments_in("spare", state.ready.len());
        self.changed.notify_all();
    }
}

/// Makes a file of zeros, complete or not at all.
pub(crate) fn make(disk: &dyn Disk, path: &Path, bytes: u64) -> io::Result<Spare> {
    let unfinished = directory::unfinished(path);
    let filled = fill(disk, &unfinished, bytes).and_then(|file| {
        fs::rename(&unfinished, path)?;
        Ok(Spare { path: path.to_owned(), file, bytes })
    });
    if filled.is_err() {
        // What was written so far is what others need most now.
        let _ = fs::remove_file(&unfinished);
    }
    filled
}

fn fill(disk: &dyn Disk, path: &Path, bytes: u64) -> io::Result<File> {
    let file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
    let mut at = 0;
    while at < bytes {
        let end = bytes.min(at + SYNC_BYTES);
        write_zeros(disk, &file, at..end)?;
        disk.sync(&file)?;
        at = end;
    }
    Ok(file)
}

/// Overwrites a range with zeros.
pub(crate) fn write_zeros(disk: &dyn Disk, file: &File, range: Range<u64>) -> io::Result<()> {
    let zeros = vec![0; ZEROS_BYTES];
    let mut at = range.start;
    while at < range.end {
        let part = usize::try_from(range.end - at).unwrap_or(usize::MAX).min(ZEROS_BYTES);
        disk.write_all_at(file, &zeros[..part], at)?;
        at += part as u64;
    }
    Ok(())
}

/// Tells a full medium from a broken one.
pub(crate) fn refused(cause: io::Error) -> LogError {
    match cause.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            LogError::Full(Some(cause))
        }
        _ => LogError::Io(cause),
    }
}
