//! The store: the contract in terms of ordered keys and values.

use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use fjall::{Keyspace, OwnedWriteBatch, Readable, Snapshot};
use parking_lot::Mutex;
use plaudit_store::{
    Condition, Cursor, Generation, Order, RecordSource, Row, Scan, Slice, Store, StoreError, Table, Value,
    Write,
};

use crate::error::backend;
use crate::lsm::Lsm;
use crate::metrics::{Metrics, metric};
use crate::row::Records;
use crate::space::Space;
use crate::{Options, key, row};

/// A table store in a directory.
///
/// Its calls do their work on the caller's thread and return when it is done; only waiting for the disk to confirm
/// ([`Store::persist`], [`Store::compare_and_set`]) is handed to the runtime's blocking threads. So whoever reads or writes a lot
/// at once does it away from threads that serve others.
pub struct EmbeddedStore {
    lsm: Arc<Lsm>,
    records: Option<Arc<dyn RecordSource>>,
    /// Held from the look at a row to the write that depends on it.
    conditional: Mutex<()>,
    space: Space,
    metrics: Metrics,
}

impl EmbeddedStore {
    /// Opens the store in `dir`, or makes one there. With `records`, only the place of a record is kept, and its value is read from
    /// there; rows that were written without are still read.
    pub fn open(
        dir: &Path,
        options: Options,
        records: Option<Arc<dyn RecordSource>>,
    ) -> Result<Self, StoreError> {
        let lsm = Arc::new(Lsm::open(dir, &options)?);
        let space = Space::new(dir, options.reserve_bytes);
        let metrics = Metrics::new().map_err(metric)?;
        Ok(Self { lsm, records, conditional: Mutex::new(()), space, metrics })
    }

    /// Adds the metrics of this store to a registry.
    pub fn register(&self, registry: &prometheus::Registry) -> Result<(), StoreError> {
        self.metrics.register(registry).map_err(metric)
    }

    fn kept(&self) -> Records {
        if self.records.is_some() { Records::Place } else { Records::Whole }
    }

    fn put(
        &self,
        batch: &mut OwnedWriteBatch,
        keyspace: &Keyspace,
        table: &'static Table,
        row: &Row,
    ) -> Result<(), StoreError> {
        table.check_row(row)?;
        let (key, others) = row.split_at(table.key_len());
        batch.insert(keyspace, key::encode(table, key)?, row::encode(table.columns, others, self.kept()));
        Ok(())
    }

    fn write_now(&self, writes: &[Write]) -> Result<(), StoreError> {
        self.space.check()?;
        let mut batch = self.lsm.db().batch();
        for run in writes.chunk_by(|one, next| target(one) == target(next)) {
            let (table, generation) = target(&run[0]);
            let keyspace = self.lsm.ensure(table, generation)?;
            for write in run {
                match write {
                    Write::Put { row, .. } => self.put(&mut batch, &keyspace, table, row)?,
                    Write::Delete { key, .. } => {
                        table.check_key(key)?;
                        batch.remove(&keyspace, key::encode(table, key)?);
                    }
                }
            }
            self.metrics.count("write", table.name, run.len());
        }
        batch.commit().map_err(backend)
    }

    /// Writes the row if the condition holds; else says what row is there.
    fn set_if(
        &self,
        table: &'static Table,
        generation: Generation,
        row: &Row,
        condition: &Condition<'_>,
    ) -> Result<Result<(), Found>, StoreError> {
        let keyspace = self.lsm.ensure(table, generation)?;
        let mut found = Found::default();
        let key = key::encode(table, &row[..table.key_len()])?;
        let _held = self.conditional.lock();
        if let Some(value) = keyspace.get(&key).map_err(backend)? {
            found.push(table, &key, &value)?;
        }
        if !holds(table, condition, found.rows.first())? {
            return Ok(Err(found));
        }
        let mut batch = self.lsm.db().batch();
        self.put(&mut batch, &keyspace, table, row)?;
        batch.commit().map_err(backend)?;
        Ok(Ok(()))
    }

    async fn sync(&self) -> Result<(), StoreError> {
        let lsm = Arc::clone(&self.lsm);
        off_thread(move || lsm.sync()).await
    }
}

#[async_trait::async_trait]
impl Store for EmbeddedStore {
    async fn create(&self, tables: &[&'static Table]) -> Result<(), StoreError> {
        for table in tables {
            table.check_declaration()?;
            self.lsm.check_declaration(table)?;
        }
        Ok(())
    }

    async fn get(
        &self,
        table: &'static Table,
        generation: Generation,
        keys: &[Row],
    ) -> Result<Vec<Option<Row>>, StoreError> {
        let _timer = self.metrics.time("get", table.name);
        self.metrics.count("get", table.name, keys.len());
        let mut is_there = vec![false; keys.len()];
        let mut found = Found::default();
        if let Some(keyspace) = self.lsm.existing(table, generation)? {
            let snapshot = self.lsm.db().snapshot();
            for (key, is_there) in keys.iter().zip(&mut is_there) {
                *is_there = found.get(&snapshot, &keyspace, table, key)?;
            }
        }
        let mut rows = found.whole(table, self.records.as_deref()).await?.into_iter();
        Ok(is_there.into_iter().map(|is_there| if is_there { rows.next() } else { None }).collect())
    }

    async fn slice(
        &self,
        table: &'static Table,
        generation: Generation,
        partition: &[Value],
        slice: Slice<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let _timer = self.metrics.time("slice", table.name);
        let range = range_of(table, partition, slice)?;
        let mut found = Found::default();
        if let (Some(range), Some(keyspace)) = (range, self.lsm.existing(table, generation)?) {
            let rows = self.lsm.db().snapshot().range(&keyspace, range);
            match slice.order {
                Order::Ascending => found.extend(table, rows.take(slice.limit))?,
                Order::Descending => found.extend(table, rows.rev().take(slice.limit))?,
            }
        }
        self.metrics.count("slice", table.name, found.rows.len());
        found.whole(table, self.records.as_deref()).await
    }

    async fn records(&self, places: &[(u32, u64)]) -> Result<Vec<Bytes>, StoreError> {
        self.metrics.count("records", "log", places.len());
        let Some(source) = self.records.as_deref() else {
            return Err(StoreError::Backend("no log is at hand to read records from".into()));
        };
        let values = source.values(places).await?;
        if values.len() != places.len() {
            let found = format!("{} of {} records are in the log", values.len(), places.len());
            return Err(StoreError::Backend(found.into()));
        }
        Ok(values)
    }

    async fn scan(
        &self,
        table: &'static Table,
        generation: Generation,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Scan, StoreError> {
        let _timer = self.metrics.time("scan", table.name);
        let mut found = Found::default();
        let mut next = None;
        if let Some(keyspace) = self.lsm.existing(table, generation)? {
            let from = after.map_or(Bound::Unbounded, |cursor| Bound::Excluded(cursor.0.to_vec()));
            let rows = self.lsm.db().snapshot().range(&keyspace, (from, Bound::Unbounded));
            let limit = limit.max(1);
            found.extend(table, rows.take(limit))?;
            next = found
                .last_key
                .take()
                .filter(|_| found.rows.len() == limit)
                .map(|key| Cursor(Bytes::from(key)));
        }
        self.metrics.count("scan", table.name, found.rows.len());
        Ok(Scan { rows: found.whole(table, self.records.as_deref()).await?, next })
    }

    async fn write(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let _timer = self.metrics.time("write", "several");
        self.write_now(&writes)
    }

    async fn compare_and_set(
        &self,
        table: &'static Table,
        generation: Generation,
        row: Row,
        condition: Condition<'_>,
    ) -> Result<Result<(), Option<Row>>, StoreError> {
        let _timer = self.metrics.time("compare_and_set", table.name);
        self.metrics.count("compare_and_set", table.name, 1);
        self.space.check()?;
        table.check_row(&row)?;
        match self.set_if(table, generation, &row, &condition)? {
            Ok(()) => self.sync().await.map(Ok),
            Err(found) => Ok(Err(found.whole(table, self.records.as_deref()).await?.pop())),
        }
    }

    async fn drop_generation(&self, table: &'static Table, generation: Generation) -> Result<(), StoreError> {
        let _timer = self.metrics.time("drop_generation", table.name);
        self.lsm.drop_generation(table, generation)
    }

    async fn persist(&self) -> Result<(), StoreError> {
        let _timer = self.metrics.time("persist", "several");
        self.sync().await
    }
}

/// Rows as they were found: records of which only the place is kept are still without their bytes.
#[derive(Default)]
struct Found {
    rows: Vec<Row>,
    /// Row and column of each such record.
    places: Vec<(usize, usize)>,
    last_key: Option<Vec<u8>>,
}

impl Found {
    fn push(&mut self, table: &Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let mut row = Row::with_capacity(table.key_len() + table.columns.len());
        let mut columns = Vec::new();
        key::decode_into(&mut row, table, key)?;
        row::decode_into(&mut row, table, value, &mut columns)?;
        self.places.extend(columns.into_iter().map(|column| (self.rows.len(), column)));
        self.rows.push(row);
        Ok(())
    }

    /// Adds the row of that key; says whether there is one.
    fn get(
        &mut self,
        snapshot: &Snapshot,
        keyspace: &Keyspace,
        table: &Table,
        key: &Row,
    ) -> Result<bool, StoreError> {
        table.check_key(key)?;
        let key = key::encode(table, key)?;
        let Some(value) = snapshot.get(keyspace, &key).map_err(backend)? else { return Ok(false) };
        self.push(table, &key, &value)?;
        Ok(true)
    }

    fn extend(&mut self, table: &Table, rows: impl Iterator<Item = fjall::Guard>) -> Result<(), StoreError> {
        let mut last_key = None;
        for guard in rows {
            let (key, value) = guard.into_inner().map_err(backend)?;
            self.push(table, &key, &value)?;
            last_key = Some(key);
        }
        self.last_key = last_key.map(|key| key.to_vec());
        Ok(())
    }

    /// The rows with the bytes of all their records, which are read in one call.
    async fn whole(
        mut self,
        table: &Table,
        source: Option<&dyn RecordSource>,
    ) -> Result<Vec<Row>, StoreError> {
        if self.places.is_empty() {
            return Ok(self.rows);
        }
        let source =
            source.ok_or_else(|| table.damaged("only the place of a record, and no log is at hand"))?;
        let mut records = Vec::with_capacity(self.places.len());
        for (row, column) in &self.places {
            if let Value::Record(record) = &self.rows[*row][*column] {
                records.push((record.partition, record.position));
            }
        }
        let values = source.values(&records).await?;
        if values.len() != records.len() {
            return Err(table.damaged(format!(
                "{} of {} records are in the log",
                values.len(),
                records.len()
            )));
        }
        for ((row, column), bytes) in self.places.iter().zip(values) {
            if let Value::Record(record) = &mut self.rows[*row][*column] {
                record.bytes = bytes;
            }
        }
        Ok(self.rows)
    }
}

fn target(write: &Write) -> (&'static Table, Generation) {
    match write {
        Write::Put { table, generation, .. } | Write::Delete { table, generation, .. } => {
            (table, *generation)
        }
    }
}

fn holds(table: &Table, condition: &Condition<'_>, present: Option<&Row>) -> Result<bool, StoreError> {
    match condition {
        Condition::Absent => Ok(present.is_none()),
        Condition::Equals { column, value } => {
            let at = table.column(column).ok_or_else(|| table.mismatch(format!("no column `{column}`")))?;
            Ok(present.is_some_and(|row| same(&row[at], value)))
        }
    }
}

/// Two records of one place are the same; their bytes may not be at hand.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Record(one), Value::Record(other)) => {
            (one.partition, one.position) == (other.partition, other.position)
        }
        _ => one == other,
    }
}

type Range = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// The keys of a slice; `None` if there can be none.
fn range_of(table: &Table, partition: &[Value], slice: Slice<'_>) -> Result<Option<Range>, StoreError> {
    if table.access == plaudit_store::Access::Point {
        return Err(table.mismatch("a slice, but it has point access".to_owned()));
    }
    table.check_partition(partition)?;
    let whole = key::encode(table, partition)?;
    let end_of = |bound: &[Value]| -> Result<Vec<u8>, StoreError> {
        table.check_clustering_prefix(bound)?;
        let mut bytes = whole.clone();
        key::encode_into(&mut bytes, table, bound)?;
        Ok(bytes)
    };
    let from = match slice.from {
        Bound::Unbounded => Some(whole.clone()),
        Bound::Included(bound) => Some(end_of(bound)?),
        Bound::Excluded(bound) => key::after_prefix(end_of(bound)?),
    };
    let to = match slice.to {
        Bound::Unbounded => key::after_prefix(whole.clone()),
        Bound::Included(bound) => key::after_prefix(end_of(bound)?),
        Bound::Excluded(bound) => Some(end_of(bound)?),
    };
    Ok(match (from, to) {
        (None, _) => None,
        (Some(from), None) => Some((Bound::Included(from), Bound::Unbounded)),
        (Some(from), Some(to)) => (from < to).then_some((Bound::Included(from), Bound::Excluded(to))),
    })
}

/// Runs what waits for the disk where it holds up nobody else.
async fn off_thread(
    work: impl FnOnce() -> Result<(), StoreError> + Send + 'static,
) -> Result<(), StoreError> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => match runtime.spawn_blocking(work).await {
            Ok(result) => result,
            Err(error) => Err(StoreError::Backend(Box::new(error))),
        },
        Err(_) => work(),
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    struct Dir(TempDir);

    impl Dir {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("a directory"))
        }
    }

    #[async_trait::async_trait]
    impl plaudit_store::suite::Factory for Dir {
        type Store = EmbeddedStore;

        async fn open(&self, records: Arc<dyn RecordSource>) -> EmbeddedStore {
            EmbeddedStore::open(self.0.path(), Options::default(), Some(records)).expect("the store opens")
        }
    }

    plaudit_store::store_suite!(Dir::new());
}
