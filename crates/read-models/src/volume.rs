//! Volume: how many statements, and how many bytes of them, each tenant stored on each day.
//!
//! The smallest read model, and the worked example of ARCHITECTURE.md.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use plaudit_event::{Event, StatementEvent};
use plaudit_store::{Access, Column, Kind, Row, Table, Value};

use crate::{ApplyError, Context, ReadModel, Recorded, Rows};

/// Name of the read model.
pub const NAME: &str = "volume";

/// The table of daily volume.
pub static VOLUME: Table = Table {
    name: "volume",
    version: 1,
    doc: "What one partition of the log got from a tenant on one day.",
    access: Access::Ordered,
    partition_key: &[Column::new("tenant", Kind::Text, "Whose statements.")],
    clustering_key: &[
        Column::new("day", Kind::Text, "Day of storing, as in 2026-01-05, in the tenant's time zone."),
        Column::new("log_partition", Kind::Int, "The partition; volumes of a day add up."),
    ],
    columns: &[
        Column::new("statements", Kind::Int, "How many records; a duplicate that reached the log counts."),
        Column::new("bytes", Kind::Int, "Bytes of their JSON."),
        Column::new("absorbed", Kind::Int, "Position of the last record that is counted."),
    ],
};

static TABLES: &[&Table] = &[&VOLUME];

/// Counts what is stored.
pub struct Volume {
    time_zone: TimeZone,
}

impl Volume {
    /// Counts by the days of the context's time zone.
    #[must_use]
    pub fn new(context: Context) -> Self {
        Self { time_zone: context.time_zone }
    }

    /// The key of the row that counts a statement.
    fn key(&self, event: &StatementEvent<'_>, recorded: &Recorded<'_>) -> (String, String, i64) {
        let stored = jiff::Timestamp::from_microsecond(event.stored.as_micros()).unwrap_or_default();
        let day = stored.to_zoned(self.time_zone.clone()).date().to_string();
        (event.tenant.as_str().to_owned(), day, recorded.partition.into())
    }
}

#[async_trait::async_trait]
impl ReadModel for Volume {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> u32 {
        1
    }

    fn tables(&self) -> &'static [&'static Table] {
        TABLES
    }

    fn reads_statements(&self) -> bool {
        false
    }

    async fn apply(&mut self, events: &[Recorded<'_>], rows: &mut Rows) -> Result<(), ApplyError> {
        let mut additions: BTreeMap<_, Vec<(i64, i64)>> = BTreeMap::new();
        for recorded in events {
            if let Event::Statement(event) = &recorded.event {
                let position = i64::try_from(recorded.position.0).unwrap_or(i64::MAX);
                let bytes = i64::try_from(event.body.len()).unwrap_or(i64::MAX);
                additions.entry(self.key(event, recorded)).or_default().push((position, bytes));
            }
        }
        for ((tenant, day, partition), added) in additions {
            let key = vec![tenant.into(), day.into(), partition.into()];
            let present = rows.get(&VOLUME, &key).await?;
            rows.put(&VOLUME, add(key, present.as_ref(), &added));
        }
        Ok(())
    }

    fn forget(&mut self) {}
}

/// The row with what is new in `added`: a record at or before the position that the row has absorbed is in it already.
fn add(key: Row, present: Option<&Row>, added: &[(i64, i64)]) -> Row {
    let number = |index: usize| present.and_then(|row| row[index].as_int());
    let absorbed = number(5).unwrap_or(-1);
    let new = added.iter().filter(|(position, _)| *position > absorbed);
    let statements = number(3).unwrap_or(0) + i64::try_from(new.clone().count()).unwrap_or(i64::MAX);
    let bytes = number(4).unwrap_or(0) + new.clone().map(|(_, bytes)| bytes).sum::<i64>();
    let absorbed = new.map(|(position, _)| *position).max().unwrap_or(absorbed);
    key.into_iter().chain([statements, bytes, absorbed].map(Value::from)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_counted_once_however_often_it_comes() {
        let key = || vec!["t".into(), "2026-01-05".into(), 0.into()];
        let once = add(key(), None, &[(0, 10), (1, 20), (2, 30)]);
        let first = add(key(), None, &[(0, 10), (1, 20)]);
        let again = add(key(), Some(&first), &[(1, 20), (2, 30)]);
        assert_eq!(once, again);
        assert_eq!(once[3..], [3, 60, 2].map(Value::from));
    }
}
