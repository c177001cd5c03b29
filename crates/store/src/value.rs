//! Values and rows.

use bytes::Bytes;
use uuid::Uuid;

use crate::Kind;

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

impl Value {
    /// The kind of column that it fits; `None` for [`Value::Null`], which fits all that are not keys.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Null => return None,
            Self::Text(_) => Kind::Text,
            Self::Uuid(_) => Kind::Uuid,
            Self::Int(_) => Kind::Int,
            Self::Timestamp(_) => Kind::Timestamp,
            Self::Bool(_) => Kind::Bool,
            Self::Float(_) => Kind::Float,
            Self::Blob(_) => Kind::Blob,
            Self::Record(_) => Kind::Record,
        })
    }

    /// Whether it is [`Value::Null`].
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The UUID, if it is one.
    #[must_use]
    pub fn as_uuid(&self) -> Option<Uuid> {
        if let Self::Uuid(uuid) = self { Some(*uuid) } else { None }
    }

    /// The number, if it is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        if let Self::Int(int) = self { Some(*int) } else { None }
    }

    /// The microseconds since 1970, if it is a timestamp.
    #[must_use]
    pub fn as_timestamp(&self) -> Option<i64> {
        if let Self::Timestamp(micros) = self { Some(*micros) } else { None }
    }

    /// The truth value, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(bool) = self { Some(*bool) } else { None }
    }

    /// The floating point number, if it is one.
    #[must_use]
    pub fn as_float(&self) -> Option<f64> {
        if let Self::Float(float) = self { Some(*float) } else { None }
    }

    /// The bytes, if it is a blob.
    #[must_use]
    pub fn as_blob(&self) -> Option<&Bytes> {
        if let Self::Blob(bytes) = self { Some(bytes) } else { None }
    }

    /// The record, if it is one.
    #[must_use]
    pub fn as_record(&self) -> Option<&StoredRecord> {
        if let Self::Record(record) = self { Some(record) } else { None }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Uuid> for Value {
    fn from(uuid: Uuid) -> Self {
        Self::Uuid(uuid)
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<bool> for Value {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<f64> for Value {
    fn from(float: f64) -> Self {
        Self::Float(float)
    }
}

impl From<Bytes> for Value {
    fn from(bytes: Bytes) -> Self {
        Self::Blob(bytes)
    }
}

impl From<StoredRecord> for Value {
    fn from(record: StoredRecord) -> Self {
        Self::Record(record)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
