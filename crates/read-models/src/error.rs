//! What can go wrong while a read model applies events.

use plaudit_log::{Partition, Position};
use plaudit_store::StoreError;

/// Why a batch of events was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The store did not answer; the batch may be tried again.
    #[error("the rows could not be read")]
    Store(#[from] StoreError),
    /// One record cannot be applied: it, and what follows of its learner, is parked.
    #[error("the record at {partition}/{} cannot be applied: {reason}", position.0)]
    Poison {
        /// Where it is.
        partition: Partition,
        /// Where it is.
        position: Position,
        /// What does not fit.
        reason: String,
    },
}
