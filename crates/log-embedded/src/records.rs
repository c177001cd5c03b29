//! Counting and cutting encoded records.

use bytes::Bytes;
use plaudit_log::{LogError, Position, RecordRef, Records};

/// The only partition.
pub(crate) const PARTITION: u32 = 0;

/// What follows the first `count` records; `None` when there are fewer.
pub(crate) fn skip(mut bytes: &[u8], count: u64) -> Option<&[u8]> {
    for _ in 0..count {
        bytes = RecordRef::parse(bytes)?.1;
    }
    Some(bytes)
}

/// Bytes and number of the first records that fit into `bytes_max`, at least one if `one` says so.
pub(crate) fn prefix(bytes: &[u8], bytes_max: usize, one: bool) -> (usize, u64) {
    let mut rest = bytes;
    let mut count = 0;
    while let Some((_, after)) = RecordRef::parse(rest) {
        let must = one && count == 0;
        if bytes.len() - after.len() > bytes_max && !must {
            break;
        }
        rest = after;
        count += 1;
    }
    (bytes.len() - rest.len(), count)
}

/// Records from `from` up to `next`, one for each position.
pub(crate) fn dense(bytes: Bytes, from: u64, next: u64) -> Records {
    Records::new(bytes, (from..next).map(Position).collect(), Position(next))
}

/// The error for bytes that are not what was written.
pub(crate) fn damaged(position: u64, what: impl Into<String>) -> LogError {
    LogError::Damaged { partition: PARTITION, position: Position(position), what: what.into() }
}
