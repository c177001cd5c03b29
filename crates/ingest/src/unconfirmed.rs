//! Between the hand-over to the log and its confirmation.

use std::time::Duration;

use plaudit_log::{Appended, LogError};
use plaudit_xapi::StatementId;

use crate::pending::Pending;
use crate::{IngestError, Metrics};

/// Statements that the log has been given and has not confirmed yet.
pub struct Unconfirmed {
    /// Nothing when all of them were stored before.
    pub(crate) pending: Option<Pending>,
    pub(crate) ids: Vec<StatementId>,
    pub(crate) wait_max: Duration,
    pub(crate) metrics: Metrics,
}

impl Unconfirmed {
    /// The ids, in order, once the statements are durable.
    ///
    /// # Errors
    /// When the log refuses, or does not confirm in time.
    pub async fn confirmed(self) -> Result<Vec<StatementId>, IngestError> {
        if let Some(pending) = self.pending {
            let outcome = in_time(self.wait_max, pending).await;
            outcome.inspect_err(|error| self.metrics.reject(error, self.ids.len()))?;
        }
        Ok(self.ids)
    }
}

/// What the log says, if it says it in time.
pub(crate) async fn in_time(
    wait_max: Duration,
    confirmation: impl Future<Output = Result<Appended, LogError>>,
) -> Result<Appended, IngestError> {
    match tokio::time::timeout(wait_max, confirmation).await {
        Ok(outcome) => Ok(outcome?),
        Err(_) => Err(IngestError::Unconfirmed { waited: wait_max }),
    }
}
