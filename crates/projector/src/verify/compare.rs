//! Compares two stores' rows of one table, a page at a time.

use std::collections::HashSet;

use plaudit_event::TenantId;
use plaudit_store::{Cursor, Row, Store, Table, Value};

use crate::verify::{Difference, Report};
use crate::{Entry, ProjectorError};

/// Rows in memory at once, of each side.
const PAGE_ROWS: usize = 4096;
/// Longer values are shown by their beginning.
const SHOWN_CHARS_MAX: usize = 400;

/// The rows of one table and generation, as they are and as they should be.
pub(super) struct Pair<'a> {
    pub running: &'a dyn Store,
    pub expected: &'a dyn Store,
    pub table: &'static Table,
    pub entry: &'a Entry,
}

impl Pair<'_> {
    /// Adds what differs to `report`; rows of `left_out` are not looked at, because another projection serves them.
    pub async fn compare(
        &self,
        left_out: &HashSet<TenantId>,
        report: &mut Report,
    ) -> Result<(), ProjectorError> {
        let mut found = 0;
        let mut after = None;
        loop {
            let (rows, next) = self.page(self.running, after.as_ref(), left_out).await?;
            let expected = self.others(self.expected, &rows).await?;
            for (row, expected) in rows.iter().zip(expected) {
                report.rows += 1;
                found += u64::from(expected.is_some());
                if !expected.as_ref().is_some_and(|expected| is_same(row, expected)) {
                    report.add(self.difference(row, Some(row), expected.as_ref()));
                }
            }
            after = next;
            if after.is_none() {
                return self.find_missing(found, left_out, report).await;
            }
        }
    }

    /// Looks for expected rows that are not there, unless counting shows that all were found.
    async fn find_missing(
        &self,
        found: u64,
        left_out: &HashSet<TenantId>,
        report: &mut Report,
    ) -> Result<(), ProjectorError> {
        if self.count_expected(left_out).await? == found {
            return Ok(());
        }
        let mut after = None;
        loop {
            let (rows, next) = self.page(self.expected, after.as_ref(), left_out).await?;
            let running = self.others(self.running, &rows).await?;
            for (row, _) in rows.iter().zip(running).filter(|(_, running)| running.is_none()) {
                report.add(self.difference(row, None, Some(row)));
            }
            after = next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn count_expected(&self, left_out: &HashSet<TenantId>) -> Result<u64, ProjectorError> {
        let (mut count, mut after) = (0, None);
        loop {
            let (rows, next) = self.page(self.expected, after.as_ref(), left_out).await?;
            count += rows.len() as u64;
            after = next;
            if after.is_none() {
                return Ok(count);
            }
        }
    }

    async fn page(
        &self,
        store: &dyn Store,
        after: Option<&Cursor>,
        left_out: &HashSet<TenantId>,
    ) -> Result<(Vec<Row>, Option<Cursor>), ProjectorError> {
        let mut scan = store.scan(self.table, self.entry.number, after, PAGE_ROWS).await?;
        if let Some(tenant) = self.table.column("tenant").filter(|_| !left_out.is_empty()) {
            scan.rows.retain(|row| !is_one_of(&row[tenant], left_out));
        }
        Ok((scan.rows, scan.next))
    }

    async fn others(&self, store: &dyn Store, rows: &[Row]) -> Result<Vec<Option<Row>>, ProjectorError> {
        let keys: Vec<Row> = rows.iter().map(|row| row[..self.table.key_len()].to_vec()).collect();
        Ok(store.get(self.table, self.entry.number, &keys).await?)
    }

    fn difference(&self, key: &Row, running: Option<&Row>, expected: Option<&Row>) -> Difference {
        let others = |row: &Row| show(&row[self.table.key_len()..]);
        Difference {
            model: self.entry.model,
            generation: self.entry.number.0,
            table: self.table.name,
            key: show(&key[..self.table.key_len()]),
            running: running.map(others),
            expected: expected.map(others),
        }
    }
}

/// Records are the same when they are at the same place, and have the same body if both sides show it: a store that keeps only the place
/// has nothing else to compare.
fn is_same(row: &Row, other: &Row) -> bool {
    let same = |(one, other): (&Value, &Value)| match (one, other) {
        (Value::Record(one), Value::Record(other)) => {
            let hidden = one.bytes.is_empty() || other.bytes.is_empty();
            (one.partition, one.position) == (other.partition, other.position)
                && (hidden || one.bytes == other.bytes)
        }
        (one, other) => one == other,
    };
    row.len() == other.len() && row.iter().zip(other).all(same)
}

fn is_one_of(tenant: &Value, tenants: &HashSet<TenantId>) -> bool {
    tenant.as_text().is_some_and(|tenant| tenants.iter().any(|other| other.as_str() == tenant))
}

/// Values as a person reads them.
fn show(values: &[Value]) -> String {
    let shown: Vec<String> = values.iter().map(show_one).collect();
    shown.join(", ")
}

fn show_one(value: &Value) -> String {
    let text = match value {
        Value::Null => "-".to_owned(),
        Value::Text(text) => text.clone(),
        Value::Uuid(uuid) => uuid.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Timestamp(micros) => plaudit_xapi::Timestamp::from_micros(*micros).to_string(),
        Value::Bool(bool) => bool.to_string(),
        Value::Float(float) => float.to_string(),
        Value::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        Value::Record(record) => format!("record {}/{}", record.partition, record.position),
    };
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
