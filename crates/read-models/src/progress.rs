//! How far each read model has come along the log.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use plaudit_log::{Partition, Position};
use plaudit_xapi::Timestamp;
use tokio::sync::watch;

/// What the serving rows of each read model have absorbed, per partition.
/// A shared handle: clones see the same progress. The projector writes it; ingest and queries read it.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Mutex<Senders>>);

type Senders = HashMap<(&'static str, Partition), watch::Sender<Reached>>;

/// A point that the rows of a read model have reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reached {
    /// Every record before it is absorbed.
    pub next: Position,
    /// The latest `stored` among the absorbed statements.
    pub stored: Timestamp,
}

impl Progress {
    /// Says that the rows of `model` are written and visible up to `reached`.
    pub fn advance(&self, model: &'static str, partition: Partition, reached: Reached) {
        self.sender(model, partition).send_if_modified(|present| {
            let next = reached.max(*present);
            std::mem::replace(present, next) != next
        });
    }

    /// How far `model` has come.
    #[must_use]
    pub fn reached(&self, model: &'static str, partition: Partition) -> Reached {
        *self.sender(model, partition).borrow()
    }

    /// Waits until `model` has absorbed every record before `position`, at most for `patience`; says whether it has.
    pub async fn wait(
        &self,
        model: &'static str,
        partition: Partition,
        position: Position,
        patience: Duration,
    ) -> bool {
        let mut receiver = self.sender(model, partition).subscribe();
        let there = receiver.wait_for(|reached| reached.next >= position);
        tokio::time::timeout(patience, there).await.is_ok_and(|reached| reached.is_ok())
    }

    fn sender(&self, model: &'static str, partition: Partition) -> watch::Sender<Reached> {
        self.0.lock().entry((model, partition)).or_default().clone()
    }
}
