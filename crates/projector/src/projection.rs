//! One projection of one partition: its read model, how far it has come, and how a batch becomes rows.
//!
//! A batch is staged, which changes nothing outside, then written in one call with the position last, then committed in memory. Whatever
//! fails before the commit is forgotten and done again. When a batch holds a record that cannot be applied, halves of it are tried until
//! that record stands alone; it is parked, and so are later records of its learner.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use plaudit_event::TenantId;
use plaudit_log::{Partition, Position};
use plaudit_read_models::{ApplyError, Context, Reached, ReadModel, Recorded, Rows};
use plaudit_store::{Row, Store, StoreError, Value, Write};
use plaudit_xapi::Timestamp;

use crate::dead_letters::{Letter, Parked};
use crate::decode::Decoded;
use crate::model::Model;
use crate::tables::OWN;
use crate::{Clock, Entry, Make, POSITIONS, ProjectorError};

/// A read model on its way along one partition.
pub(crate) struct Projection {
    pub entry: Entry,
    pub partition: Partition,
    pub place: Place,
    pub parked: Parked,
    /// Whether the read model was asked, since it serves, which tenants want a rebuild.
    pub asked: bool,
    model: Box<dyn ReadModel>,
    make: Make,
    context: Context,
    clock: Clock,
}

/// How far a projection has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub reached: Reached,
    /// How many records it has absorbed, parked ones included.
    pub events: u64,
}

/// Which records are not for a projection.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// Tenants that another projection of the same read model serves.
    pub tenants: HashSet<TenantId>,
    /// Records that a running projection has parked, while one is replayed beside it.
    pub left_out: HashSet<Position>,
}

/// Changes that wait to be written.
pub(crate) struct Staged {
    pub writes: Vec<Write>,
    place: Place,
    parked: Vec<Letter>,
}

/// Why a batch was not absorbed.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Trying again later may help.
    Wait(ProjectorError),
    /// One of its records cannot be applied.
    Record(String),
}

impl Projection {
    /// Whether its read model looks into statements.
    pub fn reads_statements(&self) -> bool {
        self.model.reads_statements()
    }

    /// Goes on where the rows are.
    pub async fn open(
        model: &Model,
        entry: Entry,
        context: Context,
        clock: Clock,
    ) -> Result<Self, ProjectorError> {
        let partition = context.partition;
        let place = place(&*context.store, &entry, partition).await?;
        let parked = Parked::load(&*context.store, &entry, partition).await?;
        let make = model.make.clone();
        let model = make(context.clone());
        Ok(Self { entry, partition, place, parked, asked: false, model, make, context, clock })
    }

    /// The position up to which everything is absorbed.
    pub fn next(&self) -> Position {
        self.place.reached.next
    }

    /// Tenants that want to be built anew.
    pub async fn wants_rebuild(&mut self) -> Result<Vec<TenantId>, ApplyError> {
        self.model.wants_rebuild().await
    }

    /// Works out what absorbing the records before `until` changes.
    pub async fn stage(
        &mut self,
        decoded: &Decoded<'_>,
        until: Position,
        filter: &Filter,
    ) -> Result<Staged, Trouble> {
        let letters = self.letters(decoded, until, filter);
        if self.parked.is_full_with(&letters) {
            return Err(Trouble::Wait(Parked::full(self.entry.model)));
        }
        let range = decoded.range(self.next(), until);
        let events = &decoded.events[range.clone()];
        let parked: HashSet<Position> = letters.iter().map(|letter| letter.position).collect();
        let wanted = |event: &&Recorded<'_>| self.wants(event, filter) && !parked.contains(&event.position);
        let mut rows = Rows::new(self.context.store.clone(), self.entry.number);
        if events.iter().all(|event| wanted(&event)) {
            self.apply(events, &mut rows).await?;
        } else {
            let events: Vec<_> = events.iter().filter(wanted).cloned().collect();
            self.apply(&events, &mut rows).await?;
        }
        Ok(self.staged(rows.into_writes(), letters, self.place_after(decoded, range, until)))
    }

    /// Notes that what was staged is written.
    pub fn commit(&mut self, staged: Staged) {
        self.place = staged.place;
        self.parked.extend(&staged.parked);
    }

    /// Drops what it remembers of changes that were not written.
    pub fn forget(&mut self) {
        self.model.forget();
    }

    /// Absorbs the records before `until`, writes included, and parks those that cannot be applied.
    pub async fn absorb(
        &mut self,
        decoded: &Decoded<'_>,
        until: Position,
        filter: &Filter,
    ) -> Result<(), ProjectorError> {
        let mut target = until;
        while self.next() < until {
            let range = decoded.range(self.next(), target);
            match self.try_absorb(decoded, target, filter).await {
                Ok(()) => {
                    // Twice as many as went well just now: so the good records around a bad one are soon in large batches again.
                    let far = range.end + range.len().max(1) * 2;
                    target = decoded.events.get(far).map_or(until, |event| event.position).min(until);
                }
                Err(Trouble::Wait(error)) => {
                    self.forget();
                    return Err(error);
                }
                Err(Trouble::Record(reason)) => {
                    self.remake();
                    match range.len() {
                        0 | 1 => self.park(decoded, range, target, reason).await?,
                        many => target = decoded.events[range.start + many / 2].position,
                    }
                }
            }
        }
        Ok(())
    }

    /// Applies one record, outside the order of the log, together with `writes`.
    pub async fn apply_one(&mut self, event: Recorded<'_>, writes: Vec<Write>) -> Result<(), Trouble> {
        let mut rows = Rows::new(self.context.store.clone(), self.entry.number);
        let applied = self.apply(&[event], &mut rows).await;
        let mut all = rows.into_writes();
        all.extend(writes);
        let written = match applied {
            Ok(()) => self.context.store.write(all).await.map_err(Trouble::from),
            Err(trouble) => Err(trouble),
        };
        if written.is_err() {
            self.remake();
        }
        written
    }

    /// The store of its rows.
    pub fn store(&self) -> &dyn Store {
        &*self.context.store
    }

    async fn try_absorb(
        &mut self,
        decoded: &Decoded<'_>,
        until: Position,
        filter: &Filter,
    ) -> Result<(), Trouble> {
        let mut staged = self.stage(decoded, until, filter).await?;
        self.context.store.write(std::mem::take(&mut staged.writes)).await?;
        self.commit(staged);
        Ok(())
    }

    /// Parks the only event of `range`.
    async fn park(
        &mut self,
        decoded: &Decoded<'_>,
        range: std::ops::Range<usize>,
        until: Position,
        reason: String,
    ) -> Result<(), ProjectorError> {
        let mut letters: Vec<Letter> = Vec::new();
        for index in range.clone() {
            let (key, position) = (decoded.key(index).to_vec(), decoded.events[index].position);
            letters.push(Letter::new(self.partition, position, key, Some(reason.clone()), (self.clock)()));
        }
        tracing::error!(
            model = self.entry.model,
            generation = self.entry.number.0,
            log.partition = self.partition,
            log.position = letters.first().map(|letter| letter.position.0),
            reason,
            "record cannot be applied, its learner is parked"
        );
        let mut staged = self.staged(Vec::new(), letters, self.place_after(decoded, range, until));
        self.context.store.write(std::mem::take(&mut staged.writes)).await?;
        self.commit(staged);
        Ok(())
    }

    async fn apply(&mut self, events: &[Recorded<'_>], rows: &mut Rows) -> Result<(), Trouble> {
        if events.is_empty() {
            return Ok(());
        }
        match AssertUnwindSafe(self.model.apply(events, rows)).catch_unwind().await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(ApplyError::Store(error))) => Err(error.into()),
            Ok(Err(ApplyError::Poison { reason, .. })) => Err(Trouble::Record(reason)),
            Err(panic) => Err(Trouble::Record(said(&*panic))),
        }
    }

    /// Starts the read model anew: after a panic nobody knows what it remembers.
    pub fn remake(&mut self) {
        self.model = (self.make)(self.context.clone());
    }

    /// The records before `until` that are to be parked: broken ones, and those of learners that are parked.
    fn letters(&self, decoded: &Decoded<'_>, until: Position, filter: &Filter) -> Vec<Letter> {
        let from = self.next();
        let within = |position: Position| position >= from && position < until;
        let broken: Vec<_> = decoded
            .broken
            .iter()
            .filter(|broken| within(broken.position) && !filter.left_out.contains(&broken.position))
            .filter(|broken| self.owns(broken.key))
            .collect();
        if broken.is_empty() && self.parked.is_empty() {
            return Vec::new();
        }
        let letter = |position, key: &[u8], reason| {
            Letter::new(self.partition, position, key.to_vec(), reason, (self.clock)())
        };
        let follows = |index: &usize| {
            let (key, event) = (decoded.key(*index), &decoded.events[*index]);
            let after_broken =
                broken.iter().any(|broken| broken.key == key && broken.position < event.position);
            self.wants(event, filter) && (self.parked.contains(key) || after_broken)
        };
        let mut letters: Vec<Letter> = decoded
            .range(from, until)
            .filter(follows)
            .map(|index| letter(decoded.events[index].position, decoded.key(index), None))
            .collect();
        letters.extend(
            broken.iter().map(|broken| letter(broken.position, broken.key, Some(broken.reason.clone()))),
        );
        letters
    }

    fn wants(&self, event: &Recorded<'_>, filter: &Filter) -> bool {
        let tenant = event.event.tenant();
        let mine = self.entry.tenant.as_ref().is_none_or(|mine| mine == tenant);
        mine && !filter.tenants.contains(tenant) && !filter.left_out.contains(&event.position)
    }

    /// Whether a record with this key is of the tenant that the projection is for.
    fn owns(&self, key: &[u8]) -> bool {
        let mine =
            |tenant: &TenantId| key.split(|&byte| byte == 0).next() == Some(tenant.as_str().as_bytes());
        self.entry.tenant.as_ref().is_none_or(mine)
    }

    fn place_after(&self, decoded: &Decoded<'_>, range: std::ops::Range<usize>, until: Position) -> Place {
        let events = self.place.events + range.len() as u64;
        let stored = decoded.latest_stored(range).unwrap_or_default().max(self.place.reached.stored);
        Place { reached: Reached { next: until.max(self.next()), stored }, events }
    }

    /// Rows first, the position last: a store that cannot write them as one leaves the position behind, never ahead.
    fn staged(&self, mut writes: Vec<Write>, parked: Vec<Letter>, place: Place) -> Staged {
        writes.extend(parked.iter().map(|letter| letter.put(&self.entry)));
        if place != self.place {
            writes.push(put_place(&self.entry, self.partition, place));
        }
        Staged { writes, place, parked }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        match error {
            // The row is at fault and not the store, so waiting does not help.
            StoreError::Mismatch { .. } => Self::Record(error.to_string()),
            error => Self::Wait(error.into()),
        }
    }
}

/// How far a projection's rows have come in a partition.
pub(crate) async fn place(
    store: &dyn Store,
    entry: &Entry,
    partition: Partition,
) -> Result<Place, ProjectorError> {
    let mut key = entry.key();
    key.push(i64::from(partition).into());
    let row = store.get(&POSITIONS, OWN, &[key]).await?.pop().flatten();
    let damaged = ProjectorError::Row { table: POSITIONS.name, what: "not a position" };
    row.map_or(Ok(Place::default()), |row| read_place(&row).ok_or(damaged))
}

fn read_place(row: &Row) -> Option<Place> {
    let [_, _, _, next, stored, events] = row.as_slice() else { return None };
    let next = Position(next.as_int()?.cast_unsigned());
    let stored = Timestamp::from_micros(stored.as_timestamp()?);
    Some(Place { reached: Reached { next, stored }, events: events.as_int()?.cast_unsigned() })
}

fn put_place(entry: &Entry, partition: Partition, place: Place) -> Write {
    let mut row = entry.key();
    row.extend([
        i64::from(partition).into(),
        place.reached.next.0.cast_signed().into(),
        Value::Timestamp(place.reached.stored.as_micros()),
        place.events.cast_signed().into(),
    ]);
    Write::Put { table: &POSITIONS, generation: OWN, row }
}

/// What a panic said.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("the read model panicked: {}", text.unwrap_or_default())
}
