//! The resources; one file each.

pub(crate) mod about;
pub(crate) mod definitions;
pub(crate) mod statements;
pub(crate) mod tables;
