//! When the statement at each position was stored: rows of `times` and `chunks`.

use bytes::Bytes;
use plaudit_log::Partition;
use plaudit_store::{Row, Value};

use super::tables::{CHUNKS, TIMES};
use crate::Rows;

/// Reads for `since` and `until` look at the rows of one chunk: 64 of them.
pub(super) const TIMES_PER_ROW: usize = 1024;

/// Over which time a chunk was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The earliest instant, in microseconds since 1970.
    pub min_stored: i64,
    /// The latest.
    pub max_stored: i64,
    /// Whether the order of positions is the order of time.
    pub sorted: bool,
}

/// The last row of `times` in the present chunk, and its span.
#[derive(Default)]
pub(super) struct Times {
    entries: Vec<(u16, i64)>,
    last: Option<u16>,
    span: Option<Span>,
    touched: bool,
}

impl Times {
    /// What the store has of a chunk.
    pub(super) fn resume(chunk: Option<&Row>, last_row: Option<&Row>) -> Self {
        let mut entries = last_row.map(times_of).unwrap_or_default();
        let last = entries.last().map(|(low, _)| *low);
        if entries.len() == TIMES_PER_ROW {
            entries.clear();
        }
        Self { entries, last, span: chunk.map(span_of), touched: false }
    }

    pub(super) fn push(&mut self, low: u16, stored: i64) {
        if self.last.is_some_and(|last| low <= last) {
            return;
        }
        self.last = Some(low);
        self.entries.push((low, stored));
        self.touched = true;
        self.span = Some(match self.span {
            None => Span { min_stored: stored, max_stored: stored, sorted: true },
            Some(span) => Span {
                min_stored: span.min_stored.min(stored),
                max_stored: span.max_stored.max(stored),
                sorted: span.sorted && stored >= span.max_stored,
            },
        });
    }

    pub(super) fn flush(&mut self, partition: Partition, chunk: u32, rows: &mut Rows) {
        let (Some(span), true) = (self.span, std::mem::take(&mut self.touched)) else { return };
        let key = [Value::Int(partition.into()), Value::Int(chunk.into())];
        let others =
            [Value::Timestamp(span.min_stored), Value::Timestamp(span.max_stored), span.sorted.into()];
        rows.put_once(&CHUNKS, key.iter().cloned().chain(others).collect());
        for part in self.entries.chunks(TIMES_PER_ROW) {
            let others = [Value::Int(part[0].0.into()), encode(part).into()];
            rows.put_once(&TIMES, key.iter().cloned().chain(others).collect());
        }
        let full = self.entries.len() / TIMES_PER_ROW * TIMES_PER_ROW;
        self.entries.drain(..full);
    }
}

/// The span that a row of `chunks` says.
pub(super) fn span_of(row: &Row) -> Span {
    let instant = |at: usize| row.get(at).and_then(Value::as_timestamp).unwrap_or_default();
    let sorted = row.get(4).and_then(Value::as_bool).unwrap_or_default();
    Span { min_stored: instant(2), max_stored: instant(3), sorted }
}

/// The lower 16 bits of each position in a row of `times`, and when its statement was stored.
pub(super) fn times_of(row: &Row) -> Vec<(u16, i64)> {
    let mut rest: &[u8] = row.last().and_then(Value::as_blob).map_or(&[], |bytes| bytes);
    let (mut low, mut stored) = (0_u16, 0_i64);
    std::iter::from_fn(|| {
        low = low.wrapping_add(take_varint(&mut rest)? as u16);
        stored = stored.wrapping_add(unzigzag(take_varint(&mut rest)?));
        Some((low, stored))
    })
    .collect()
}

fn encode(entries: &[(u16, i64)]) -> Bytes {
    let mut bytes = Vec::with_capacity(entries.len() * 4);
    let mut before = (0, 0);
    for &(low, stored) in entries {
        put_varint(&mut bytes, u64::from(low.wrapping_sub(before.0)));
        put_varint(&mut bytes, zigzag(stored.wrapping_sub(before.1)));
        before = (low, stored);
    }
    bytes.into()
}

fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back() {
        let entries = [(0, i64::MAX), (7, i64::MIN), (8, 0), (65_535, -1), (65_535, 1_764_000_000_000_000)];
        assert_eq!(times_of(&vec![encode(&entries).into()]), entries);
    }

    #[test]
    fn a_chunk_is_sorted_until_time_goes_back() {
        let mut times = Times::default();
        times.push(1, 10);
        times.push(2, 10);
        assert_eq!(times.span, Some(Span { min_stored: 10, max_stored: 10, sorted: true }));
        times.push(3, 9);
        times.push(4, 12);
        assert_eq!(times.span, Some(Span { min_stored: 9, max_stored: 12, sorted: false }));
    }

    #[test]
    fn a_position_that_was_there_changes_nothing() {
        let mut times = Times::default();
        times.push(5, 10);
        times.push(5, 11);
        times.push(4, 9);
        assert_eq!(times.entries, [(5, 10)]);
    }
}
