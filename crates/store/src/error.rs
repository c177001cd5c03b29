//! What can go wrong with a store.

/// Why the store did not answer or did not write.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The medium is full; reads go on.
    #[error("no space left for the tables")]
    Full,
    /// The store cannot be reached or is too slow; trying again may help.
    #[error("the store is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Stored bytes do not fit the declaration of their table.
    #[error("table `{table}` holds something that is not one of its rows: {what}")]
    Damaged {
        /// Name of the table.
        table: &'static str,
        /// What does not fit.
        what: String,
    },
    /// The caller's row or key does not fit the declaration.
    #[error("not a row of table `{table}`: {what}")]
    Mismatch {
        /// Name of the table.
        table: &'static str,
        /// What does not fit.
        what: String,
    },
    /// The backend failed in a way of its own.
    #[error("the store failed")]
    Backend(#[source] Box<dyn std::error::Error + Send + Sync>),
}
