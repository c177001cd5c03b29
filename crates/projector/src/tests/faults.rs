//! A store that fails from some call on, before or in the middle of its work.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use plaudit_store::{
    Condition, Cursor, Generation, Row, Scan, Slice, Store, StoreError, Table, Value, Write,
};

/// What happens at the call that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written.
    Before,
    /// The first half of the changes is written, as by a store that has no transactions.
    Halfway,
    /// All is written, but nobody is told.
    After,
}

/// Passes calls on until none is left; then each fails.
pub struct Faulty {
    inner: Arc<dyn Store>,
    fault: Fault,
    left: AtomicI64,
}

impl Faulty {
    pub fn new(inner: Arc<dyn Store>, fault: Fault, calls: i64) -> Self {
        Self { inner, fault, left: AtomicI64::new(calls) }
    }

    /// Lets so many more calls through.
    pub fn allow(&self, calls: i64) {
        self.left.store(calls, Ordering::SeqCst);
    }

    /// Whether a call has failed.
    pub fn has_failed(&self) -> bool {
        self.left.load(Ordering::SeqCst) < 0
    }

    fn pass(&self) -> Result<(), StoreError> {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            left if left > 0 => Ok(()),
            _ => Err(StoreError::Full),
        }
    }
}

#[async_trait::async_trait]
impl Store for Faulty {
    async fn create(&self, tables: &[&'static Table]) -> Result<(), StoreError> {
        self.inner.create(tables).await
    }

    async fn get(
        &self,
        table: &'static Table,
        generation: Generation,
        keys: &[Row],
    ) -> Result<Vec<Option<Row>>, StoreError> {
        self.pass()?;
        self.inner.get(table, generation, keys).await
    }

    async fn slice(
        &self,
        table: &'static Table,
        generation: Generation,
        partition: &[Value],
        slice: Slice<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        self.inner.slice(table, generation, partition, slice).await
    }

    async fn records(&self, places: &[(u32, u64)]) -> Result<Vec<Bytes>, StoreError> {
        self.inner.records(places).await
    }

    async fn scan(
        &self,
        table: &'static Table,
        generation: Generation,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Scan, StoreError> {
        self.inner.scan(table, generation, after, limit).await
    }

    async fn write(&self, mut writes: Vec<Write>) -> Result<(), StoreError> {
        let outcome = self.pass();
        if outcome.is_err() && self.left.load(Ordering::SeqCst) == -1 {
            match self.fault {
                Fault::Before => writes.clear(),
                Fault::Halfway => writes.truncate(writes.len().div_ceil(2)),
                Fault::After => {}
            }
            self.inner.write(writes).await?;
        } else if outcome.is_ok() {
            self.inner.write(writes).await?;
        }
        outcome
    }

    async fn compare_and_set(
        &self,
        table: &'static Table,
        generation: Generation,
        row: Row,
        condition: Condition<'_>,
    ) -> Result<Result<(), Option<Row>>, StoreError> {
        self.inner.compare_and_set(table, generation, row, condition).await
    }

    async fn drop_generation(&self, table: &'static Table, generation: Generation) -> Result<(), StoreError> {
        self.inner.drop_generation(table, generation).await
    }

    async fn persist(&self) -> Result<(), StoreError> {
        self.inner.persist().await
    }
}
