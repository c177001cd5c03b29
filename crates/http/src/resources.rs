//! The resources; one file each.

pub(crate) mod about;
pub(crate) mod statements;
