//! What a table store promises.

use std::ops::Bound;

use bytes::Bytes;

use crate::{Generation, Row, StoreError, Table, Value};

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Writes the whole row, replacing one of the same key.
    Put {
        /// Where.
        table: &'static Table,
        /// Of which generation.
        generation: Generation,
        /// A value per column.
        row: Row,
    },
    /// Removes the row of that key, if it is there.
    Delete {
        /// Where.
        table: &'static Table,
        /// Of which generation.
        generation: Generation,
        /// A value per key column.
        key: Row,
    },
}

/// Which rows of one partition, in which order.
#[derive(Clone, Copy, Debug)]
pub struct Slice<'a> {
    /// Lower bound on the clustering key, or on the first columns of it: `Included` starts with the first row that has these values,
    /// `Excluded` after the last one.
    pub from: Bound<&'a [Value]>,
    /// Upper bound on the clustering key, or on the first columns of it: `Included` ends with the last row that has these values,
    /// `Excluded` before the first one.
    pub to: Bound<&'a [Value]>,
    /// Ascending or descending by clustering key.
    pub order: Order,
    /// At most so many rows.
    pub limit: usize,
}

/// Order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Smallest clustering key first.
    Ascending,
    /// Largest clustering key first.
    Descending,
}

/// Where a scan of a whole table goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub Bytes);

/// Some rows of a whole table.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

/// What has to be true of the present row for a compare-and-set.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition<'a> {
    /// There is no row of that key.
    Absent,
    /// That column of the present row has that value.
    Equals {
        /// Name of the column.
        column: &'static str,
        /// Its value.
        value: &'a Value,
    },
}

/// A store of declared tables.
///
/// Rows of a partition are in order of their clustering key, column by column: numbers and timestamps by value, text, blobs and
/// UUIDs by their bytes. Calls with rows, keys or bounds that do not fit the declaration fail with [`StoreError::Mismatch`] and
/// change nothing.
#[async_trait::async_trait]
pub trait Store: Send + Sync + 'static {
    /// Makes sure that the tables are there, as declared.
    async fn create(&self, tables: &[&'static Table]) -> Result<(), StoreError>;

    /// The row of each key (partition and clustering key), in the order asked.
    async fn get(
        &self,
        table: &'static Table,
        generation: Generation,
        keys: &[Row],
    ) -> Result<Vec<Option<Row>>, StoreError>;

    /// Rows of one partition, in order of their clustering key.
    async fn slice(
        &self,
        table: &'static Table,
        generation: Generation,
        partition: &[Value],
        slice: Slice<'_>,
    ) -> Result<Vec<Row>, StoreError>;

    /// The values of the records at (partition, position), in the order asked, for who knows the place of a record but not the rows
    /// that have it. A place that was never written in a column of [`crate::Kind::Record`] is an error.
    async fn records(&self, places: &[(u32, u64)]) -> Result<Vec<Bytes>, StoreError>;

    /// Rows of a whole generation, each exactly once, in an order of the backend's own. Rows that change meanwhile may or may not be
    /// among them. A page may be shorter than `limit`; only `next` tells the end.
    async fn scan(
        &self,
        table: &'static Table,
        generation: Generation,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Scan, StoreError>;

    /// Applies the changes. They are seen by every later read.
    ///
    /// A backend that cannot make them one (CQL over several partitions) applies them in order, each idempotent, and all of them again
    /// when the caller repeats the call after a failure. So callers write what others depend on first and positions last.
    /// After a crash of the machine, changes may be gone, but never an earlier call's without a later one's.
    async fn write(&self, writes: Vec<Write>) -> Result<(), StoreError>;

    /// Writes `row` if the condition holds, durably; else returns the present row.
    ///
    /// Of several such calls for one key at once, each sees what those before it wrote. A [`Store::write`] to the same key at the
    /// same time may be overwritten: tables should know one of the two ways only.
    async fn compare_and_set(
        &self,
        table: &'static Table,
        generation: Generation,
        row: Row,
        condition: Condition<'_>,
    ) -> Result<Result<(), Option<Row>>, StoreError>;

    /// Removes all rows of a generation from a table; gives the space back in the background.
    async fn drop_generation(&self, table: &'static Table, generation: Generation) -> Result<(), StoreError>;

    /// Makes durable what was written so far.
    async fn persist(&self) -> Result<(), StoreError>;
}

/// Reads a record's value back from the log, for backends that keep only its place.
#[async_trait::async_trait]
pub trait RecordSource: Send + Sync + 'static {
    /// The values of the records at (partition, position), in the order asked.
    async fn values(&self, places: &[(u32, u64)]) -> Result<Vec<Bytes>, StoreError>;
}
