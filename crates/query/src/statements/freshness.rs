//! How fresh an answer is: `X-Experience-API-Consistent-Through`, and waiting for what was acknowledged before.

use std::sync::atomic::Ordering;
use std::time::Duration;

use plaudit_log::{Partition, Position};
use plaudit_read_models::statements::NAME;
use plaudit_xapi::Timestamp;

use super::Statements;
use crate::QueryError;

/// What ingest has stamped and the log has not confirmed yet.
pub trait InFlight: Send + Sync {
    /// A time such that every statement stored until then is confirmed or has failed, and every later one gets a later `stored`.
    /// Without traffic it is the present.
    fn floor(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync> InFlight for F {
    fn floor(&self) -> Timestamp {
        self()
    }
}

impl Statements {
    /// The time through which answers that are read from now on are complete (1.0.3 Communication 2.1.3). Never goes back.
    ///
    /// # Errors
    /// When the log does not say how far it is.
    pub async fn consistent_through(&self) -> Result<Timestamp, QueryError> {
        // In this order: what is stamped later than the floor may come meanwhile, what is stamped before is below the heads.
        let floor = self.in_flight.floor();
        let mut through = floor.as_micros();
        for (partition, head) in self.heads().await? {
            let reached = self.progress.reached(NAME, partition);
            if reached.next < head {
                through = through.min(reached.stored.as_micros());
            }
        }
        let told = self.told.fetch_max(through, Ordering::Relaxed);
        Ok(Timestamp::from_micros(told.max(through)))
    }

    /// Waits until answers have everything that was confirmed before this call, at most for `patience`; says whether they have.
    ///
    /// # Errors
    /// When the log does not say how far it is.
    pub async fn wait_for_head(&self, patience: Duration) -> Result<bool, QueryError> {
        let heads = self.heads().await?;
        let all = async {
            for (partition, head) in heads {
                if !self.progress.wait(NAME, partition, head, patience).await {
                    return false;
                }
            }
            true
        };
        Ok(tokio::time::timeout(patience, all).await.unwrap_or(false))
    }

    async fn heads(&self) -> Result<Vec<(Partition, Position)>, QueryError> {
        let mut heads = Vec::new();
        for partition in 0..self.log.partitions() {
            heads.push((partition, self.log.head(partition).await?));
        }
        Ok(heads)
    }
}
