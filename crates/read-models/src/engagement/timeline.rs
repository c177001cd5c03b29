//! Timelines: what touched each learner, kept in blocks, and what follows from it.
//!
//! The row of a learner says how many entries count and which records they come from. It is written after the entries,
//! so entries that a crash left beyond that count are ignored and overwritten, and a redelivered record falls through.

use bytes::Bytes;
use plaudit_engagement::{Definitions, Entry, EntryKind, Outcome, evaluate};
use plaudit_store::{Row, StoreError, Value};
use plaudit_xapi::{StatementId, Timestamp};

use super::additions::Touched;
use super::cache::Cache;
use super::codec::{decode_entries, decode_outcome, encode_entries, encode_outcome};
use super::results;
use super::tables::{LEARNERS, TIMELINE};
use crate::Rows;

/// Entries in a block: few enough that adding one rewrites little, many enough that a timeline is few rows.
const ENTRIES_PER_BLOCK: usize = 64;

/// A learner's timeline and outcome.
#[derive(Clone, Debug, Default)]
pub(super) struct Learner {
    /// Every record before this position is absorbed.
    next_position: u64,
    entries: Vec<Entry>,
    outcome: Outcome,
}

impl Learner {
    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let results = self.outcome.achievements.len() + self.outcome.expectations.len();
        size_of::<Self>() + self.entries.len() * size_of::<Entry>() + (results + 2) * RESULT_BYTES
    }
}

/// What one result takes in memory, with its texts.
const RESULT_BYTES: usize = 256;

/// The learners of `touched`, in that order: as remembered, or as the rows have them.
pub(super) async fn load(
    touched: &[Touched],
    cache: &mut Cache,
    rows: &Rows,
) -> Result<Vec<Learner>, StoreError> {
    let mut learners: Vec<Option<Learner>> = touched.iter().map(|it| cache.take(it.key)).collect();
    let missing: Vec<usize> = (0..touched.len()).filter(|index| learners[*index].is_none()).collect();
    let keys: Vec<Row> = missing.iter().map(|index| learner_key(&touched[*index])).collect();
    let heads = rows.get_many(&LEARNERS, &keys).await?;
    let mut blocks: Vec<Row> = Vec::new();
    let mut counts = Vec::with_capacity(missing.len());
    for (head, key) in heads.iter().zip(keys) {
        let (learner, count) = head.as_ref().map_or_else(|| Ok(Default::default()), read_head)?;
        blocks.extend((0..count.div_ceil(ENTRIES_PER_BLOCK)).map(|block| block_key(key.clone(), block)));
        counts.push((learner, count));
    }
    let mut blocks = rows.get_many(&TIMELINE, &blocks).await?.into_iter();
    for (index, (mut learner, count)) in missing.into_iter().zip(counts) {
        for _ in 0..count.div_ceil(ENTRIES_PER_BLOCK) {
            let block = blocks.next().flatten().ok_or_else(|| TIMELINE.damaged("a block is missing"))?;
            read_block(&block, &mut learner.entries)?;
        }
        learner.entries.truncate(count);
        learners[index] = Some(learner);
    }
    Ok(learners.into_iter().flatten().collect())
}

/// Adds the entries that the learner does not have yet, and writes what follows from them.
pub(super) fn absorb(learner: &mut Learner, touched: Touched, definitions: &Definitions, rows: &mut Rows) {
    let Touched { tenant, learner: id, entries, .. } = touched;
    let before = learner.entries.len();
    let from = learner.next_position;
    for (position, entry) in entries.into_iter().filter(|(position, _)| position.0 >= from) {
        learner.entries.push(entry);
        learner.next_position = position.0 + 1;
    }
    if learner.entries.len() == before {
        return;
    }
    let key: Row = vec![tenant.as_str().into(), id.as_str().into()];
    write_blocks(&learner.entries, before, &key, rows);
    let outcome = evaluate(definitions, id.as_str(), &learner.entries);
    results::write_changes(&tenant, &id, &learner.outcome, &outcome, rows);
    learner.outcome = outcome;
    rows.put(&LEARNERS, head_row(learner, key));
}

/// Writes the blocks that changed when entries were added to the first `before`.
fn write_blocks(entries: &[Entry], before: usize, key: &Row, rows: &mut Rows) {
    let first = before / ENTRIES_PER_BLOCK;
    for (block, entries) in entries.chunks(ENTRIES_PER_BLOCK).enumerate().skip(first) {
        let mut row = block_key(key.clone(), block);
        row.push(Value::Blob(Bytes::from(encode_entries(entries))));
        rows.put(&TIMELINE, row);
    }
}

fn read_block(row: &Row, entries: &mut Vec<Entry>) -> Result<(), StoreError> {
    let bytes = row.last().and_then(Value::as_blob);
    bytes.and_then(|bytes| decode_entries(bytes, entries)).ok_or_else(|| TIMELINE.damaged("not entries"))
}

fn learner_key(touched: &Touched) -> Row {
    vec![touched.tenant.as_str().into(), touched.learner.as_str().into()]
}

fn block_key(mut key: Row, block: usize) -> Row {
    key.push(Value::Int(i64::try_from(block).expect("blocks are held in memory")));
    key
}

fn head_row(learner: &Learner, key: Row) -> Row {
    let mut row = key;
    row.push(Value::Int(learner.next_position.cast_signed()));
    row.push(Value::Int(i64::try_from(learner.entries.len()).expect("entries are held in memory")));
    row.push(last_statement(&learner.entries).map_or(Value::Null, |time| Value::Timestamp(time.as_micros())));
    row.push(Value::Blob(Bytes::from(encode_outcome(&learner.outcome))));
    row
}

/// The learner without entries, and how many of them count.
fn read_head(row: &Row) -> Result<(Learner, usize), StoreError> {
    let read = || {
        let [_, _, next_position, entries, _, outcome] = row.as_slice() else { return None };
        let next_position = next_position.as_int()?.cast_unsigned();
        let outcome = decode_outcome(outcome.as_blob()?)?;
        let learner = Learner { next_position, entries: Vec::new(), outcome };
        Some((learner, usize::try_from(entries.as_int()?).ok()?))
    };
    read().ok_or_else(|| LEARNERS.damaged("not a learner"))
}

/// Event time of the learner's latest statement that is not voided.
fn last_statement(entries: &[Entry]) -> Option<Timestamp> {
    let voided: Vec<StatementId> = entries.iter().filter_map(void_target).collect();
    let own = |entry: &&Entry| match &entry.kind {
        EntryKind::Own(mark) => mark.voiding || !voided.contains(&entry.id),
        _ => false,
    };
    // Entries come almost in order of time: few are later than the latest seen so far, so `voided` is asked seldom.
    entries.iter().rev().fold(None, |latest, entry| match latest {
        Some(latest) if entry.time <= latest => Some(latest),
        latest => {
            if own(&entry) {
                Some(entry.time)
            } else {
                latest
            }
        }
    })
}

fn void_target(entry: &Entry) -> Option<StatementId> {
    if let EntryKind::Void { target } = entry.kind { Some(target) } else { None }
}

/// The outcome that the row of a learner holds, and when their latest statement was.
pub(super) fn read_learner(row: &Row) -> Result<(Outcome, Option<Timestamp>), StoreError> {
    let latest = row.get(4).and_then(Value::as_timestamp).map(Timestamp::from_micros);
    Ok((read_head(row)?.0.outcome, latest))
}
