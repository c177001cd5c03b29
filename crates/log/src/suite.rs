//! What every log keeps: the tests that each backend runs with one line.
//!
//! ```ignore
//! #[tokio::test(flavor = "multi_thread")]
//! async fn keeps_the_contract() {
//!     plaudit_log::suite::run(async |name: &str| open_log_named(name).await).await;
//! }
//! ```
//!
//! `open` opens the log of that name: a new and empty one the first time, the same records every later time. The
//! suite drops its handle before it opens a log again. Nothing here assumes positions without gaps, or how many
//! partitions there are.

mod kit;
mod order;
mod reading;
mod survival;

use std::sync::Arc;

use crate::Log;

/// Runs all promises, each on a log of its own.
///
/// # Panics
/// When a promise is broken.
pub async fn run<L: Log>(open: impl AsyncFn(&str) -> Arc<L>) {
    order::calls_in_order_are_records_in_order(open("order").await).await;
    order::concurrent_appends_are_there_once_each_in_its_task_s_order(open("concurrent").await).await;
    order::a_batch_spans_partitions_and_says_where(open("atomic").await).await;
    order::an_empty_batch_is_confirmed_and_leaves_nothing(open("empty").await).await;
    order::a_dropped_confirmation_takes_nothing_back(open("dropped").await).await;
    reading::starts_at_any_position(open("positions").await).await;
    reading::honours_bytes_max(open("bytes-max").await).await;
    reading::gives_nothing_at_the_head_and_past_it(open("head").await).await;
    reading::waits_for_the_head_with_patience(open("wait").await).await;
    reading::sees_what_is_confirmed(open("visible").await).await;
    survival::every_byte_survives(open("bytes").await).await;
    survival::a_big_batch_survives(open("big").await).await;
    survival::too_large_a_batch_leaves_nothing(open("too-large").await).await;
    survival::a_reopened_log_goes_on(&open).await;
}
