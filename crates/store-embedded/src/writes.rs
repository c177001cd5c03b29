//! The changes of one call, gathered so that they can be made at once.

use std::sync::Arc;

use fjall::{Keyspace, OwnedWriteBatch, Slice};
use plaudit_store::{Access, Generation, StoreError, Table, Value, Write};

use crate::lsm::Lsm;
use crate::metrics::Metrics;
use crate::point::{Batch, PointTable};
use crate::row::Records;
use crate::{key, row};

/// Changes in the form that the tables keep them in.
pub(crate) struct Writes<'a> {
    lsm: &'a Lsm,
    records: Records,
    batch: OwnedWriteBatch,
    targets: Vec<Target>,
    /// Index of the target of the change before: the next one often has the same.
    latest: usize,
    key: Vec<u8>,
    value: Vec<u8>,
}

/// One table and generation.
struct Target {
    table: &'static Table,
    generation: Generation,
    rows: usize,
    place: Place,
}

enum Place {
    /// Keys with their values; `None` if the row goes.
    Ordered(Keyspace, Vec<(Slice, Option<Slice>)>),
    Point(Arc<PointTable>, Batch),
}

impl<'a> Writes<'a> {
    pub(crate) fn new(lsm: &'a Lsm, records: Records) -> Self {
        let (key, value) = (Vec::new(), Vec::new());
        Self { lsm, records, batch: lsm.db().batch(), targets: Vec::new(), latest: 0, key, value }
    }

    pub(crate) fn add(&mut self, write: &Write) -> Result<(), StoreError> {
        match write {
            Write::Put { table, generation, row } => self.put(table, *generation, row),
            Write::Delete { table, generation, key } => {
                table.check_key(key)?;
                self.change(table, *generation, key, None)
            }
        }
    }

    pub(crate) fn put(
        &mut self,
        table: &'static Table,
        generation: Generation,
        row: &[Value],
    ) -> Result<(), StoreError> {
        table.check_row(row)?;
        let (key, others) = row.split_at(table.key_len());
        self.change(table, generation, key, Some(others))
    }

    /// Makes the changes, all or none, and adds them to the metrics. While it does, they may already be seen in tables with point access.
    pub(crate) fn commit(mut self, metrics: &Metrics, operation: &str) -> Result<(), StoreError> {
        let rows: Vec<_> = self.targets.iter().map(|target| (target.table.name, target.rows)).collect();
        self.add_ordered();
        if self.targets.iter().all(|target| matches!(target.place, Place::Ordered(..))) {
            self.lsm.commit(self.batch)?;
        } else {
            self.commit_with_points()?;
        }
        rows.into_iter().for_each(|(table, rows)| metrics.count(operation, table, rows));
        Ok(())
    }

    fn commit_with_points(mut self) -> Result<(), StoreError> {
        let _turn = self.lsm.point_turn();
        for target in &self.targets {
            if let Place::Point(point, _) = &target.place {
                point.make_room()?;
            }
        }
        for target in self.targets {
            if let Place::Point(point, entries) = target.place {
                point.apply(entries, &mut self.batch);
            }
        }
        self.lsm.commit(self.batch)
    }

    /// Adds the rows of ordered tables to the batch, in the order of their keys: each is then inserted near the one before.
    fn add_ordered(&mut self) {
        for target in &mut self.targets {
            if let Place::Ordered(keyspace, rows) = &mut target.place {
                // Stable, so that the last change of a key stays the last.
                rows.sort_by(|one, other| one.0.cmp(&other.0));
                for (key, value) in rows.drain(..) {
                    match value {
                        Some(value) => self.batch.insert(keyspace, key, value),
                        None => self.batch.remove(keyspace, key),
                    }
                }
            }
        }
    }

    fn change(
        &mut self,
        table: &'static Table,
        generation: Generation,
        key: &[Value],
        others: Option<&[Value]>,
    ) -> Result<(), StoreError> {
        self.key.clear();
        key::encode_into(&mut self.key, table, key)?;
        self.value.clear();
        if let Some(others) = others {
            row::encode_into(&mut self.value, others, self.records);
        }
        let at = self.target(table, generation)?;
        let target = &mut self.targets[at];
        target.rows += 1;
        match (&mut target.place, others) {
            (Place::Ordered(_, rows), others) => {
                rows.push((self.key.as_slice().into(), others.map(|_| self.value.as_slice().into())));
            }
            (Place::Point(_, entries), others) => {
                entries.push(&self.key, others.map(|_| self.value.as_slice()))?
            }
        }
        Ok(())
    }

    /// Index of the target, which is added if it is new. A call has few of them.
    fn target(&mut self, table: &'static Table, generation: Generation) -> Result<usize, StoreError> {
        let is_it = |target: &Target| std::ptr::eq(target.table, table) && target.generation == generation;
        if self.targets.get(self.latest).is_some_and(is_it) {
            return Ok(self.latest);
        }
        self.latest = match self.targets.iter().position(is_it) {
            Some(at) => at,
            None => {
                let place = match table.access {
                    Access::Ordered => Place::Ordered(self.lsm.ensure(table, generation)?, Vec::new()),
                    Access::Point => {
                        Place::Point(self.lsm.ensure_point(table, generation)?, Batch::default())
                    }
                };
                self.targets.push(Target { table, generation, rows: 0, place });
                self.targets.len() - 1
            }
        };
        Ok(self.latest)
    }
}
