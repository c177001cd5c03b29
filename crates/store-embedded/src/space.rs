//! Keeps a reserve of free disk space.
//!
//! The LSM tree takes no writes any more, until it is opened anew, once one failed for want of space. So the store refuses writes
//! before that happens, while there still is room to finish what merges are under way.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use plaudit_store::StoreError;

/// How long a look at the file system is good for. A disk that takes 1 GB/s fills a tenth of the default reserve meanwhile.
const LOOK_INTERVAL: Duration = Duration::from_millis(25);

/// The free space of the disk that a directory is on.
pub(crate) struct Space {
    dir: PathBuf,
    reserve_bytes: u64,
    last: Mutex<Option<Look>>,
}

#[derive(Clone, Copy)]
struct Look {
    at: Instant,
    free_bytes: u64,
}

impl Space {
    pub(crate) fn new(dir: &Path, reserve_bytes: u64) -> Self {
        Self { dir: dir.to_owned(), reserve_bytes, last: Mutex::new(None) }
    }

    /// Fails while there is less than the reserve.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.free_bytes()? < self.reserve_bytes { Err(StoreError::Full) } else { Ok(()) }
    }

    /// Free bytes, as of not long ago.
    pub(crate) fn free_bytes(&self) -> Result<u64, StoreError> {
        let mut last = self.last.lock();
        if let Some(look) = *last
            && look.at.elapsed() < LOOK_INTERVAL
        {
            return Ok(look.free_bytes);
        }
        let stat = rustix::fs::statvfs(&self.dir).map_err(|errno| StoreError::Backend(Box::new(errno)))?;
        let free_bytes = stat.f_bavail.saturating_mul(stat.f_frsize);
        *last = Some(Look { at: Instant::now(), free_bytes });
        Ok(free_bytes)
    }
}
