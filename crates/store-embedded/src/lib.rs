//! The table store on local disk, on an LSM tree.

mod embedded;
mod error;
mod found;
mod idle;
mod key;
mod lsm;
mod metrics;
mod options;
mod point;
mod range;
mod repair;
mod row;
mod space;
mod tree;
mod varint;
mod writes;

pub use embedded::EmbeddedStore;
pub use options::Options;
