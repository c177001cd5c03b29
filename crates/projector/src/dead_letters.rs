//! Records that could not be applied: parked with their reason, and what follows of the same learner with them, so that each
//! learner's records are applied in order or not at all.

use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;

use bytes::Bytes;
use plaudit_log::{Log, Partition, Position};
use plaudit_store::{Order, Row, Slice, Store, StoreError, Value, Write};
use plaudit_xapi::Timestamp;
use serde::Serialize;

use crate::decode::Decoded;
use crate::projection::{Projection, Trouble};
use crate::tables::OWN;
use crate::{DEAD_LETTERS, Entry, ProjectorError};

/// So many parked learners mean that the read model is at fault, not the records: the projection waits for a better one.
const PARKED_LEARNERS_MAX: usize = 100_000;
/// How many rows are read at once.
const PAGE_ROWS: usize = 4096;

/// One parked record.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub partition: Partition,
    pub position: Position,
    pub key: Vec<u8>,
    /// `None` for one that follows another.
    pub reason: Option<String>,
    pub skipped: bool,
    parked_at: Timestamp,
}

/// Keys of the learners that are parked.
#[derive(Debug, Default)]
pub(crate) struct Parked(HashSet<Vec<u8>>);

/// What is parked of one learner in one projection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// Name of the read model.
    pub model: &'static str,
    /// Generation of its rows.
    pub generation: u32,
    /// The tenant.
    pub tenant: String,
    /// The learner; `definition` for definitions.
    pub learner: String,
    /// Partition of the log.
    pub partition: Partition,
    /// Position of the record that could not be applied.
    pub position: u64,
    /// Why not.
    pub reason: String,
    /// How many later records wait behind it.
    pub waiting: u64,
    /// How many records were left out by command.
    pub skipped: u64,
}

/// What to do with a parked learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redo {
    /// Apply all that is parked, in order.
    Retry,
    /// Leave the first record out for good and apply the others.
    Skip,
}

/// What became of parked records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Redone {
    /// How many were applied.
    pub applied: u64,
    /// How many were left out.
    pub skipped: u64,
    /// How many are still parked.
    pub parked: u64,
}

impl std::ops::AddAssign for Redone {
    fn add_assign(&mut self, other: Self) {
        self.applied += other.applied;
        self.skipped += other.skipped;
        self.parked += other.parked;
    }
}

impl Parked {
    pub async fn load(
        store: &dyn Store,
        entry: &Entry,
        partition: Partition,
    ) -> Result<Self, ProjectorError> {
        let letters = letters(store, entry).await?;
        let parked = letters.into_iter().filter(|letter| !letter.skipped && letter.partition == partition);
        Ok(Self(parked.map(|letter| letter.key).collect()))
    }

    pub fn contains(&self, key: &[u8]) -> bool {
        !self.0.is_empty() && self.0.contains(key)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn extend(&mut self, letters: &[Letter]) {
        self.0.extend(letters.iter().map(|letter| letter.key.clone()));
    }

    pub fn is_full_with(&self, letters: &[Letter]) -> bool {
        let new = |letter: &&Letter| letter.reason.is_some() && !self.contains(&letter.key);
        self.len() + letters.iter().filter(new).count() > PARKED_LEARNERS_MAX
    }

    /// The error of a projection that cannot park more.
    pub fn full(model: &str) -> ProjectorError {
        let what = format!("over {PARKED_LEARNERS_MAX} learners of read model `{model}` are parked");
        StoreError::Unavailable(what.into()).into()
    }
}

impl Letter {
    pub fn new(
        partition: Partition,
        position: Position,
        key: Vec<u8>,
        reason: Option<String>,
        parked_at: Timestamp,
    ) -> Self {
        Self { partition, position, key, reason, skipped: false, parked_at }
    }

    /// The change that writes it down.
    pub fn put(&self, entry: &Entry) -> Write {
        let mut row = self.row_key(entry);
        row.extend([
            Value::Blob(Bytes::copy_from_slice(&self.key)),
            self.reason.clone().into(),
            self.skipped.into(),
            Value::Timestamp(self.parked_at.as_micros()),
        ]);
        Write::Put { table: &DEAD_LETTERS, generation: OWN, row }
    }

    fn delete(&self, entry: &Entry) -> Write {
        Write::Delete { table: &DEAD_LETTERS, generation: OWN, key: self.row_key(entry) }
    }

    fn row_key(&self, entry: &Entry) -> Row {
        let mut key = entry.key();
        key.extend([i64::from(self.partition).into(), self.position.0.cast_signed().into()]);
        key
    }

    fn from_row(row: &Row) -> Option<Self> {
        let [_, _, partition, position, key, reason, skipped, parked_at] = row.as_slice() else {
            return None;
        };
        Some(Self {
            partition: Partition::try_from(partition.as_int()?).ok()?,
            position: Position(position.as_int()?.cast_unsigned()),
            key: key.as_blob()?.to_vec(),
            reason: reason.as_text().map(str::to_owned),
            skipped: skipped.as_bool()?,
            parked_at: Timestamp::from_micros(parked_at.as_timestamp()?),
        })
    }
}

impl Projection {
    /// Applies what is parked of the learner with that key, in order; stops at a record that cannot be applied.
    pub async fn redo(&mut self, log: &dyn Log, key: &[u8], redo: Redo) -> Result<Redone, ProjectorError> {
        let mut letters = letters(self.store(), &self.entry).await?;
        letters.retain(|letter| !letter.skipped && letter.partition == self.partition && letter.key == key);
        let mut done = Redone { parked: letters.len() as u64, ..Redone::default() };
        for (at, mut letter) in letters.into_iter().enumerate() {
            if redo == Redo::Skip && at == 0 {
                letter.skipped = true;
                self.store().write(vec![letter.put(&self.entry)]).await?;
                done.skipped += 1;
            } else if let Some(reason) = self.redo_one(log, &letter).await? {
                letter.reason = Some(reason);
                self.store().write(vec![letter.put(&self.entry)]).await?;
                return Ok(done);
            } else {
                done.applied += 1;
            }
            done.parked -= 1;
        }
        self.parked.0.remove(key);
        Ok(done)
    }

    /// Applies one parked record and takes its letter away; says why not, if not.
    async fn redo_one(&mut self, log: &dyn Log, letter: &Letter) -> Result<Option<String>, ProjectorError> {
        let records = log.read(letter.partition, letter.position, 1).await?;
        let only = letter.position..Position(letter.position.0 + 1);
        let mut decoded = Decoded::new(letter.partition, &records, only, self.reads_statements());
        if let Some(broken) = decoded.broken.pop() {
            return Ok(Some(broken.reason));
        }
        let Some(event) = decoded.events.pop() else {
            return Ok(Some("the log does not have it".to_owned()));
        };
        match self.apply_one(event, vec![letter.delete(&self.entry)]).await {
            Ok(()) => Ok(None),
            Err(Trouble::Record(reason)) => Ok(Some(reason)),
            Err(Trouble::Wait(error)) => Err(error),
        }
    }
}

/// What is parked in a projection, one per learner, in order of position.
pub(crate) async fn list(store: &dyn Store, entry: &Entry) -> Result<Vec<DeadLetter>, ProjectorError> {
    let mut of_key: BTreeMap<_, (Option<Letter>, u64, u64)> = BTreeMap::new();
    for letter in letters(store, entry).await? {
        let (first, waiting, skipped) = of_key.entry((letter.partition, letter.key.clone())).or_default();
        match first {
            _ if letter.skipped => *skipped += 1,
            None => *first = Some(letter),
            Some(_) => *waiting += 1,
        }
    }
    let mut list: Vec<DeadLetter> = of_key
        .into_values()
        .filter_map(|(first, waiting, skipped)| Some(dead_letter(entry, &first?, waiting, skipped)))
        .collect();
    list.sort_by_key(|letter| (letter.partition, letter.position));
    Ok(list)
}

/// Everything that is parked in a projection, by partition and position.
pub(crate) async fn letters(store: &dyn Store, entry: &Entry) -> Result<Vec<Letter>, ProjectorError> {
    let mut letters: Vec<Letter> = Vec::new();
    loop {
        let last = letters.last().map(|letter| letter.row_key(entry)[2..].to_vec());
        let from = last.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let page = Slice { from, to: Bound::Unbounded, order: Order::Ascending, limit: PAGE_ROWS };
        let rows = store.slice(&DEAD_LETTERS, OWN, &entry.key(), page).await?;
        for row in &rows {
            let damaged = ProjectorError::Row { table: DEAD_LETTERS.name, what: "not a dead letter" };
            letters.push(Letter::from_row(row).ok_or(damaged)?);
        }
        if rows.len() < PAGE_ROWS {
            return Ok(letters);
        }
    }
}

fn dead_letter(entry: &Entry, first: &Letter, waiting: u64, skipped: u64) -> DeadLetter {
    let key = String::from_utf8_lossy(&first.key);
    let (tenant, learner) = key.split_once('\0').unwrap_or(("", &key));
    DeadLetter {
        model: entry.model,
        generation: entry.number.0,
        tenant: tenant.to_owned(),
        learner: learner.to_owned(),
        partition: first.partition,
        position: first.position.0,
        reason: first.reason.clone().unwrap_or_default(),
        waiting,
        skipped,
    }
}
