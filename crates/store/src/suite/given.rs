//! What the cases start from.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use uuid::Uuid;

use super::Factory;
use crate::{
    Generation, Order, RecordSource, Row, Slice, Store, StoreError, StoredRecord, Table, Value, Write,
};

/// An open store with the suite's tables, and a generation of its own.
pub(super) struct Given<'a, F: Factory> {
    pub(super) factory: &'a F,
    pub(super) store: Arc<F::Store>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) generation: Generation,
}

impl<'a, F: Factory> Given<'a, F> {
    pub(super) async fn tables(factory: &'a F, tables: &[&'static Table]) -> Self {
        let ledger = Arc::<Ledger>::default();
        let store = Arc::new(factory.open(ledger.clone()).await);
        store.create(tables).await.expect("tables are created");
        Self { factory, store, ledger, generation: fresh_generation() }
    }

    /// Closes the store and opens it again.
    pub(super) async fn reopened(self) -> Self {
        let Self { factory, store, ledger, generation } = self;
        drop(Arc::into_inner(store).expect("nobody else uses the store"));
        let store = Arc::new(factory.open(ledger.clone()).await);
        Self { factory, store, ledger, generation }
    }

    pub(super) fn put_of(&self, table: &'static Table, row: Row) -> Write {
        Write::Put { table, generation: self.generation, row }
    }

    pub(super) fn delete_of(&self, table: &'static Table, key: Row) -> Write {
        Write::Delete { table, generation: self.generation, key }
    }

    pub(super) async fn put(&self, table: &'static Table, rows: impl IntoIterator<Item = Row>) {
        let writes = rows.into_iter().map(|row| self.put_of(table, row)).collect();
        self.store.write(writes).await.expect("rows are written");
    }

    pub(super) async fn delete(&self, table: &'static Table, key: Row) {
        self.store.write(vec![self.delete_of(table, key)]).await.expect("the row is deleted");
    }

    pub(super) async fn get(&self, table: &'static Table, key: Row) -> Option<Row> {
        let mut rows = self.store.get(table, self.generation, &[key]).await.expect("the row is read");
        assert_eq!(rows.len(), 1, "one answer per key");
        rows.pop().flatten()
    }

    pub(super) async fn slice(
        &self,
        table: &'static Table,
        partition: &[Value],
        slice: Slice<'_>,
    ) -> Vec<Row> {
        self.store.slice(table, self.generation, partition, slice).await.expect("rows are read")
    }

    /// All rows of a partition.
    pub(super) async fn partition(&self, table: &'static Table, partition: &[Value]) -> Vec<Row> {
        self.slice(table, partition, everything(Order::Ascending)).await
    }

    /// All rows of the generation, page by page.
    pub(super) async fn scan(&self, table: &'static Table, limit: usize) -> Vec<Row> {
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let scan = self.store.scan(table, self.generation, after.as_ref(), limit).await;
            let scan = scan.expect("rows are read");
            assert!(scan.rows.len() <= limit, "{} rows of at most {limit}", scan.rows.len());
            rows.extend(scan.rows);
            match scan.next {
                Some(next) => after = Some(next),
                None => return rows,
            }
        }
    }
}

/// Rows with no bounds.
pub(super) fn everything(order: Order) -> Slice<'static> {
    Slice { from: std::ops::Bound::Unbounded, to: std::ops::Bound::Unbounded, order, limit: usize::MAX }
}

/// A generation that no other case has, also over one database for all. It fits CQL's `int`.
pub(super) fn fresh_generation() -> Generation {
    Generation(Uuid::new_v4().as_fields().0 >> 1)
}

/// Asserts that the call was refused for what it was given.
pub(super) fn assert_mismatch<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Mismatch { .. })), "expected a mismatch, got {result:?}");
}

/// A log that has nothing but the records that the cases made.
#[derive(Default)]
pub struct Ledger(Mutex<HashMap<(u32, u64), Bytes>>);

impl Ledger {
    /// A new record in the log.
    pub(super) fn record(&self, partition: u32, position: u64, bytes: &[u8]) -> StoredRecord {
        let bytes = Bytes::copy_from_slice(bytes);
        let mut records = self.0.lock().expect("no case panics meanwhile");
        records.insert((partition, position), bytes.clone());
        StoredRecord { partition, position, bytes }
    }
}

#[async_trait::async_trait]
impl RecordSource for Ledger {
    async fn values(&self, places: &[(u32, u64)]) -> Result<Vec<Bytes>, StoreError> {
        let records = self.0.lock().expect("no case panics meanwhile");
        Ok(places.iter().map(|place| records[place].clone()).collect())
    }
}
