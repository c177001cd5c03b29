//! The resources; one file each.

pub(crate) mod about;
pub(crate) mod achievements;
mod asked;
pub(crate) mod definitions;
pub(crate) mod funnels;
pub(crate) mod learners;
pub(crate) mod recognition;
pub(crate) mod statements;
pub(crate) mod tables;
