//! The contract of Plaudit's log: partitioned, append-only, durable before it confirms.
//!
//! A [`Batch`] is appended whole or not at all, also over several partitions. [`Log::read`] gives the records of
//! one partition in order, from any [`Position`]. [`suite`] is what every backend passes.

mod batch;
mod contract;
mod error;
pub mod suite;

pub use batch::{Batch, Headers, RecordRef, Records};
pub use contract::{Appended, Confirmation, Log, Partition, Position, partition_of};
pub use error::LogError;
