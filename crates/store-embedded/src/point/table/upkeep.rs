//! Sealing what is recent and merging runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use fjall::PersistMode;
use parking_lot::MutexGuard;
use plaudit_store::StoreError;

use super::{PointTable, SEAL_PATIENCE, Sealing, of_run, run_path};
use crate::error::{backend, io};
use crate::point::entry::Hash;
use crate::point::manifest::{self, RunRow};
use crate::point::merge::{Merge, to_merge};
use crate::point::recent::Recent;
use crate::point::run::Run;
use crate::point::worker::Job;
use crate::point::writer::RunWriter;

impl PointTable {
    pub(super) fn begin_seal(self: &Arc<Self>) -> Result<(), StoreError> {
        let mut sealing = self.sealing.lock();
        self.wait_for_seal(&mut sealing)?;
        let mut view = self.view.write();
        let fresh = Recent::with_room_of(&view.recent);
        view.sealing = Some(Arc::new(std::mem::replace(&mut view.recent, fresh)));
        *sealing = Sealing::Busy;
        self.jobs.send(Job::Seal(Arc::clone(self)));
        Ok(())
    }

    /// Waits until nothing is being sealed. If sealing failed, begins it again and says why.
    pub(super) fn wait_for_seal(
        self: &Arc<Self>,
        sealing: &mut MutexGuard<'_, Sealing>,
    ) -> Result<(), StoreError> {
        self.sealed.wait_while_for(sealing, |sealing| matches!(sealing, Sealing::Busy), SEAL_PATIENCE);
        match std::mem::replace(&mut **sealing, Sealing::Busy) {
            Sealing::Idle => {
                **sealing = Sealing::Idle;
                Ok(())
            }
            Sealing::Busy => Err(StoreError::Unavailable("recent rows are written too slowly".into())),
            Sealing::Failed(error) => {
                self.jobs.send(Job::Seal(Arc::clone(self)));
                Err(error)
            }
        }
    }

    /// Writes what is being sealed to a run. For the worker.
    pub(crate) fn seal(self: &Arc<Self>) {
        let result = self.try_seal();
        let mut sealing = self.sealing.lock();
        *sealing = match result {
            Ok(()) => Sealing::Idle,
            Err(error) => {
                tracing::warn!(
                    table = &**self.keyspace.name(),
                    error = &error as &dyn std::error::Error,
                    "rows not sealed"
                );
                Sealing::Failed(error)
            }
        };
        self.sealed.notify_all();
        drop(sealing);
        if self.merge_count() > 0 {
            self.jobs.send(Job::Merge(Arc::clone(self)));
        }
    }

    fn try_seal(&self) -> Result<(), StoreError> {
        let Some(sealing) =
            self.view.read().sealing.clone().filter(|_| !self.is_dropped.load(Ordering::Acquire))
        else {
            return Ok(());
        };
        let Some((first, last)) = sealing.numbers else { return Ok(()) };
        let sorted = sealing.sorted();
        let (id, path) = self.new_run();
        let mut writer = RunWriter::create(&path, sorted.len()).map_err(io)?;
        for (_, place) in sorted {
            let entry = sealing.entry(place);
            writer.push(Hash::of(entry.key), entry).map_err(io)?;
        }
        let written = writer.finish(&self.dir).map_err(io)?;
        let run = Arc::new(Run::of_written(written, path, id, last, &self.settings.filter_room));
        let mut batch = self.db.batch();
        manifest::put_run(&mut batch, &self.keyspace, RunRow { id, newest: last });
        (first..=last).for_each(|number| manifest::remove_chunk(&mut batch, &self.keyspace, number));
        batch.commit().map_err(backend)?;
        let mut view = self.view.write();
        view.runs = Arc::new([vec![run], view.runs.to_vec()].concat());
        view.sealing = None;
        Ok(())
    }

    /// Merges runs as long as there are many of one size. For the worker.
    pub(crate) fn merge(&self) {
        while !self.is_stopping() {
            let count = self.merge_count();
            if count == 0 {
                return;
            }
            if let Err(error) = self.try_merge(count) {
                tracing::warn!(
                    table = &**self.keyspace.name(),
                    error = &error as &dyn std::error::Error,
                    "runs not merged"
                );
                return;
            }
        }
    }

    fn try_merge(&self, count: usize) -> Result<(), StoreError> {
        let all = Arc::clone(&self.view.read().runs);
        let (old, is_oldest) = (&all[..count], count == all.len());
        let (id, path) = self.new_run();
        let Some(writer) = self.write_merged(old, &path, is_oldest)? else { return Ok(()) };
        let mut batch = self.db.batch();
        let merged = if writer.entries() == 0 {
            std::fs::remove_file(&path).map_err(io)?;
            None
        } else {
            let written = writer.finish(&self.dir).map_err(io)?;
            let row = RunRow { id, newest: old[0].newest };
            manifest::put_run(&mut batch, &self.keyspace, row);
            Some(Arc::new(Run::of_written(written, path, id, row.newest, &self.settings.filter_room)))
        };
        old.iter().for_each(|run| manifest::remove_run(&mut batch, &self.keyspace, run.id));
        batch.commit().map_err(backend)?;
        self.replace(old, merged);
        // A manifest that still names the old runs could come back from a crash until the new one is durable.
        self.db.persist(PersistMode::SyncAll).map_err(backend)?;
        old.iter().try_for_each(|run| std::fs::remove_file(run.path())).map_err(io)
    }

    /// Writes the entries of several runs to one; `None` if the store closes meanwhile.
    fn write_merged(
        &self,
        old: &[Arc<Run>],
        path: &Path,
        is_oldest: bool,
    ) -> Result<Option<RunWriter>, StoreError> {
        let entries_max = old.iter().map(|run| run.entries()).sum::<u64>() as usize;
        let mut merge = Merge::new(old, None).map_err(of_run)?;
        let mut writer = RunWriter::create(path, entries_max).map_err(io)?;
        while merge.next().map_err(of_run)? {
            let (hash, entry) = merge.entry();
            // With nothing older, there is nothing that a deletion would hide.
            if entry.value.is_some() || !is_oldest {
                writer.push(hash, entry).map_err(io)?;
            }
            if self.is_stopping() {
                std::fs::remove_file(path).map_err(io)?;
                return Ok(None);
            }
        }
        Ok(Some(writer))
    }

    /// Puts one run in the place of several neighbours.
    fn replace(&self, old: &[Arc<Run>], merged: Option<Arc<Run>>) {
        let mut view = self.view.write();
        let newer = view.runs.iter().take_while(|run| run.id != old[0].id).cloned();
        let older = view.runs.iter().skip_while(|run| run.id != old[0].id).skip(old.len()).cloned();
        view.runs = Arc::new(newer.chain(merged).chain(older).collect());
    }

    fn merge_count(&self) -> usize {
        to_merge(&self.view.read().runs, self.settings.recent_bytes as u64 / 2)
    }

    fn is_stopping(&self) -> bool {
        self.settings.is_closing.load(Ordering::Relaxed) || self.is_dropped.load(Ordering::Acquire)
    }

    fn new_run(&self) -> (u64, PathBuf) {
        let mut next = self.next_run.lock();
        let id = *next;
        *next += 1;
        (id, run_path(&self.dir, id))
    }
}
