//! Trying again: pauses that grow, and one line in the log per change of state.

use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use tracing::{info, warn};

const PAUSE_MIN: Duration = Duration::from_millis(50);
/// Long enough to leave a sick store alone, short enough that nobody restarts the server out of impatience.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// How something that is tried again and again goes.
pub(crate) struct Retry {
    what: &'static str,
    failures: u32,
}

impl Retry {
    pub fn new(what: &'static str) -> Self {
        Self { what, failures: 0 }
    }

    /// Notes a failure; says so in the log when it is the first.
    pub fn failed(&mut self, error: &dyn Error) {
        self.failures = self.failures.saturating_add(1);
        if self.failures == 1 {
            warn!(what = self.what, error = chain(error), "failed, trying again until it works");
        }
    }

    /// Notes a success; says so in the log when it ends failures.
    pub fn succeeded(&mut self) {
        if self.failures > 0 {
            info!(what = self.what, failures = self.failures, "works again");
        }
        self.failures = 0;
    }

    /// How long to wait before the next attempt.
    pub fn pause(&self) -> Duration {
        PAUSE_MIN.saturating_mul(1 << self.failures.clamp(1, 16).saturating_sub(1)).min(PAUSE_MAX)
    }
}

/// An error with its causes in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_limit() {
        let mut retry = Retry::new("test");
        let mut pause = || {
            retry.failed(&std::fmt::Error);
            retry.pause()
        };
        assert_eq!([pause(), pause(), pause()].map(|pause| pause.as_millis()), [50, 100, 200]);
        let last = (0..100).map(|_| pause()).last();
        assert_eq!(last, Some(PAUSE_MAX));
    }
}
