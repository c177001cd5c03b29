//! What can go wrong with a log.

use crate::{Partition, Position};

/// Why an append was not confirmed or a read gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The medium is full; reads go on.
    #[error("no space left for the log")]
    Full(#[source] Option<std::io::Error>),
    /// The batch is larger than the log takes.
    #[error("a batch of {bytes} bytes is over the log's limit of {bytes_max}")]
    TooLarge {
        /// Size of the batch.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// More is waiting than the log lets wait.
    #[error("{bytes} bytes are already waiting to be appended")]
    Overloaded {
        /// Bytes in line.
        bytes: usize,
    },
    /// The log did not confirm; whether the records are there is not known.
    #[error("the log did not confirm")]
    Unconfirmed(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// Stored bytes are not what was written.
    #[error("record at {partition}/{} is damaged: {what}", position.0)]
    Damaged {
        /// Where.
        partition: Partition,
        /// Where in the partition.
        position: Position,
        /// What does not fit.
        what: String,
    },
    /// Somebody else writes to this log.
    #[error("{log} is in use by another process")]
    InUse {
        /// Which log: its directory or its address.
        log: String,
    },
    /// The log is closing.
    #[error("the log is closed")]
    Closed,
    /// The medium failed.
    #[error("the log's medium failed")]
    Io(#[from] std::io::Error),
}
