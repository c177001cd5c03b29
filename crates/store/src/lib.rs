//! The contract of Plaudit's table store: declared tables with typed columns, rows under a partition key and a
//! clustering key, as CQL has them.
//!
//! A [`Table`] is declared once, as a value; encodings, CQL and documents follow from it. Every row belongs to a
//! [`Generation`], so that a read model can be rebuilt beside the one that serves. [`suite`] is what every backend passes.

mod contract;
pub mod cql;
mod error;
pub mod suite;
mod table;
mod value;

pub use contract::{Condition, Cursor, Order, RecordSource, Scan, Slice, Store, Write};
pub use error::StoreError;
pub use table::{Access, Column, GENERATION_COLUMN, Generation, Kind, Table};
pub use value::{Row, StoredRecord, Value};
