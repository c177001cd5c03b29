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
mod rows;
pub mod statements;
pub mod volume;

pub use error::ApplyError;
pub use generations::Generations;
pub use model::{Context, ReadModel, Recorded};
pub use plaudit_log::{Partition, Position};
pub use progress::{Progress, Reached};
pub use rows::Rows;

/// Makes a read model for a context.
pub type Factory = fn(Context) -> Box<dyn ReadModel>;

/// Every read model by name, each after those it waits for.
#[must_use]
pub fn all() -> Vec<(&'static str, Factory)> {
    vec![
        (statements::NAME, |context| Box::new(statements::Statements::new(context))),
        (definitions::NAME, |_| Box::new(definitions::Definitions)),
        (engagement::NAME, |context| Box::new(engagement::Engagement::new(context))),
        (volume::NAME, |context| Box::new(volume::Volume::new(context))),
    ]
}
