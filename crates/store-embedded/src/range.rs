//! A slice as a range of encoded keys.

use std::ops::Bound;

use plaudit_store::{Access, Slice, StoreError, Table, Value};

use crate::key;

/// Bounds on encoded keys.
pub(crate) type Range = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// The keys of a slice; `None` if there can be none.
pub(crate) fn range_of(
    table: &Table,
    partition: &[Value],
    slice: Slice<'_>,
) -> Result<Option<Range>, StoreError> {
    if table.access == Access::Point {
        return Err(table.mismatch("a slice, but it has point access".to_owned()));
    }
    table.check_partition(partition)?;
    let whole = key::encode(table, partition)?;
    let beginning = |bound: &[Value]| -> Result<Vec<u8>, StoreError> {
        table.check_clustering_prefix(bound)?;
        let mut bytes = whole.clone();
        key::encode_into(&mut bytes, table, bound)?;
        Ok(bytes)
    };
    let from = match slice.from {
        Bound::Unbounded => Some(whole.clone()),
        Bound::Included(bound) => Some(beginning(bound)?),
        Bound::Excluded(bound) => key::after_prefix(beginning(bound)?),
    };
    let to = match slice.to {
        Bound::Unbounded => key::after_prefix(whole.clone()),
        Bound::Included(bound) => key::after_prefix(beginning(bound)?),
        Bound::Excluded(bound) => Some(beginning(bound)?),
    };
    Ok(match (from, to) {
        (None, _) => None,
        (Some(from), None) => Some((Bound::Included(from), Bound::Unbounded)),
        (Some(from), Some(to)) => (from < to).then_some((Bound::Included(from), Bound::Excluded(to))),
    })
}
