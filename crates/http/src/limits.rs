//! How much a client may send, and how much the server does at once.

use std::time::Duration;

/// The limits of HTTP.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one request body; more is 413.
    pub body_bytes_max: usize,
    /// Bytes of all request bodies that are in memory at once; past it requests get 503.
    pub bodies_bytes_max: usize,
    /// How long a client may pause while it sends a body; then 408.
    pub body_pause_max: Duration,
    /// How long a client may take for a whole body; then 408.
    pub body_wait_max: Duration,
    /// Requests that are served at once; past it requests get 503.
    pub requests_max: usize,
    /// Pages of statements that are made at once; further ones wait for their turn, and then get 503.
    pub lists_max: usize,
    /// Bytes of statements that may wait for clients to take them; past it lists get 503.
    pub answers_bytes_max: usize,
    /// How long a read waits until it sees what was confirmed before it came.
    pub read_wait_max: Duration,
}

/// Some 13,000 ordinary statements; below the largest batch that the log takes.
const BODY_BYTES_MAX: usize = 10 << 20;
/// 25 of the largest bodies: memory stays flat whatever clients do.
const BODIES_BYTES_MAX: usize = 256 << 20;
/// Longer than any hiccup of a mobile network that still delivers.
const BODY_PAUSE_MAX: Duration = Duration::from_secs(10);
/// Enough for the largest body over 1 Mbit/s.
const BODY_WAIT_MAX: Duration = Duration::from_secs(120);
/// Far more than keep the log busy; each costs some kilobytes.
const REQUESTS_MAX: usize = 4096;
/// Each takes 16 MB at most, and a few are enough to keep the disk busy.
const LISTS_MAX: usize = 16;
/// Hundreds of ordinary pages for clients that read slowly.
const ANSWERS_BYTES_MAX: usize = 128 << 20;
/// Many times the usual lag; past it clients get what is there, and a header that says so.
const READ_WAIT_MAX: Duration = Duration::from_secs(2);

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: BODY_BYTES_MAX,
            bodies_bytes_max: BODIES_BYTES_MAX,
            body_pause_max: BODY_PAUSE_MAX,
            body_wait_max: BODY_WAIT_MAX,
            requests_max: REQUESTS_MAX,
            lists_max: LISTS_MAX,
            answers_bytes_max: ANSWERS_BYTES_MAX,
            read_wait_max: READ_WAIT_MAX,
        }
    }
}
