//! Every read model: its tables, its pure `apply`, its lookups; one file each.
//!
//! A [`ReadModel`] turns events into changes of [`Rows`]; the projector drives it and writes the rows together with
//! the position they have absorbed. Queries use the lookups of the same file, so the two agree on what a row means.

pub mod definitions;
pub mod engagement;
mod error;
mod generations;
mod model;
mod progress;
mod registry;
mod rows;
pub mod statements;

pub use error::ApplyError;
pub use generations::Generations;
pub use model::{Context, ReadModel, Recorded};
pub use progress::{Progress, Reached};
pub use registry::{Factory, all};
pub use rows::Rows;
pub use plaudit_log::{Partition, Position};
