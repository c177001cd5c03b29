//! What can go wrong while a read is answered.

use plaudit_log::LogError;
use plaudit_store::StoreError;

/// Why a read got no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The client's cursor is not one that this server made for this tenant.
    #[error("the cursor is not one that this server gave out: ask again without it")]
    Cursor,
    /// There is nothing of that name.
    #[error("{what}")]
    Unknown {
        /// What there is not, as in "there is no funnel `x`".
        what: String,
    },
    /// The rows could not be read.
    #[error("the rows could not be read")]
    Store(#[from] StoreError),
    /// The log could not say how far it is.
    #[error("the head of the log could not be read")]
    Log(#[from] LogError),
}
