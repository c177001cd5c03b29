//! Time and randomness, handed in so that tests can replay them.

use std::sync::Arc;

use plaudit_xapi::{StatementId, Timestamp};

/// Says what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Makes an id that was never used: a random UUID of version 4.
pub type NewId = Arc<dyn Fn() -> StatementId + Send + Sync>;

/// What the process gives to its parts.
#[derive(Clone)]
pub struct Handles {
    /// Time.
    pub clock: Clock,
    /// Ids for statements that come without one.
    pub new_id: NewId,
}
