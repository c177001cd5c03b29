//! The list of all read models.

use crate::definitions::Definitions;
use crate::engagement::Engagement;
use crate::statements::Statements;
use crate::{Context, ReadModel};

/// Makes a read model for a context.
pub type Factory = fn(Context) -> Box<dyn ReadModel>;

/// Every read model by name, each after those it waits for.
#[must_use]
pub fn all() -> Vec<(&'static str, Factory)> {
    vec![
        (crate::statements::NAME, |context| Box::new(Statements::new(context))),
        (crate::definitions::NAME, |_| Box::new(Definitions)),
        (crate::engagement::NAME, |context| Box::new(Engagement::new(context))),
    ]
}
