//! What can go wrong around projections.

use plaudit_log::LogError;
use plaudit_store::StoreError;

/// Why a projector did not start or did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum ProjectorError {
    /// No read model has this name.
    #[error("no read model is called `{name}`; there are {known}")]
    UnknownModel {
        /// The name asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// The store did not answer.
    #[error("the projector's tables cannot be read or written")]
    Store(#[from] StoreError),
    /// The log did not answer.
    #[error("the log cannot be read")]
    Log(#[from] LogError),
    /// A row of the projector's own tables is not one.
    #[error("table `{table}` holds a row that the projector did not write: {what}")]
    Row {
        /// Which table.
        table: &'static str,
        /// What does not fit.
        what: &'static str,
    },
    /// Nothing of that learner is parked.
    #[error("nothing of learner `{learner}` of tenant `{tenant}` is parked")]
    NotParked {
        /// Whose.
        tenant: String,
        /// Which learner.
        learner: String,
    },
    /// A thread could not be started.
    #[error("no thread for a projection")]
    Thread(#[source] std::io::Error),
    /// The projector is stopping.
    #[error("the projector is stopping")]
    Stopped,
}
