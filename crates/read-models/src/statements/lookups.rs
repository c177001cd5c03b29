//! What others ask of the rows.

use std::ops::{Bound, Range};

use bytes::Bytes;
use plaudit_event::TenantId;
use plaudit_log::{Partition, Position};
use plaudit_store::{Generation, Order, Row, Slice, Store, StoreError, Value};
use plaudit_xapi::{Fingerprint, StatementId, Timestamp};

use super::CHUNK_BITS;
use super::postings::entries_of;
use super::tables::{CHUNKS, DUPLICATES, POSTINGS, STATEMENTS, TIMES, VOIDED};
use super::terms::{Lane, Term};
use super::times::{Span, span_of, times_of};

/// A stored statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredStatement {
    /// What it means.
    pub fingerprint: Fingerprint,
    /// When it was stored.
    pub stored: Timestamp,
    /// Partition of its record.
    pub partition: Partition,
    /// Position of its record.
    pub position: Position,
    /// As it is served.
    pub body: Bytes,
}

/// The statement of each id, voided or not, in the order asked.
///
/// # Errors
/// When the store does not answer.
pub async fn by_ids(
    store: &dyn Store,
    generation: Generation,
    tenant: &TenantId,
    ids: &[StatementId],
) -> Result<Vec<Option<StoredStatement>>, StoreError> {
    let rows = store.get(&STATEMENTS, generation, &keys(tenant, ids)).await?;
    rows.into_iter().map(|row| row.map(stored_statement).transpose()).collect()
}

/// Whether each statement is voided, in the order asked; statements that are not there are not.
///
/// # Errors
/// When the store does not answer.
pub async fn voided(
    store: &dyn Store,
    generation: Generation,
    tenant: &TenantId,
    ids: &[StatementId],
) -> Result<Vec<bool>, StoreError> {
    let rows = store.get(&VOIDED, generation, &keys(tenant, ids)).await?;
    Ok(rows.iter().map(Option::is_some).collect())
}

/// The positions of `partition` within `range` whose records count for nothing, because their id was taken; ascending.
///
/// # Errors
/// When the store does not answer.
pub async fn duplicates(
    store: &dyn Store,
    generation: Generation,
    partition: Partition,
    range: Range<Position>,
) -> Result<Vec<Position>, StoreError> {
    let (from, to) = ([position_value(range.start)], [position_value(range.end)]);
    let slice = Slice {
        from: Bound::Included(&from),
        to: Bound::Excluded(&to),
        order: Order::Ascending,
        limit: usize::MAX,
    };
    let rows = store.slice(&DUPLICATES, generation, &[Value::Int(partition.into())], slice).await?;
    let position = |row: &Row| row.get(1).and_then(Value::as_int).map(|at| Position(at.cast_unsigned()));
    Ok(rows.iter().filter_map(position).collect())
}

/// The chunks of `partition` from number `from` on, each with the time over which its statements were stored; ascending.
///
/// # Errors
/// When the store does not answer.
pub async fn chunks(
    store: &dyn Store,
    generation: Generation,
    partition: Partition,
    from: u32,
) -> Result<Vec<(u32, Span)>, StoreError> {
    let from = [Value::Int(from.into())];
    let slice = Slice {
        from: Bound::Included(&from),
        to: Bound::Unbounded,
        order: Order::Ascending,
        limit: usize::MAX,
    };
    let rows = store.slice(&CHUNKS, generation, &[Value::Int(partition.into())], slice).await?;
    Ok(rows.iter().filter_map(|row| Some((number(row.get(1)?)?, span_of(row)))).collect())
}

/// The position of each statement in a chunk, and when it was stored in microseconds since 1970; ascending by position.
///
/// # Errors
/// When the store does not answer.
pub async fn times(
    store: &dyn Store,
    generation: Generation,
    partition: Partition,
    chunk: u32,
) -> Result<Vec<(u64, i64)>, StoreError> {
    let bound = [Value::Int(chunk.into())];
    let (from, to) = (Bound::Included(&bound[..]), Bound::Included(&bound[..]));
    let slice = Slice { from, to, order: Order::Ascending, limit: usize::MAX };
    let rows = store.slice(&TIMES, generation, &[Value::Int(partition.into())], slice).await?;
    let base = u64::from(chunk) << CHUNK_BITS;
    Ok(rows.iter().flat_map(times_of).map(|(low, stored)| (base | u64::from(low), stored)).collect())
}

/// Which rows of one list of the inverted index.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    /// Whose.
    pub tenant: &'a TenantId,
    /// Which term.
    pub term: Term,
    /// Which of its lists.
    pub lane: Lane,
    /// Partition of the log.
    pub partition: Partition,
    /// No position before this one, rounded down to a row.
    pub from: u64,
    /// No position after this one, rounded up to a row.
    pub to: u64,
    /// Ascending or descending by row.
    pub order: Order,
    /// At most so many rows.
    pub limit: usize,
}

/// Rows of a list: their chunk, and their positions in the order in which they were filed.
///
/// Rows of [`Lane::Late`] come by whole chunks: `from` and `to` are rounded to chunks. Rows of [`Lane::Ordered`] are cut at `to`,
/// and the first may begin before `from`.
///
/// # Errors
/// When the store does not answer.
pub async fn list(
    store: &dyn Store,
    generation: Generation,
    list: List<'_>,
) -> Result<Vec<(u32, Vec<u64>)>, StoreError> {
    let of =
        [Value::from(list.tenant.as_str()), Bytes::copy_from_slice(&list.term.to_bytes(list.lane)).into()];
    let bound = |at: u64| {
        let (partition, chunk) =
            (Value::Int(list.partition.into()), Value::Int((at >> CHUNK_BITS).cast_signed()));
        match list.lane {
            Lane::Late => vec![partition, chunk],
            Lane::Ordered => vec![partition, chunk, Value::Int((at & 0xffff).cast_signed())],
        }
    };
    let (from, to) = (bound(list.from), bound(list.to));
    let slice = Slice {
        from: Bound::Included(&from),
        to: Bound::Included(&to),
        order: list.order,
        limit: list.limit,
    };
    let rows = store.slice(&POSTINGS, generation, &of, slice).await?;
    Ok(rows.iter().filter_map(|row| Some((number(row.get(3)?)?, positions(row)?))).collect())
}

fn positions(row: &Row) -> Option<Vec<u64>> {
    let base = u64::from(number(row.get(3)?)?) << CHUNK_BITS;
    Some(entries_of(row).map(|low| base | u64::from(low)).collect())
}

fn keys(tenant: &TenantId, ids: &[StatementId]) -> Vec<Row> {
    ids.iter().map(|id| vec![tenant.as_str().into(), (*id).into()]).collect()
}

fn stored_statement(row: Row) -> Result<StoredStatement, StoreError> {
    let damaged = || STATEMENTS.damaged("a row without its columns");
    let mut columns = row.into_iter().skip(2);
    let mut next = || columns.next().ok_or_else(damaged);
    let (fingerprint, stored, body) = (next()?, next()?, next()?);
    let (Value::Blob(fingerprint), Value::Timestamp(stored), Value::Record(body)) =
        (fingerprint, stored, body)
    else {
        return Err(damaged());
    };
    let fingerprint = fingerprint.as_ref().try_into().map_err(|_| damaged())?;
    Ok(StoredStatement {
        fingerprint: Fingerprint(u128::from_le_bytes(fingerprint)),
        stored: Timestamp::from_micros(stored),
        partition: body.partition,
        position: Position(body.position),
        body: body.bytes,
    })
}

fn number(value: &Value) -> Option<u32> {
    value.as_int().and_then(|int| u32::try_from(int).ok())
}

fn position_value(position: Position) -> Value {
    Value::Int(position.0.min(i64::MAX.cast_unsigned()).cast_signed())
}
