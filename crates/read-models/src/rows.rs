//! The rows that a batch of events reads and changes.
//!
//! Reads see what the batch has changed so far. Nothing reaches the store before the projector takes
//! [`Rows::into_writes`] and writes it together with the position.

use std::collections::HashMap;
use std::sync::Arc;

use plaudit_store::{Generation, Row, Slice, Store, StoreError, Table, Value, Write};

/// Rows of one generation, over a store.
pub struct Rows {
    store: Arc<dyn Store>,
    generation: Generation,
    changed: HashMap<(&'static str, Vec<u8>), Change>,
    order: Vec<Step>,
}

enum Step {
    Changed((&'static str, Vec<u8>)),
    Once(Write),
}

struct Change {
    table: &'static Table,
    key: Row,
    row: Option<Row>,
}

impl Rows {
    /// No changes yet, over `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, generation: Generation) -> Self {
        Self { store, generation, changed: HashMap::new(), order: Vec::new() }
    }

    /// The row of that key.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn get(&self, table: &'static Table, key: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.get_many(table, &[key.to_vec()]).await?.pop().flatten())
    }

    /// The row of each key, in the order asked.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn get_many(
        &self,
        table: &'static Table,
        keys: &[Row],
    ) -> Result<Vec<Option<Row>>, StoreError> {
        if self.changed.is_empty() {
            return self.store.get(table, self.generation, keys).await;
        }
        let mut found: Vec<Option<Option<Row>>> = Vec::with_capacity(keys.len());
        for key in keys {
            found.push(self.changed.get(&(table.name, key_bytes(key))).map(|change| change.row.clone()));
        }
        let missing: Vec<Row> =
            keys.iter().zip(&found).filter(|(_, row)| row.is_none()).map(|(key, _)| key.clone()).collect();
        let mut stored = match missing.is_empty() {
            true => Vec::new(),
            false => self.store.get(table, self.generation, &missing).await?,
        }
        .into_iter();
        Ok(found.into_iter().map(|row| row.unwrap_or_else(|| stored.next().flatten())).collect())
    }

    /// Rows of one partition as the store has them, overlaid with what the batch has changed, ascending and without limit.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn partition(
        &self,
        table: &'static Table,
        partition: &[Value],
    ) -> Result<Vec<Row>, StoreError> {
        let all = Slice {
            from: std::ops::Bound::Unbounded,
            to: std::ops::Bound::Unbounded,
            order: plaudit_store::Order::Ascending,
            limit: usize::MAX,
        };
        let mut rows = self.store.slice(table, self.generation, partition, all).await?;
        rows.retain(|row| !self.changed.contains_key(&(table.name, key_bytes(&row[..table.key_len()]))));
        let mine = self.changed.values().filter(|change| {
            change.table.name == table.name && change.key[..table.partition_key.len()] == *partition
        });
        rows.extend(mine.filter_map(|change| change.row.clone()));
        rows.sort_by_cached_key(|row| key_bytes(&row[..table.key_len()]));
        Ok(rows)
    }

    /// Writes the whole row.
    pub fn put(&mut self, table: &'static Table, row: Row) {
        let key = row[..table.key_len()].to_vec();
        self.change(table, key, Some(row));
    }

    /// Writes the whole row, which this batch neither reads through these `Rows` nor changes again. For many rows it is much cheaper
    /// than [`put`](Self::put).
    pub fn put_once(&mut self, table: &'static Table, row: Row) {
        self.order.push(Step::Once(Write::Put { table, generation: self.generation, row }));
    }

    /// Removes the row of that key.
    pub fn delete(&mut self, table: &'static Table, key: Row) {
        self.change(table, key, None);
    }

    /// The changes, in the order in which each row was first touched.
    #[must_use]
    pub fn into_writes(mut self) -> Vec<Write> {
        let generation = self.generation;
        let write = |step| {
            let place = match step {
                Step::Once(write) => return Some(write),
                Step::Changed(place) => place,
            };
            let Change { table, key, row } = self.changed.remove(&place)?;
            Some(match row {
                Some(row) => Write::Put { table, generation, row },
                None => Write::Delete { table, generation, key },
            })
        };
        self.order.into_iter().filter_map(write).collect()
    }

    fn change(&mut self, table: &'static Table, key: Row, row: Option<Row>) {
        let place = (table.name, key_bytes(&key));
        let change = Change { table, key, row };
        if self.changed.insert(place.clone(), change).is_none() {
            self.order.push(Step::Changed(place));
        }
    }
}

/// The key as bytes that sort like the key and are equal only for equal keys.
fn key_bytes(key: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(key.len() * 20);
    for value in key {
        match value {
            Value::Text(text) => terminated(&mut bytes, text.as_bytes()),
            Value::Blob(blob) => terminated(&mut bytes, blob),
            Value::Uuid(uuid) => bytes.extend_from_slice(uuid.as_bytes()),
            Value::Int(int) | Value::Timestamp(int) => {
                bytes.extend_from_slice(&(int.cast_unsigned() ^ (1 << 63)).to_be_bytes());
            }
            Value::Null | Value::Bool(_) | Value::Float(_) | Value::Record(_) => {
                unreachable!("keys are text, uuid, int, timestamp or blob")
            }
        }
    }
    bytes
}

fn terminated(out: &mut Vec<u8>, bytes: &[u8]) {
    for &byte in bytes {
        out.push(byte);
        if byte == 0 {
            out.push(0xff);
        }
    }
    out.extend_from_slice(&[0, 0]);
}
