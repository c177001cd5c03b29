//! How much ingest lets wait and remembers.

use std::time::Duration;

/// The limits of ingest.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many statements may be confirmed or in flight and not yet absorbed by the `statements` rows. They are remembered by id, about
    /// 100 bytes each; past it writes are refused until the projector has caught up.
    pub recents_max: usize,
    /// How many statements one request may bring.
    pub statements_per_batch_max: usize,
    /// How long a request waits for the log's confirmation before it gives up.
    pub confirm_wait_max: Duration,
}

/// 200 MB at most, and minutes of work for a projector that keeps pace with ingest.
const RECENTS_MAX: usize = 2_000_000;
/// What the largest body can hold of the smallest valid statements, with room.
const STATEMENTS_PER_BATCH_MAX: usize = 100_000;
/// Longer than any sync of a healthy disk, shorter than the patience of HTTP clients.
const CONFIRM_WAIT_MAX: Duration = Duration::from_secs(20);

impl Default for Limits {
    fn default() -> Self {
        Self {
            recents_max: RECENTS_MAX,
            statements_per_batch_max: STATEMENTS_PER_BATCH_MAX,
            confirm_wait_max: CONFIRM_WAIT_MAX,
        }
    }
}
