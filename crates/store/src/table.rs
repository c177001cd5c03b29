//! Declarations of tables.

use crate::{StoreError, Value};

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
    /// How its rows are looked up.
    pub access: Access,
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

    /// Where a row holds the column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.all_columns().position(|column| column.name == name)
    }

    /// Whether `row` has a value of the right kind for every column.
    pub fn check_row(&self, row: &[Value]) -> Result<(), StoreError> {
        let (key, others) = row.split_at(row.len().min(self.key_len()));
        self.check_key(key)?;
        self.check_values(self.columns, others, Nulls::Allowed)
    }

    /// Whether `key` has a value of the right kind for every column of the key.
    pub fn check_key(&self, key: &[Value]) -> Result<(), StoreError> {
        let (partition, clustering) = key.split_at(key.len().min(self.partition_key.len()));
        self.check_partition(partition)?;
        self.check_values(self.clustering_key, clustering, Nulls::Refused)
    }

    /// Whether `partition` has a value of the right kind for every column of the partition key.
    pub fn check_partition(&self, partition: &[Value]) -> Result<(), StoreError> {
        self.check_values(self.partition_key, partition, Nulls::Refused)
    }

    /// Whether `prefix` fits the first columns of the clustering key.
    pub fn check_clustering_prefix(&self, prefix: &[Value]) -> Result<(), StoreError> {
        let columns = self.clustering_key.get(..prefix.len()).ok_or_else(|| {
            let (most, given) = (self.clustering_key.len(), prefix.len());
            self.mismatch(format!("{given} values for at most {most} clustering columns"))
        })?;
        self.check_values(columns, prefix, Nulls::Refused)
    }

    /// Whether a store can make this table: names used once, key columns of kinds that have an order.
    pub fn check_declaration(&self) -> Result<(), StoreError> {
        for (at, column) in self.all_columns().enumerate() {
            if at < self.key_len() && !column.kind.is_for_keys() {
                return Err(self.mismatch(format!("key column `{}` is {:?}", column.name, column.kind)));
            }
            if self.column(column.name) != Some(at) || column.name == GENERATION_COLUMN {
                return Err(self.mismatch(format!("the name `{}` is used twice", column.name)));
            }
        }
        if self.partition_key.is_empty() {
            return Err(self.mismatch("no partition key".to_owned()));
        }
        if self.access == Access::Point && !self.clustering_key.is_empty() {
            return Err(self.mismatch("point access, but a clustering key".to_owned()));
        }
        Ok(())
    }

    fn check_values(&self, columns: &[Column], values: &[Value], nulls: Nulls) -> Result<(), StoreError> {
        if columns.len() != values.len() {
            return Err(self.mismatch(format!("{} values for {} columns", values.len(), columns.len())));
        }
        let misfit = columns.iter().zip(values).find(|(column, value)| match value.kind() {
            Some(kind) => kind != column.kind,
            None => nulls == Nulls::Refused,
        });
        misfit.map_or(Ok(()), |(column, value)| {
            let got = value.kind().map_or("nothing".to_owned(), |kind| format!("{kind:?}"));
            Err(self.mismatch(format!("column `{}` is {:?}, got {got}", column.name, column.kind)))
        })
    }

    /// The error that says `what` about this table.
    #[must_use]
    pub fn mismatch(&self, what: String) -> StoreError {
        StoreError::Mismatch { table: self.name, what }
    }

    /// The error that says `what` about bytes of this table.
    #[must_use]
    pub fn damaged(&self, what: impl Into<String>) -> StoreError {
        StoreError::Damaged { table: self.name, what: what.into() }
    }
}

/// Name of the implicit first column of every partition key.
pub const GENERATION_COLUMN: &str = "generation";

/// Whether a value may be missing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nulls {
    Allowed,
    Refused,
}

/// How the rows of a table are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// By key, and by slices of a partition.
    Ordered,
    /// By key only: there is no clustering key, and a slice is a [`StoreError::Mismatch`]. A scan gives the rows in any order.
    /// For tables with many small rows under random keys, which a backend may then keep in a cheaper way.
    Point,
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

impl Column {
    /// A column; for declarations.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { name, kind, doc }
    }
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

impl Kind {
    /// Whether a key column may be of this kind.
    #[must_use]
    pub fn is_for_keys(self) -> bool {
        matches!(self, Self::Text | Self::Uuid | Self::Int | Self::Timestamp | Self::Blob)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOAT: &[Column] = &[Column::new("ratio", Kind::Float, "")];
    const AT: &[Column] = &[Column::new("at", Kind::Text, "")];
    const TABLE: Table = Table {
        name: "things",
        version: 1,
        doc: "",
        access: Access::Ordered,
        partition_key: &[Column::new("tenant", Kind::Text, "")],
        clustering_key: &[Column::new("at", Kind::Timestamp, ""), Column::new("number", Kind::Int, "")],
        columns: &[Column::new("note", Kind::Text, "")],
    };

    fn says(result: Result<(), StoreError>) -> String {
        result.expect_err("refused").to_string()
    }

    #[test]
    fn a_row_has_a_value_of_the_right_kind_per_column() {
        let row = vec!["a".into(), Value::Timestamp(1), 2.into(), Value::Null];
        TABLE.check_row(&row).unwrap();
        TABLE.check_key(&row[..3]).unwrap();
        TABLE.check_clustering_prefix(&row[1..2]).unwrap();
        assert_eq!(says(TABLE.check_row(&row[..3])), "not a row of table `things`: 0 values for 1 columns");
        assert_eq!(says(TABLE.check_key(&row)), "not a row of table `things`: 3 values for 2 columns");
        let row = vec!["a".into(), 1.into(), 2.into(), Value::Null];
        assert_eq!(
            says(TABLE.check_row(&row)),
            "not a row of table `things`: column `at` is Timestamp, got Int"
        );
    }

    #[test]
    fn nothing_is_no_key() {
        let key = vec![Value::Null, Value::Timestamp(1), 2.into()];
        assert_eq!(
            says(TABLE.check_key(&key)),
            "not a row of table `things`: column `tenant` is Text, got nothing"
        );
    }

    #[test]
    fn columns_have_their_place_by_name() {
        assert_eq!(TABLE.column("number"), Some(2));
        assert_eq!(TABLE.column("nobody"), None);
    }

    #[test]
    fn a_declaration_is_checked() {
        TABLE.check_declaration().unwrap();
        let floats = Table { clustering_key: FLOAT, ..TABLE };
        assert_eq!(
            says(floats.check_declaration()),
            "not a row of table `things`: key column `ratio` is Float"
        );
        let twice = Table { columns: AT, ..TABLE };
        assert_eq!(
            says(twice.check_declaration()),
            "not a row of table `things`: the name `at` is used twice"
        );
        let point = Table { access: Access::Point, ..TABLE };
        assert!(point.check_declaration().is_err());
    }
}
