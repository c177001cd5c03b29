//! Which problem an error of the other crates is. What the client can do nothing about is logged here, once.

use std::error::Error;

use plaudit_engagement::DefinitionError;
use plaudit_ingest::IngestError;
use plaudit_log::LogError;
use plaudit_query::QueryError;
use plaudit_store::StoreError;
use plaudit_xapi::Invalid;
use serde_json::json;

use super::{Kind, Problem};

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        Self::new(Kind::Invalid, invalid.to_string())
            .with("pointer", invalid.pointer)
            .with("rule", invalid.rule)
            .with("section", invalid.section)
            .with("offset", invalid.offset)
    }
}

impl From<IngestError> for Problem {
    fn from(error: IngestError) -> Self {
        let detail = error.to_string();
        match error {
            IngestError::Conflict { id } => Self::new(Kind::Conflict, detail).with("id", id.to_string()),
            IngestError::Repeated { id } => Self::new(Kind::Invalid, detail).with("id", id.to_string()),
            IngestError::BatchTooLarge { statements_max, .. } => {
                Self::new(Kind::TooLarge, detail).with("limit", statements_max)
            }
            IngestError::Behind { waiting_max, .. } => {
                Self::new(Kind::Overloaded, detail).with("limit", waiting_max)
            }
            IngestError::Starting => Self::new(Kind::Unavailable, detail),
            IngestError::Unconfirmed { .. } => logged(Kind::Unavailable, &error),
            IngestError::Lookup(_) => logged(Kind::Unavailable, &error),
            IngestError::Log(cause) => cause.into(),
        }
    }
}

impl From<LogError> for Problem {
    fn from(error: LogError) -> Self {
        match error {
            LogError::TooLarge { bytes_max, .. } => {
                Self::new(Kind::TooLarge, error.to_string()).with("limit", bytes_max)
            }
            LogError::Overloaded { .. } => Self::new(Kind::Overloaded, error.to_string()),
            LogError::Closed => Self::new(Kind::Unavailable, error.to_string()),
            LogError::Full(_) => logged(Kind::Full, &error),
            LogError::Unconfirmed(_) => logged(Kind::Unavailable, &error),
            LogError::Damaged { .. } | LogError::InUse { .. } | LogError::Io(_) => {
                logged(Kind::Internal, &error)
            }
        }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Cursor => Self::malformed(error.to_string()),
            QueryError::Unknown { what } => Self::new(Kind::NotFound, what),
            QueryError::Store(cause) => cause.into(),
            QueryError::Log(cause) => cause.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => logged(Kind::Unavailable, &error),
            _ => logged(Kind::Internal, &error),
        }
    }
}

/// A definition or matcher with everything that is wrong with it.
pub(crate) fn refused(kind: Kind, error: &DefinitionError) -> Problem {
    let first = error.faults.first().map(ToString::to_string).unwrap_or_default();
    let detail = match error.faults.len() {
        0 | 1 => first,
        more => format!("{first}, and {} more", more - 1),
    };
    Problem::new(kind, detail).with("errors", json!(error.faults))
}

/// A problem for the client, without the causes, which go to the log.
pub(crate) fn logged(kind: Kind, error: &dyn Error) -> Problem {
    tracing::error!(error = chain(error), "request failed");
    match kind {
        Kind::Internal => Problem::new(kind, "the server could not answer; its log says why"),
        _ => Problem::new(kind, error.to_string()),
    }
}

/// The error and its causes in one line.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
