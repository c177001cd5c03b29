//! What a table consists of, as rows of its keyspace: the runs, and the journal of entries that are in no run.

use fjall::{Keyspace, OwnedWriteBatch, Slice};
use plaudit_store::StoreError;

use crate::error::backend;
use crate::varint;

const RUN: u8 = b'r';
const JOURNAL: u8 = b'j';

/// A run as the manifest has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunRow {
    pub(crate) id: u64,
    pub(crate) newest: u64,
}

pub(crate) fn put_run(batch: &mut OwnedWriteBatch, keyspace: &Keyspace, run: RunRow) {
    let mut value = Vec::new();
    varint::put(&mut value, run.newest);
    batch.insert(keyspace, key(RUN, run.id), value);
}

pub(crate) fn remove_run(batch: &mut OwnedWriteBatch, keyspace: &Keyspace, id: u64) {
    batch.remove(keyspace, key(RUN, id));
}

pub(crate) fn put_chunk(batch: &mut OwnedWriteBatch, keyspace: &Keyspace, number: u64, chunk: Slice) {
    batch.insert(keyspace, key(JOURNAL, number), chunk);
}

pub(crate) fn remove_chunk(batch: &mut OwnedWriteBatch, keyspace: &Keyspace, number: u64) {
    batch.remove(keyspace, key(JOURNAL, number));
}

/// The runs, newest first.
pub(crate) fn runs(keyspace: &Keyspace) -> Result<Vec<RunRow>, StoreError> {
    let mut runs = Vec::new();
    for guard in keyspace.prefix([RUN]) {
        let (key, value) = guard.into_inner().map_err(backend)?;
        let newest = varint::take(&mut &*value).ok_or_else(|| damaged(keyspace, "a run"))?;
        runs.push(RunRow { id: number(keyspace, &key)?, newest });
    }
    runs.sort_by_key(|run| std::cmp::Reverse(run.newest));
    Ok(runs)
}

/// The chunks of the journal with their numbers, oldest first.
pub(crate) fn chunks(keyspace: &Keyspace) -> impl Iterator<Item = Result<(u64, Slice), StoreError>> {
    keyspace.prefix([JOURNAL]).map(|guard| {
        let (key, value) = guard.into_inner().map_err(backend)?;
        Ok((number(keyspace, &key)?, value))
    })
}

/// The error for rows of the keyspace that are not what they should be.
pub(crate) fn damaged(keyspace: &Keyspace, what: &str) -> StoreError {
    StoreError::Damaged { table: "point access", what: format!("{what} of `{}`", &**keyspace.name()) }
}

fn key(kind: u8, number: u64) -> Vec<u8> {
    [&[kind], number.to_be_bytes().as_slice()].concat()
}

fn number(keyspace: &Keyspace, key: &[u8]) -> Result<u64, StoreError> {
    let number = key.get(1..).and_then(|number| number.try_into().ok());
    number.map(u64::from_be_bytes).ok_or_else(|| damaged(keyspace, "a key"))
}
