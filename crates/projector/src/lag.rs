//! How old the oldest record is that a runner has not absorbed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use plaudit_xapi::Timestamp;

const NONE: i64 = i64::MIN;
const MICROS_PER_SECOND: f64 = 1e6;

/// Shared by a runner, which says what it is at, and who reports it.
#[derive(Clone, Debug)]
pub(crate) struct Lag(Arc<AtomicI64>);

impl Default for Lag {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(NONE)))
    }
}

impl Lag {
    /// The next records to be absorbed begin with one stored then; `None` when there are none.
    pub fn at(&self, stored: Option<Timestamp>) {
        self.0.store(stored.map_or(NONE, Timestamp::as_micros), Ordering::Relaxed);
    }

    /// Seconds since the oldest record that waits was stored, 0 when none does.
    pub fn seconds(&self, now: Timestamp) -> f64 {
        match self.0.load(Ordering::Relaxed) {
            NONE => 0.0,
            stored => {
                #[expect(clippy::cast_precision_loss, reason = "a lag of 2^53 µs is 285 years")]
                let micros = now.as_micros().saturating_sub(stored).max(0) as f64;
                micros / MICROS_PER_SECOND
            }
        }
    }
}
