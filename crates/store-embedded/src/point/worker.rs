//! The threads that seal and merge.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use plaudit_store::StoreError;

use super::table::PointTable;

/// Something to do for a table.
pub(crate) enum Job {
    Seal(Arc<PointTable>),
    Merge(Arc<PointTable>),
    Stop,
}

/// Where tables leave their jobs.
#[derive(Clone)]
pub(crate) struct Jobs {
    seals: Sender<Job>,
    merges: Sender<Job>,
}

impl Jobs {
    pub(crate) fn send(&self, job: Job) {
        let queue = if matches!(job, Job::Merge(_)) { &self.merges } else { &self.seals };
        // Nobody receives any more when the store closes. Then what is recent is still in the journal.
        let _ = queue.send(job);
    }
}

/// One thread that seals, since writers wait for that, and one that merges. They end with this.
pub(crate) struct Workers {
    jobs: Jobs,
    is_closing: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    pub(crate) fn start(is_closing: Arc<AtomicBool>) -> Result<Self, StoreError> {
        let ((seals, to_seal), (merges, to_merge)) = (channel(), channel());
        let jobs = Jobs { seals, merges };
        let threads = vec![spawn("store-seal", to_seal)?, spawn("store-merge", to_merge)?];
        Ok(Self { jobs, is_closing, threads })
    }

    pub(crate) fn jobs(&self) -> Jobs {
        self.jobs.clone()
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.is_closing.store(true, Ordering::Relaxed);
        let _ = self.jobs.seals.send(Job::Stop);
        let _ = self.jobs.merges.send(Job::Stop);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store panicked");
            }
        }
    }
}

fn spawn(name: &str, jobs: Receiver<Job>) -> Result<JoinHandle<()>, StoreError> {
    let work = move || {
        while let Ok(job) = jobs.recv() {
            match job {
                Job::Seal(table) => table.seal(),
                Job::Merge(table) => table.merge(),
                Job::Stop => return,
            }
        }
    };
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| StoreError::Backend(Box::new(error)))
}
