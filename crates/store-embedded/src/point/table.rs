//! One table with point access.

mod upkeep;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fjall::{Database, Keyspace, OwnedWriteBatch, Slice};
use parking_lot::{Condvar, Mutex, RwLock};
use plaudit_store::StoreError;

use super::entry::{Entry, Hash};
use super::manifest::{self, RunRow};
use super::merge::Merge;
use super::recent::{self, Addition, Recent};
use super::run::{Room, Run, RunError};
use super::worker::Jobs;
use crate::error::io;

/// How long a write waits for recent entries to be sealed before it fails. Sealing takes a tenth of a second; a disk may be slow.
const SEAL_PATIENCE: Duration = Duration::from_secs(30);

/// What all point tables of a store share.
#[derive(Clone)]
pub(crate) struct Settings {
    /// Bytes of recent entries that are kept in memory before they are sealed.
    pub(crate) recent_bytes: usize,
    /// Memory for filters.
    pub(crate) filter_room: Room,
    /// Set when the store closes: merges stop.
    pub(crate) is_closing: Arc<AtomicBool>,
}

/// A table with point access that is open.
pub(crate) struct PointTable {
    db: Database,
    keyspace: Keyspace,
    dir: PathBuf,
    settings: Settings,
    jobs: Jobs,
    view: RwLock<View>,
    sealing: Mutex<Sealing>,
    sealed: Condvar,
    next_run: Mutex<u64>,
    is_dropped: AtomicBool,
}

/// What look-ups ask.
struct View {
    recent: Recent,
    /// What is being sealed: older than `recent`, newer than the runs.
    sealing: Option<Arc<Recent>>,
    /// Newest first.
    runs: Arc<Vec<Arc<Run>>>,
    next_number: u64,
}

enum Sealing {
    Idle,
    Busy,
    Failed(StoreError),
}

/// Entries of one write, as the journal will have them.
#[derive(Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    additions: Vec<Addition>,
}

impl Batch {
    /// Adds an entry. Chunks over 4 GB are refused.
    pub(crate) fn push(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
        let too_large = |error| StoreError::Backend(Box::<dyn std::error::Error + Send + Sync>::from(error));
        let offset = u32::try_from(self.bytes.len()).map_err(too_large)?;
        self.additions.push(Addition { hash: Hash::of(key).order, offset });
        Entry { key, value }.put(&mut self.bytes);
        Ok(())
    }
}

impl PointTable {
    /// Opens the table of a keyspace, whose runs are in `dir`.
    pub(crate) fn open(
        db: Database,
        keyspace: Keyspace,
        dir: PathBuf,
        settings: Settings,
        jobs: Jobs,
    ) -> Result<Arc<Self>, StoreError> {
        std::fs::create_dir_all(&dir).map_err(io)?;
        let rows = manifest::runs(&keyspace)?;
        let next_run = remove_orphans(&dir, &rows)?;
        let open =
            |row: &RunRow| Run::open(run_path(&dir, row.id), row.id, row.newest, &settings.filter_room);
        let runs: Vec<Arc<Run>> =
            rows.iter().map(|row| open(row).map(Arc::new)).collect::<Result<_, _>>().map_err(of_run)?;
        let mut recent = Recent::default();
        for chunk in manifest::chunks(&keyspace) {
            let (number, chunk) = chunk?;
            let additions =
                recent::additions(&chunk).ok_or_else(|| manifest::damaged(&keyspace, "the journal"))?;
            recent.add(number, chunk, &additions);
        }
        let newest = rows.first().map(|row| row.newest).max(recent.numbers.map(|(_, last)| last));
        let next_number = newest.map_or(0, |number| number + 1);
        let view = RwLock::new(View { recent, sealing: None, runs: Arc::new(runs), next_number });
        let (sealing, sealed) = (Mutex::new(Sealing::Idle), Condvar::new());
        let (next_run, is_dropped) = (Mutex::new(next_run), AtomicBool::new(false));
        Ok(Arc::new(Self { db, keyspace, dir, settings, jobs, view, sealing, sealed, next_run, is_dropped }))
    }

    /// Waits until the recent entries take less than their share of memory. Callers take turns.
    pub(crate) fn make_room(self: &Arc<Self>) -> Result<(), StoreError> {
        if self.view.read().recent.bytes() < self.settings.recent_bytes {
            return Ok(());
        }
        self.begin_seal()
    }

    /// Takes the entries in and adds them to the batch that will make them durable. Callers take turns, and commit the batch before the
    /// next; if that fails, the table has to be opened anew.
    pub(crate) fn apply(&self, entries: Batch, batch: &mut OwnedWriteBatch) {
        let chunk = Slice::from(entries.bytes);
        let mut view = self.view.write();
        let number = view.next_number;
        view.next_number += 1;
        manifest::put_chunk(batch, &self.keyspace, number, chunk.clone());
        view.recent.add(number, chunk, &entries.additions);
    }

    /// Calls `found` with each key that has a row, by its index.
    pub(crate) fn get(
        &self,
        keys: &[Vec<u8>],
        mut found: impl FnMut(usize, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut missing = Vec::new();
        let (sealing, runs) = {
            let view = self.view.read();
            for (at, key) in keys.iter().enumerate() {
                let hash = Hash::of(key);
                match view.recent.get(hash, key) {
                    Some(Some(value)) => found(at, value)?,
                    Some(None) => {}
                    None => missing.push((at, hash)),
                }
            }
            (view.sealing.clone(), Arc::clone(&view.runs))
        };
        let mut block = Vec::new();
        for (at, hash) in missing {
            if let Some(known) = sealing.as_ref().and_then(|sealing| sealing.get(hash, &keys[at])) {
                known.map_or(Ok(()), |value| found(at, value))?;
            } else if let Some(value) = in_runs(&runs, hash, &keys[at], &mut block)? {
                found(at, &block[value])?;
            }
        }
        Ok(())
    }

    /// Calls `found` with keys and values, in the order of their hash, after `last`, until it says that it has enough. Recent entries
    /// are not among them; see `seal_now`.
    pub(crate) fn scan(
        &self,
        last: Option<&[u8]>,
        mut found: impl FnMut(&[u8], &[u8]) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let runs = Arc::clone(&self.view.read().runs);
        let after = last.map(|key| (Hash::of(key).order, key));
        let mut merge = Merge::new(&runs, after).map_err(of_run)?;
        while merge.next().map_err(of_run)? {
            let (_, entry) = merge.entry();
            if let Some(value) = entry.value
                && !found(entry.key, value)?
            {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Seals what is recent and waits until it is done. Callers take turns.
    pub(crate) fn seal_now(self: &Arc<Self>) -> Result<(), StoreError> {
        if !self.view.read().recent.is_empty() {
            self.begin_seal()?;
        }
        let mut sealing = self.sealing.lock();
        self.wait_for_seal(&mut sealing)
    }

    /// Removes the files. Nothing of the table is used after that.
    pub(crate) fn remove(&self) -> Result<(), StoreError> {
        self.is_dropped.store(true, Ordering::Release);
        std::fs::remove_dir_all(&self.dir).map_err(io)
    }

    /// Where the manifest and the journal are.
    pub(crate) fn keyspace(&self) -> &Keyspace {
        &self.keyspace
    }

    /// Bytes of the runs.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.view.read().runs.iter().map(|run| run.bytes()).sum()
    }

    /// Bytes of recent entries in memory.
    pub(crate) fn recent_bytes(&self) -> usize {
        let view = self.view.read();
        view.recent.bytes() + view.sealing.as_ref().map_or(0, |sealing| sealing.bytes())
    }
}

/// Where the value of a key is in `block`, if the runs have one.
fn in_runs(
    runs: &[Arc<Run>],
    hash: Hash,
    key: &[u8],
    block: &mut Vec<u8>,
) -> Result<Option<Range<usize>>, StoreError> {
    for run in runs {
        if let Some(known) = run.get(hash, key, block).map_err(of_run)? {
            return Ok(known);
        }
    }
    Ok(None)
}

/// Removes the runs that the manifest does not name. Returns an id that no run had.
fn remove_orphans(dir: &Path, rows: &[RunRow]) -> Result<u64, StoreError> {
    let mut next = rows.iter().map(|row| row.id + 1).max().unwrap_or(0);
    for entry in std::fs::read_dir(dir).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let id = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<u64>().ok());
        if !id.is_some_and(|id| rows.iter().any(|row| row.id == id)) {
            tracing::info!(file = %path.display(), "removing a run that was never finished or is merged");
            std::fs::remove_file(&path).map_err(io)?;
        }
        next = next.max(id.map_or(0, |id| id + 1));
    }
    Ok(next)
}

fn run_path(dir: &Path, id: u64) -> PathBuf {
    dir.join(format!("{id}.run"))
}

fn of_run(error: RunError) -> StoreError {
    match error {
        RunError::Io(error) => io(error),
        RunError::Damaged { .. } => StoreError::Backend(Box::new(error)),
    }
}
