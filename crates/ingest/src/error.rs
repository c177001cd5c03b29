//! What can go wrong with a write.

use std::time::Duration;

use plaudit_log::LogError;
use plaudit_xapi::StatementId;

use crate::LookupError;

/// Why a write was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The id is taken.
    #[error("statement `{id}` is already stored with different content")]
    Conflict {
        /// Which.
        id: StatementId,
    },
    /// The request names one id twice.
    #[error("statement id `{id}` appears more than once in the batch")]
    Repeated {
        /// Which.
        id: StatementId,
    },
    /// More statements than one request may bring.
    #[error("{statements} statements in one batch, at most {statements_max} are taken")]
    BatchTooLarge {
        /// How many came.
        statements: usize,
        /// How many are taken.
        statements_max: usize,
    },
    /// The rows are too far behind the log.
    #[error("{waiting} statements are not yet visible to queries, at most {waiting_max} may wait")]
    Behind {
        /// How many.
        waiting: usize,
        /// The limit.
        waiting_max: usize,
    },
    /// The tail of the log is still being read.
    #[error("the log is still being read after a start")]
    Starting,
    /// Whether the ids are known could not be found out.
    #[error("the ids could not be looked up")]
    Lookup(#[source] LookupError),
    /// The log did not confirm in time; it may still do so.
    #[error("the log gave no confirmation within {} ms", waited.as_millis())]
    Unconfirmed {
        /// How long it had.
        waited: Duration,
    },
    /// The log refused.
    #[error("the log did not take the batch")]
    Log(#[from] LogError),
}

impl IngestError {
    /// A word for the metric's label.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => "conflict",
            Self::Repeated { .. } => "repeated_id",
            Self::BatchTooLarge { .. } | Self::Log(LogError::TooLarge { .. }) => "too_large",
            Self::Behind { .. } => "rows_behind",
            Self::Starting => "starting",
            Self::Lookup(_) => "lookup",
            Self::Unconfirmed { .. } | Self::Log(LogError::Unconfirmed(_)) => "unconfirmed",
            Self::Log(LogError::Full(_)) => "log_full",
            Self::Log(LogError::Overloaded { .. }) => "log_overloaded",
            Self::Log(_) => "log",
        }
    }
}
