//! Gives memory back while nobody writes.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use plaudit_store::StoreError;

use crate::tree::Tree;

/// After one to two of these without a write, what is in memory is written out.
const IDLE_INTERVAL: Duration = Duration::from_secs(20);

/// A thread that looks whether the store is idle; it ends with this.
pub(crate) struct IdleWatch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl IdleWatch {
    pub(crate) fn start(tree: &Arc<Tree>) -> Result<Self, StoreError> {
        let (stop, stopped) = channel();
        let tree = Arc::downgrade(tree);
        let work = move || {
            let mut last = 0;
            while stopped.recv_timeout(IDLE_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                last = look(&tree, last);
            }
        };
        let thread = std::thread::Builder::new().name("store-idle".to_owned()).spawn(work);
        let thread = thread.map_err(|error| StoreError::Backend(Box::new(error)))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for IdleWatch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that watches for idleness panicked");
        }
    }
}

/// Writes out what is in memory if nothing was written since the store was at `last`. Returns where it is now.
fn look(tree: &Weak<Tree>, last: u64) -> u64 {
    let Some(lsm) = tree.upgrade().and_then(|tree| tree.get().ok()) else { return last };
    if lsm.progress() == last
        && let Err(error) = lsm.write_out()
    {
        tracing::warn!(error = &error as &dyn std::error::Error, "tables not written out while idle");
    }
    lsm.progress()
}
