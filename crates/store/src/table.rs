//! Declarations of tables.

/// A number that sets the rows of one build of a read model apart from those of another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u32);

/// A table: what a backend needs to create it and a reader to understand it.
///
/// The generation is an implicit first column of every partition key.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Name in `snake_case`, unique.
    pub name: &'static str,
    /// Grows when columns or their meaning change; a new version is a new table.
    pub version: u32,
    /// What one row is.
    pub doc: &'static str,
    /// Columns that decide where a row lives; rows that share them are kept together.
    pub partition_key: &'static [Column],
    /// Columns that order the rows of one partition.
    pub clustering_key: &'static [Column],
    /// The other columns.
    pub columns: &'static [Column],
}

impl Table {
    /// All columns in the order in which a row holds them: partition key, clustering key, the others.
    pub fn all_columns(&self) -> impl Iterator<Item = &'static Column> {
        self.partition_key.iter().chain(self.clustering_key).chain(self.columns)
    }

    /// How many columns the whole key has.
    #[must_use]
    pub fn key_len(&self) -> usize {
        self.partition_key.len() + self.clustering_key.len()
    }
}

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name in `snake_case`.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// What it says, with unit.
    pub doc: &'static str,
}

/// The type of a column. Key columns are of the kinds `Text`, `Uuid`, `Int`, `Timestamp` or `Blob`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// 16 bytes.
    Uuid,
    /// 64-bit signed.
    Int,
    /// Microseconds since 1970.
    Timestamp,
    /// True or false.
    Bool,
    /// 64-bit floating point.
    Float,
    /// Bytes.
    Blob,
    /// A record that is in the log too: where the log is at hand, a backend may keep only its place.
    Record,
}
