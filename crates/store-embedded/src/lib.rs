//! The table store on local disk, on an LSM tree.

mod embedded;
mod error;
mod key;
mod lsm;
mod metrics;
mod options;
mod row;
mod space;

pub use embedded::EmbeddedStore;
pub use options::Options;
