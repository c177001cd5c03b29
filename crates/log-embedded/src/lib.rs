//! The log on local disk: zero-filled, recycled segment files with group-committed fsync.
//!
//! [`EmbeddedLog`] is the door. An append waits in the queue, the committer writes all that wait as frames into the
//! active segment, syncs once, and confirms. Full segments are sealed: compressed into blocks in the background.
//! The bytes are described in `format.rs`, the rules after a crash in `tail.rs` and `recovery.rs`.

mod activate;
mod cache;
mod committer;
mod directory;
mod disk;
mod format;
mod frames;
mod inspect;
mod log;
mod metrics;
mod queue;
mod raw;
mod records;
mod recovery;
mod seal;
mod sealed;
mod sealer;
mod segments;
mod spares;
mod tail;

pub use disk::{Disk, RealDisk};
pub use inspect::{LogDescription, SegmentDescription, Verification, Verified};
pub use log::{
    BATCH_BYTES_MAX, CACHE_BYTES_MAX, EmbeddedLog, Options, QUEUE_BYTES_MAX, RESERVE_BYTES, SEGMENT_BYTES,
    SEGMENT_BYTES_MAX,
};
pub use metrics::Metrics;
