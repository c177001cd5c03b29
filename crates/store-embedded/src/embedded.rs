//! The store: the contract in terms of ordered keys and values.

use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use fjall::Readable;
use parking_lot::Mutex;
use plaudit_store::{
    Access, Condition, Cursor, Generation, Order, RecordSource, Row, Scan, Slice, Store, StoreError, Table,
    Value, Write,
};

use crate::error::backend;
use crate::found::Found;
use crate::idle::IdleWatch;
use crate::lsm::Lsm;
use crate::metrics::{Metrics, metric};
use crate::range::range_of;
use crate::row::Records;
use crate::tree::Tree;
use crate::writes::Writes;
use crate::{Options, key};

/// A table store in a directory.
///
/// **Threads.** Calls do their work on the caller's thread and return when it is done; only waiting for the disk to confirm
/// ([`Store::persist`], [`Store::compare_and_set`]) is handed to the runtime's blocking threads. A write may also wait, a tenth of a
/// second or so at a time, while merging is behind. So whoever reads or writes a lot at once does it away from threads that serve
/// others.
///
/// **Durability.** What a write has returned from survives the end of the process, and a failure of the machine once
/// [`Store::persist`] has returned. One call's changes are made together, also over several tables.
///
/// **A full disk.** Writes fail with [`StoreError::Full`] while less than [`Options::reserve_bytes`] are free, and go on by themselves
/// when space returns. Reads go on, except that a scan of a table with point access writes what is recent first.
pub struct EmbeddedStore {
    /// First, so that its thread has ended before the rest goes.
    _idle: IdleWatch,
    tree: Arc<Tree>,
    records: Option<Arc<dyn RecordSource>>,
    /// Held from the look at a row to the write that depends on it.
    conditional: Mutex<()>,
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
        let tree = Arc::new(Tree::open(dir, options)?);
        let metrics = Metrics::new().map_err(metric)?;
        let _idle = IdleWatch::start(&tree)?;
        Ok(Self { _idle, tree, records, conditional: Mutex::new(()), metrics })
    }

    /// Adds the metrics of this store to a registry.
    pub fn register(&self, registry: &prometheus::Registry) -> Result<(), StoreError> {
        self.metrics.register(registry, &self.tree).map_err(metric)
    }

    fn changes<'a>(&self, lsm: &'a Lsm) -> Writes<'a> {
        let kept = if self.records.is_some() { Records::Place } else { Records::Whole };
        Writes::new(lsm, kept)
    }

    fn write_now(&self, writes: &[Write]) -> Result<(), StoreError> {
        let lsm = self.tree.get_for_write()?;
        let mut changes = self.changes(&lsm);
        writes.iter().try_for_each(|write| changes.add(write))?;
        changes.commit(&self.metrics, "write")
    }

    /// The rows of those keys that have one, and which of them each key has.
    fn find(
        &self,
        table: &'static Table,
        generation: Generation,
        keys: &[Row],
    ) -> Result<(Found, Vec<Option<usize>>), StoreError> {
        let (mut found, mut places) = (Found::default(), vec![None; keys.len()]);
        keys.iter().try_for_each(|key| table.check_key(key))?;
        let keys: Vec<Vec<u8>> = keys.iter().map(|key| key::encode(table, key)).collect::<Result<_, _>>()?;
        let lsm = self.tree.get()?;
        let mut push = |at: usize, value: &[u8]| {
            places[at] = Some(found.rows.len());
            found.push(table, &keys[at], value)
        };
        match table.access {
            Access::Ordered => {
                let Some(keyspace) = lsm.existing(table, generation)? else {
                    return Ok((found, places));
                };
                let snapshot = lsm.db().snapshot();
                for (at, key) in keys.iter().enumerate() {
                    if let Some(value) = snapshot.get(&keyspace, key).map_err(backend)? {
                        push(at, &value)?;
                    }
                }
            }
            Access::Point => {
                if let Some(point) = lsm.existing_point(table, generation)? {
                    point.get(&keys, push)?;
                }
            }
        }
        Ok((found, places))
    }

    /// Up to `limit` rows after the cursor, and where to go on. A cursor is the encoded key of the last row.
    fn page(
        &self,
        table: &'static Table,
        generation: Generation,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<(Found, Option<Cursor>), StoreError> {
        let lsm = self.tree.get()?;
        let mut found = Found::default();
        match table.access {
            Access::Ordered => {
                let Some(keyspace) = lsm.existing(table, generation)? else { return Ok((found, None)) };
                let from = after.map_or(Bound::Unbounded, |cursor| Bound::Excluded(cursor.0.to_vec()));
                let rows = lsm.db().snapshot().range(&keyspace, (from, Bound::Unbounded));
                found.extend(table, rows.take(limit))?;
            }
            Access::Point => {
                let Some(point) = lsm.existing_point(table, generation)? else {
                    return Ok((found, None));
                };
                if after.is_none() {
                    let _turn = lsm.point_turn();
                    point.seal_now()?;
                }
                point.scan(after.map(|cursor| cursor.0.as_ref()), |key, value| {
                    found.push(table, key, value)?;
                    Ok(found.rows.len() < limit)
                })?;
            }
        }
        let last = found.rows.last().filter(|_| found.rows.len() == limit);
        let next = last.map(|row| key::encode(table, &row[..table.key_len()])).transpose()?;
        Ok((found, next.map(|key| Cursor(Bytes::from(key)))))
    }

    /// Writes the row if the condition holds; else says what row is there.
    fn set_if(
        &self,
        table: &'static Table,
        generation: Generation,
        row: &Row,
        condition: &Condition<'_>,
    ) -> Result<Result<(), Found>, StoreError> {
        let lsm = self.tree.get_for_write()?;
        let mut changes = self.changes(&lsm);
        changes.put(table, generation, row)?;
        let _held = self.conditional.lock();
        let (found, _) = self.find(table, generation, &[row[..table.key_len()].to_vec()])?;
        if holds(table, condition, found.rows.first())? {
            changes.commit(&self.metrics, "compare_and_set").map(Ok)
        } else {
            Ok(Err(found))
        }
    }

    async fn whole(&self, table: &'static Table, found: Found) -> Result<Vec<Row>, StoreError> {
        found.whole(table, self.records.as_deref()).await
    }

    async fn sync(&self) -> Result<(), StoreError> {
        let tree = Arc::clone(&self.tree);
        off_thread(move || tree.get()?.sync()).await
    }
}

#[async_trait::async_trait]
impl Store for EmbeddedStore {
    async fn create(&self, tables: &[&'static Table]) -> Result<(), StoreError> {
        // Tables that are there are no write: a server starts while the disk is full.
        let lsm = self.tree.get()?;
        for table in tables {
            table.check_declaration()?;
            lsm.check_declaration(table)?;
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
        let (found, places) = self.find(table, generation, keys)?;
        let mut rows: Vec<Option<Row>> = self.whole(table, found).await?.into_iter().map(Some).collect();
        Ok(places.into_iter().map(|place| place.and_then(|place| rows[place].take())).collect())
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
        let lsm = self.tree.get()?;
        let mut found = Found::default();
        if let (Some(range), Some(keyspace)) = (range, lsm.existing(table, generation)?) {
            let rows = lsm.db().snapshot().range(&keyspace, range);
            match slice.order {
                Order::Ascending => found.extend(table, rows.take(slice.limit))?,
                Order::Descending => found.extend(table, rows.rev().take(slice.limit))?,
            }
        }
        self.metrics.count("slice", table.name, found.rows.len());
        self.whole(table, found).await
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
        let (found, next) = self.page(table, generation, after, limit.max(1))?;
        self.metrics.count("scan", table.name, found.rows.len());
        Ok(Scan { rows: self.whole(table, found).await?, next })
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
        match self.set_if(table, generation, &row, &condition)? {
            Ok(()) => self.sync().await.map(Ok),
            Err(found) => Ok(Err(self.whole(table, found).await?.pop())),
        }
    }

    async fn drop_generation(&self, table: &'static Table, generation: Generation) -> Result<(), StoreError> {
        let _timer = self.metrics.time("drop_generation", table.name);
        // Also while the disk is full: it gives space back.
        self.tree.get()?.drop_generation(table, generation)
    }

    async fn persist(&self) -> Result<(), StoreError> {
        let _timer = self.metrics.time("persist", "several");
        self.sync().await
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
    use plaudit_store::{Column, Kind};
    use tempfile::TempDir;

    use super::*;

    /// A directory, and the options with which its store is opened.
    struct Dir(TempDir, Options);

    impl Dir {
        fn new(options: Options) -> Self {
            Self(tempfile::tempdir().expect("a directory"), options)
        }
    }

    #[async_trait::async_trait]
    impl plaudit_store::suite::Factory for Dir {
        type Store = EmbeddedStore;

        async fn open(&self, records: Arc<dyn RecordSource>) -> EmbeddedStore {
            EmbeddedStore::open(self.0.path(), self.1.clone(), Some(records)).expect("the store opens")
        }
    }

    plaudit_store::store_suite!(Dir::new(Options::default()));

    #[tokio::test]
    async fn while_idle_rows_are_written_out_and_still_found() {
        static POINT: Table = Table {
            name: "point",
            version: 1,
            doc: "Rows by key.",
            access: Access::Point,
            partition_key: &[Column::new("number", Kind::Int, "Which.")],
            clustering_key: &[],
            columns: &[Column::new("note", Kind::Text, "What.")],
        };
        let dir = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(dir.path(), Options::default(), None).unwrap();
        let row = |number: i64| -> Row { vec![number.into(), "a note that takes some memory".into()] };
        let put = |number| Write::Put { table: &POINT, generation: Generation(1), row: row(number) };
        store.write((0..20_000).map(put).collect()).await.unwrap();
        let lsm = store.tree.get().unwrap();
        assert!(lsm.usage().recent_bytes > 1_000_000 && lsm.usage().memtable_bytes > 500_000);
        lsm.write_out().unwrap();
        assert!(lsm.usage().recent_bytes < 1000, "sealed");
        let found = store.get(&POINT, Generation(1), &[vec![7.into()], vec![20_000.into()]]).await.unwrap();
        assert_eq!(found, [Some(row(7)), None]);
    }

    /// With so little memory that rows go to files and are merged all the time.
    mod small {
        use super::*;

        fn options() -> Options {
            let small = Options { memtable_bytes: 4096, cache_bytes: 65_536, ..Options::default() };
            Options { point_recent_bytes: 2048, point_filter_bytes: 2048, ..small }
        }

        plaudit_store::store_suite!(Dir::new(options()));
    }
}
