//! Drives read models along the log: batches, positions, rebuilds, lag, dead letters.
//!
//! A *projection* is one generation of a read model, for all tenants or for one, with a position of its own. Every read model has a
//! runner per partition: a thread that reads records, lets the model apply them, and writes the rows together
//! with the position they have absorbed, so that a crash at any instruction costs nothing but repeated work.
//!
//! | to know | read |
//! |---|---|
//! | which projections there are, and how a rebuild is swapped in | `catalog` |
//! | how a batch becomes rows, and what happens to a record that cannot be applied | `projection` |
//! | in which order a runner does things | `runner` |
//! | how rows are held against the log | `verify` |

mod catalog;
mod dead_letters;
mod decode;
mod error;
mod feed;
mod lag;
mod metrics;
mod model;
mod projection;
mod projector;
mod retry;
mod runner;
mod status;
mod tables;
#[cfg(test)]
mod tests;
mod verify;

pub use catalog::{Entry, State};
pub use dead_letters::{DeadLetter, Redo, Redone};
pub use error::ProjectorError;
pub use metrics::ProjectorMetrics;
pub use model::{Clock, Make, Models};
pub use projector::{Projector, ProjectorOptions};
pub use status::{BuildStatus, ProjectionStatus};
pub use tables::{DEAD_LETTERS, POSITIONS, PROJECTIONS};
pub use verify::{Difference, Replayed, Report, Verify, replay};
