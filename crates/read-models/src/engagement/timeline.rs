//! Timelines: what touched each learner, and what follows from it.
//!
//! The latest entries are in the row of the learner, together with what follows from all of them, so that most learners
//! are one row to read and one to write. Whenever there are enough of them they become a block, which never changes. The
//! row of the learner is written after its blocks and says which records it has absorbed: blocks that a crash left
//! without it are overwritten, and a redelivered record falls through.

use bytes::Bytes;
use plaudit_engagement::{Definitions, Entry, EntryKind, Outcome, evaluate};
use plaudit_store::{Row, StoreError, Value};
use plaudit_xapi::{StatementId, Timestamp};

use super::additions::Touched;
use super::cache::Cache;
use super::codec::{append_entries, decode_entries, decode_outcome, encode_entries, encode_outcome};
use super::results;
use super::tables::{LEARNERS, TIMELINE};
use crate::Rows;

/// Entries in a block: few enough that the row of a learner stays small, many enough that a timeline is few rows. In tests,
/// few enough for short stories to have several.
const ENTRIES_PER_BLOCK: usize = if cfg!(test) { 4 } else { 64 };

/// Entries of a learner at most. All of them are in memory when the learner is evaluated, which takes a few hundred megabytes and
/// as many milliseconds by then: such a learner is a machine, and must not keep people waiting. Fewer in tests.
pub(super) const ENTRIES_PER_LEARNER_MAX: usize = if cfg!(test) { 200 } else { 1_000_000 };

/// A learner's timeline and outcome.
#[derive(Clone, Debug, Default)]
pub(super) struct Learner {
    /// Every record before this position is absorbed.
    next_position: u64,
    /// The older entries, encoded.
    blocks: Vec<Bytes>,
    /// The entries after those of the blocks, encoded; fewer than a block has.
    tail: Vec<u8>,
    outcome: Outcome,
}

impl Learner {
    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let blocks: usize = self.blocks.iter().map(|block| block.len() + size_of::<Bytes>()).sum();
        let results = self.outcome.achievements.len() + self.outcome.expectations.len();
        size_of::<Self>() + blocks + self.tail.capacity() + (results + 2) * RESULT_BYTES
    }

    /// Whether there is room for `more` entries.
    pub(super) fn has_room(&self, more: usize) -> bool {
        self.blocks.len() * ENTRIES_PER_BLOCK + more <= ENTRIES_PER_LEARNER_MAX
    }

    /// All entries, into `entries`.
    fn decode(&self, entries: &mut Vec<Entry>) -> Result<(), StoreError> {
        entries.clear();
        for bytes in self.blocks.iter().map(Bytes::as_ref).chain([self.tail.as_slice()]) {
            decode_entries(bytes, entries).ok_or_else(|| TIMELINE.damaged("not entries"))?;
        }
        Ok(())
    }

    /// Takes up the entries from number `known` on.
    fn append(&mut self, entries: &[Entry], known: usize, key: &Row, rows: &mut Rows) {
        let (blocks, tail) = entries.as_chunks::<ENTRIES_PER_BLOCK>();
        if blocks.len() == self.blocks.len() {
            let before = tail.len() - (entries.len() - known);
            append_entries(&mut self.tail, &tail[..before], &tail[before..]);
            return;
        }
        for block in &blocks[self.blocks.len()..] {
            let bytes = Bytes::from(encode_entries(block));
            let mut row = block_key(key.clone(), self.blocks.len());
            row.push(Value::Blob(bytes.clone()));
            rows.put_once(&TIMELINE, row);
            self.blocks.push(bytes);
        }
        self.tail = encode_entries(tail);
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
    let mut loaded = Vec::with_capacity(missing.len());
    for (head, key) in heads.iter().zip(keys) {
        let (learner, count) = head.as_ref().map_or_else(|| Ok(Default::default()), read_head)?;
        blocks.extend((0..count).map(|block| block_key(key.clone(), block)));
        loaded.push((learner, count));
    }
    let mut blocks = rows.get_many(&TIMELINE, &blocks).await?.into_iter();
    for (index, (mut learner, count)) in missing.into_iter().zip(loaded) {
        for _ in 0..count {
            let block = blocks.next().flatten().ok_or_else(|| TIMELINE.damaged("a block is missing"))?;
            let bytes = block.last().and_then(Value::as_blob).cloned();
            learner.blocks.push(bytes.ok_or_else(|| TIMELINE.damaged("a block is empty"))?);
        }
        learners[index] = Some(learner);
    }
    Ok(learners.into_iter().flatten().collect())
}

/// Adds the entries that the learner does not have yet, and writes what follows from them. `scratch` is memory to use again.
pub(super) fn absorb(
    learner: &mut Learner,
    touched: Touched,
    (definitions, scratch): (&Definitions, &mut Vec<Entry>),
    rows: &mut Rows,
) -> Result<(), StoreError> {
    let Touched { tenant, learner: id, entries, .. } = touched;
    learner.decode(scratch)?;
    let (known, from) = (scratch.len(), learner.next_position);
    for (position, entry) in entries {
        // A record from before may have been delivered again, or it was parked and is tried again.
        if position.0 >= from || !scratch[..known].contains(&entry) {
            scratch.push(entry);
            learner.next_position = learner.next_position.max(position.0 + 1);
        }
    }
    if scratch.len() == known {
        return Ok(());
    }
    let outcome = evaluate(definitions, id.as_str(), scratch);
    results::write_changes(&tenant, &id, &learner.outcome, &outcome, rows);
    learner.outcome = outcome;
    let key: Row = vec![tenant.as_str().into(), id.as_str().into()];
    learner.append(scratch, known, &key, rows);
    rows.put_once(&LEARNERS, head_row(learner, last_statement(scratch), key));
    Ok(())
}

fn learner_key(touched: &Touched) -> Row {
    vec![touched.tenant.as_str().into(), touched.learner.as_str().into()]
}

fn block_key(mut key: Row, block: usize) -> Row {
    key.push(Value::Int(i64::try_from(block).expect("blocks are held in memory")));
    key
}

fn head_row(learner: &Learner, last_statement: Option<Timestamp>, key: Row) -> Row {
    let mut row = key;
    row.push(Value::Int(learner.next_position.cast_signed()));
    row.push(Value::Int(i64::try_from(learner.blocks.len()).expect("blocks are held in memory")));
    row.push(Value::Blob(Bytes::copy_from_slice(&learner.tail)));
    row.push(last_statement.map_or(Value::Null, |time| Value::Timestamp(time.as_micros())));
    row.push(Value::Blob(Bytes::from(encode_outcome(&learner.outcome))));
    row
}

/// The learner without blocks, and how many there are.
fn read_head(row: &Row) -> Result<(Learner, usize), StoreError> {
    let read = || {
        let [_, _, next_position, blocks, tail, _, outcome] = row.as_slice() else { return None };
        let next_position = next_position.as_int()?.cast_unsigned();
        let outcome = decode_outcome(outcome.as_blob()?)?;
        let learner = Learner { next_position, blocks: Vec::new(), tail: tail.as_blob()?.to_vec(), outcome };
        Some((learner, usize::try_from(blocks.as_int()?).ok()?))
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
    let latest = row.get(5).and_then(Value::as_timestamp).map(Timestamp::from_micros);
    Ok((read_head(row)?.0.outcome, latest))
}
