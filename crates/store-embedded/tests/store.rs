//! The embedded store against a model, and against being killed.

#![expect(clippy::unwrap_used, reason = "in a test, a step that fails ends it")]

#[path = "store/crash.rs"]
mod crash;
#[path = "store/files.rs"]
mod files;
#[path = "store/model.rs"]
mod model;

use plaudit_store_embedded::Options;

/// So little memory that rows go to files and are merged all the time.
fn small_options() -> Options {
    let small = Options { memtable_bytes: 16 * 1024, cache_bytes: 64 * 1024, ..Options::default() };
    Options { point_recent_bytes: 4 * 1024, point_filter_bytes: 4 * 1024, ..small }
}
