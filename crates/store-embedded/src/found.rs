//! Rows on their way from bytes to the caller.

use plaudit_store::{RecordSource, Row, StoreError, Table, Value};

use crate::error::backend;
use crate::{key, row};

/// Rows as they were found: records of which only the place is kept are still without their bytes.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) rows: Vec<Row>,
    /// Row and column of each such record.
    places: Vec<(usize, usize)>,
}

impl Found {
    /// Adds the row of these bytes.
    pub(crate) fn push(&mut self, table: &Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let mut row = Row::with_capacity(table.key_len() + table.columns.len());
        let mut columns = Vec::new();
        key::decode_into(&mut row, table, key)?;
        row::decode_into(&mut row, table, value, &mut columns)?;
        self.places.extend(columns.into_iter().map(|column| (self.rows.len(), column)));
        self.rows.push(row);
        Ok(())
    }

    /// Adds rows as the LSM tree gives them.
    pub(crate) fn extend(
        &mut self,
        table: &Table,
        rows: impl Iterator<Item = fjall::Guard>,
    ) -> Result<(), StoreError> {
        for guard in rows {
            let (key, value) = guard.into_inner().map_err(backend)?;
            self.push(table, &key, &value)?;
        }
        Ok(())
    }

    /// The rows with the bytes of all their records, which are read in one call.
    pub(crate) async fn whole(
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
