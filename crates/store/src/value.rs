//! Values and rows.

use bytes::Bytes;
use uuid::Uuid;

/// One row: a value per column, in the order of [`crate::Table::all_columns`].
pub type Row = Vec<Value>;

/// The value of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing; never in a key.
    Null,
    /// Of [`crate::Kind::Text`].
    Text(String),
    /// Of [`crate::Kind::Uuid`].
    Uuid(Uuid),
    /// Of [`crate::Kind::Int`].
    Int(i64),
    /// Of [`crate::Kind::Timestamp`]: microseconds since 1970.
    Timestamp(i64),
    /// Of [`crate::Kind::Bool`].
    Bool(bool),
    /// Of [`crate::Kind::Float`].
    Float(f64),
    /// Of [`crate::Kind::Blob`].
    Blob(Bytes),
    /// Of [`crate::Kind::Record`].
    Record(StoredRecord),
}

/// The value of a log record, and where the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// Partition of the log.
    pub partition: u32,
    /// Position in it.
    pub position: u64,
    /// The record's value.
    pub bytes: Bytes,
}
