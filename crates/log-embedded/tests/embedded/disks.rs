//! Disks that fail on purpose.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Condvar, Mutex};
use plaudit_log_embedded::Disk;
use rand::Rng;
use rand::rngs::StdRng;

/// Sectors reach the medium whole, but in any order.
const SECTOR_BYTES: usize = 512;

/// A disk whose power fails after some operations. What was not synced then is lost by sectors.
pub struct FailingPower {
    state: Mutex<Power>,
}

struct Power {
    operations_left: u32,
    unsynced: Vec<Unsynced>,
}

/// What a write replaced.
struct Unsynced {
    file: File,
    offset: u64,
    before: Vec<u8>,
}

impl FailingPower {
    pub fn after(operations: u32) -> Self {
        Self { state: Mutex::new(Power { operations_left: operations, unsynced: Vec::new() }) }
    }

    /// The same medium for another process: what the one before did not sync is still not synced.
    pub fn handed_on(&self) -> Self {
        let unsynced = std::mem::take(&mut self.state.lock().unsynced);
        Self { state: Mutex::new(Power { operations_left: u32::MAX, unsynced }) }
    }

    /// From now on nothing works.
    pub fn fail_now(&self) {
        self.state.lock().operations_left = 0;
    }

    /// Takes a random part of the unsynced sectors back, the latest write first.
    pub fn lose(&self, random: &mut StdRng) {
        let mut state = self.state.lock();
        let lost = [0.0, 0.1, 0.5, 0.9, 1.0][random.random_range(0..5)];
        while let Some(write) = state.unsynced.pop() {
            let mut at = 0;
            while at < write.before.len() {
                let offset = write.offset + at as u64;
                let sector_end = SECTOR_BYTES - (offset % SECTOR_BYTES as u64) as usize;
                let end = (at + sector_end).min(write.before.len());
                if random.random_bool(lost) {
                    write.file.write_all_at(&write.before[at..end], offset).unwrap();
                }
                at = end;
            }
        }
    }
}

impl Power {
    fn operate(&mut self) -> io::Result<()> {
        let left = self.operations_left.checked_sub(1).ok_or_else(no_power)?;
        self.operations_left = left;
        Ok(())
    }
}

impl Disk for FailingPower {
    /// The write during which the power fails is begun, so it too is lost by sectors.
    fn write_all_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        let last = state.operations_left == 1;
        state.operate()?;
        // What is behind the end of a file reads as zeros once it grew.
        let mut before = vec![0; bytes.len()];
        let mut known = 0;
        while let read @ 1.. = file.read_at(&mut before[known..], offset + known as u64)? {
            known += read;
        }
        file.write_all_at(bytes, offset)?;
        state.unsynced.push(Unsynced { file: file.try_clone()?, offset, before });
        if last { Err(no_power()) } else { Ok(()) }
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        let mut state = self.state.lock();
        state.operate()?;
        let synced = file.metadata()?.ino();
        file.sync_data()?;
        let lost = |write: &Unsynced| write.file.metadata().is_ok_and(|metadata| metadata.ino() != synced);
        state.unsynced.retain(lost);
        Ok(())
    }
}

fn no_power() -> io::Error {
    io::Error::other("no power")
}

/// A disk that can be full: files do not grow then, what they have can be written.
#[derive(Default)]
pub struct Filling {
    pub full: AtomicBool,
}

impl Disk for Filling {
    fn write_all_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        let grows = offset + bytes.len() as u64 > file.metadata()?.len();
        if grows && self.full.load(Ordering::SeqCst) {
            return Err(ErrorKind::StorageFull.into());
        }
        file.write_all_at(bytes, offset)
    }
}

/// A disk that breaks on demand.
#[derive(Default)]
pub struct Breaking {
    pub writes_fail: AtomicBool,
    pub syncs_fail: AtomicBool,
    pub syncs_panic: AtomicBool,
    pub gate: Gate,
}

impl Disk for Breaking {
    /// A write that fails has written half, except zeros, which are how the log takes writes back.
    fn write_all_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        if self.writes_fail.load(Ordering::SeqCst) && bytes.iter().any(|&byte| byte != 0) {
            file.write_all_at(&bytes[..bytes.len() / 2], offset)?;
            return Err(io::Error::other("bad sector"));
        }
        file.write_all_at(bytes, offset)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        if self.syncs_fail.load(Ordering::SeqCst) {
            return Err(io::Error::other("lost pages"));
        }
        assert!(!self.syncs_panic.load(Ordering::SeqCst), "a bug");
        self.gate.sync(file)
    }
}

/// A disk whose syncs wait while it is shut.
#[derive(Default)]
pub struct Gate {
    state: Mutex<Shut>,
    opened: Condvar,
}

#[derive(Default)]
struct Shut {
    shut: bool,
    waiting: bool,
}

impl Gate {
    pub fn shut(&self, shut: bool) {
        self.state.lock().shut = shut;
        self.opened.notify_all();
    }

    /// Whether a sync waits.
    pub fn waiting(&self) -> bool {
        self.state.lock().waiting
    }
}

impl Disk for Gate {
    fn sync(&self, file: &File) -> io::Result<()> {
        let mut state = self.state.lock();
        while state.shut {
            state.waiting = true;
            self.opened.wait(&mut state);
        }
        state.waiting = false;
        drop(state);
        file.sync_data()
    }
}

/// A disk that remembers what was written to it.
#[derive(Default)]
pub struct Remembering {
    pub written: Mutex<Vec<u8>>,
}

impl Disk for Remembering {
    fn write_all_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.written.lock().extend_from_slice(bytes);
        file.write_all_at(bytes, offset)
    }
}

/// A disk on which nothing can be sealed.
pub struct Unsealing;

impl Disk for Unsealing {
    fn write_all_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        if bytes.starts_with(b"PLAUDLOG\x01\0\0\0\x02") {
            return Err(io::Error::other("not sealed"));
        }
        file.write_all_at(bytes, offset)
    }
}
