//! The rows, for the answers that are read straight from them.

use std::sync::Arc;
use std::time::Duration;

use plaudit_event::TenantId;
use plaudit_log::{Log, LogError};
use plaudit_read_models::{Generations, Progress};
use plaudit_store::{Generation, Store, Table};
use plaudit_xapi::Timestamp;

/// Where rows are, and how far they have come.
#[derive(Clone)]
pub struct Reads {
    /// The log that the rows follow.
    pub log: Arc<dyn Log>,
    /// The rows.
    pub store: Arc<dyn Store>,
    /// Which of them serve.
    pub generations: Generations,
    /// How far they have come.
    pub progress: Progress,
    /// Every table by the read model that writes it.
    pub tables: Vec<(&'static str, &'static Table)>,
}

impl Reads {
    /// Waits until `model` has absorbed everything that was confirmed before this call, at most for `patience`; says whether it has.
    pub(crate) async fn wait(&self, model: &'static str, patience: Duration) -> Result<bool, LogError> {
        let mut absorbed = true;
        for partition in 0..self.log.partitions() {
            let head = self.log.head(partition).await?;
            absorbed &= self.progress.wait(model, partition, head, patience).await;
        }
        Ok(absorbed)
    }

    /// The time through which the rows of `model` are complete, given that everything stored until `floor` is confirmed.
    pub(crate) async fn through(&self, model: &'static str, floor: Timestamp) -> Result<Timestamp, LogError> {
        let mut through = floor;
        for partition in 0..self.log.partitions() {
            let reached = self.progress.reached(model, partition);
            if reached.next < self.log.head(partition).await? {
                through = through.min(reached.stored);
            }
        }
        Ok(through)
    }

    /// The generation of `model` that answers for `tenant`.
    pub(crate) fn serving(&self, model: &'static str, tenant: &TenantId) -> Generation {
        self.generations.serving(model, tenant)
    }
}
