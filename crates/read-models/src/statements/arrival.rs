//! The statements of a batch, without those whose id was taken.

use std::collections::HashMap;

use bytes::Bytes;
use plaudit_event::{Event, StatementEvent};
use plaudit_log::Partition;
use plaudit_store::{Row, StoredRecord, Value};
use plaudit_xapi::{Statement, StatementId};

use super::tables::{DUPLICATES, STATEMENTS};
use super::{TenantNumber, Tenants};
use crate::{ApplyError, Recorded, Rows};

/// A statement that is stored by a record of the batch.
#[derive(Clone, Copy)]
pub(super) struct Arrival<'a, 'b> {
    pub(super) tenant: TenantNumber,
    pub(super) id: StatementId,
    pub(super) partition: Partition,
    pub(super) position: u64,
    pub(super) event: &'a StatementEvent<'b>,
    pub(super) statement: &'a Statement<'b>,
}

/// The statements of a batch.
pub(super) struct Arrivals<'a, 'b> {
    list: Vec<Arrival<'a, 'b>>,
    numbers: HashMap<(TenantNumber, StatementId), usize>,
}

impl<'a, 'b> Arrivals<'a, 'b> {
    /// Those of `events` that are the first with their id. The others become rows of `duplicates`.
    pub(super) async fn read(
        events: &'a [Recorded<'b>],
        tenants: &mut Tenants,
        rows: &mut Rows,
    ) -> Result<Self, ApplyError> {
        let mut all = Vec::with_capacity(events.len());
        for recorded in events {
            if let Event::Statement(event) = &recorded.event {
                all.push(arrival(recorded, event, tenants)?);
            }
        }
        let keys: Vec<Row> = all.iter().map(Arrival::key).collect();
        let stored = rows.get_many(&STATEMENTS, &keys).await?;
        let numbers = HashMap::with_capacity(all.len());
        let mut arrivals = Self { list: Vec::with_capacity(all.len()), numbers };
        for (arrival, row) in all.into_iter().zip(stored) {
            // A record that is delivered again finds itself, and is applied again: what it has done is a set.
            let taken = row.as_deref().and_then(place_of).is_some_and(|place| place != arrival.place());
            let number = arrivals.list.len();
            if taken || *arrivals.numbers.entry((arrival.tenant, arrival.id)).or_insert(number) != number {
                rows.put(&DUPLICATES, arrival.duplicate());
            } else {
                arrivals.list.push(arrival);
            }
        }
        Ok(arrivals)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arrival<'a, 'b>> {
        self.list.iter()
    }

    /// The statement of that id, if the batch has it.
    pub(super) fn find(&self, tenant: TenantNumber, id: StatementId) -> Option<&Arrival<'a, 'b>> {
        self.numbers.get(&(tenant, id)).map(|number| &self.list[*number])
    }

    /// Writes the rows by id. They come last: who finds one finds the others.
    pub(super) fn write(&self, rows: &mut Rows) {
        for arrival in &self.list {
            rows.put_once(&STATEMENTS, arrival.row());
        }
    }
}

impl Arrival<'_, '_> {
    fn key(&self) -> Row {
        vec![self.event.tenant.as_str().into(), self.id.into()]
    }

    fn place(&self) -> (Partition, u64) {
        (self.partition, self.position)
    }

    fn row(&self) -> Row {
        let bytes = Bytes::copy_from_slice(self.event.body);
        let body = StoredRecord { partition: self.partition, position: self.position, bytes };
        vec![
            self.event.tenant.as_str().into(),
            self.id.into(),
            Bytes::copy_from_slice(&self.event.fingerprint.0.to_le_bytes()).into(),
            Value::Timestamp(self.event.stored.as_micros()),
            body.into(),
        ]
    }

    fn duplicate(&self) -> Row {
        let position = Value::Int(self.position.cast_signed());
        vec![Value::Int(self.partition.into()), position, self.event.tenant.as_str().into(), self.id.into()]
    }
}

fn arrival<'a, 'b>(
    recorded: &'a Recorded<'b>,
    event: &'a StatementEvent<'b>,
    tenants: &mut Tenants,
) -> Result<Arrival<'a, 'b>, ApplyError> {
    let (partition, position) = (recorded.partition, recorded.position);
    let poison = |reason: &str| ApplyError::Poison { partition, position, reason: reason.to_owned() };
    let statement = recorded.statement.as_ref().ok_or_else(|| poison("it is not read as a statement"))?;
    let id = statement.id.ok_or_else(|| poison("the statement has no id"))?;
    let tenant = tenants.number(&event.tenant);
    Ok(Arrival { tenant, id, partition, position: position.0, event, statement })
}

/// Where the record is that a row of `statements` came from.
fn place_of(row: &[Value]) -> Option<(Partition, u64)> {
    row.last().and_then(Value::as_record).map(|record| (record.partition, record.position))
}
