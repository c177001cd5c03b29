//! The two things that can fail while writing. Tests and the simulation put faults in between.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Every byte that the log writes passes here. The methods do what their names say unless overridden.
pub trait Disk: Send + Sync + 'static {
    /// Writes all of `bytes` at `offset` of `file`, which is open for reading too.
    ///
    /// # Errors
    /// When the medium does not take them all; some may have been written.
    fn write_all_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    /// Returns once what was written to `file` survives a power failure.
    ///
    /// # Errors
    /// When that is not certain. What was written since the last success is then in an unknown state.
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}

/// The disk as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {}
