//! Statements that reach other learners by referring to a statement: voidings, and recognition of evidence.
//!
//! Whoever comes second delivers. A referring statement looks for its target among the statements before it, and if the
//! target is not there, it is written down as a referrer; a statement that is awaited looks for its referrers. A voided
//! statement may itself refer to one that comes later, so a voiding stays written down for as long as that can happen.

use std::collections::HashSet;

use bytes::Bytes;
use plaudit_engagement::{Concerns, Entry, EntryKind, Recognition, RecognitionTarget, concerns};
use plaudit_event::TenantId;
use plaudit_log::Position;
use plaudit_store::{Row, StoreError, Value};
use plaudit_xapi::StatementId;

use super::additions::Additions;
use super::codec::{decode_entry, encode_entry};
use super::fresh::Fresh;
use super::tables::REFERRERS;
use super::targets::{self, Target, Unusable};
use crate::{ApplyError, Context, Rows};

/// Follows references.
pub(super) struct References {
    context: Context,
    /// Hashes of the targets that are waited for; `None` before they are read from the rows.
    awaited: Option<HashSet<u128>>,
    /// Rows of targets that have arrived. They are written last, so that a target that a crash lets be forgotten
    /// is awaited still.
    arrived: Vec<Row>,
    /// Up to where this instance has followed records. One that was parked is tried again when others after it have been
    /// followed; its target and its referrers may be among them.
    reached: Option<Position>,
}

/// Statements whose targets are looked up in one call, which holds as many bodies in memory.
const TARGETS_PER_LOOKUP_MAX: usize = 256;
/// Referrers are small; this bounds what a restart holds in memory beside the hashes.
const REFERRERS_PER_SCAN_MAX: usize = 4096;

impl References {
    pub(super) fn new(context: Context) -> Self {
        Self { context, awaited: None, arrived: Vec::new(), reached: None }
    }

    pub(super) fn forget(&mut self) {
        self.awaited = None;
        self.arrived.clear();
        self.reached = None;
    }

    /// Adds what the statements of a batch bring to other learners by way of references.
    pub(super) async fn follow(
        &mut self,
        batch: &[Fresh<'_, '_>],
        additions: &mut Additions,
        rows: &mut Rows,
    ) -> Result<(), ApplyError> {
        self.load_awaited().await?;
        let targets: HashSet<u128> =
            batch.iter().filter_map(|it| it.refers_to().map(|target| hash(it.tenant, target))).collect();
        let concerned: Vec<&Fresh<'_, '_>> = batch
            .iter()
            .filter(|it| {
                let own = hash(it.tenant, it.id);
                it.refers_to().is_some() || targets.contains(&own) || self.awaits(own) || self.is_behind(it)
            })
            .collect();
        for some in concerned.chunks(TARGETS_PER_LOOKUP_MAX) {
            let found = self.targets_of(some).await?;
            for (fresh, target) in some.iter().zip(found) {
                let mut step = Step { references: self, fresh, additions, rows };
                let concerns = concerns(fresh.statement);
                if let Some(id) = concerns.refers_to {
                    step.refer(id, target, &concerns).await.map_err(|error| fresh.poison(error))?;
                }
                if step.references.take_awaited(fresh) || step.references.is_behind(fresh) {
                    step.arrive(&concerns).await.map_err(|error| fresh.poison(error))?;
                }
            }
        }
        self.reached = self.reached.max(batch.last().map(|last| last.position));
        Ok(())
    }

    /// Writes what has to be written after everything else.
    pub(super) fn finish(&mut self, rows: &mut Rows) {
        self.arrived.drain(..).for_each(|row| rows.put(&REFERRERS, row));
    }

    async fn load_awaited(&mut self) -> Result<(), StoreError> {
        if self.awaited.is_some() {
            return Ok(());
        }
        let mut awaited = HashSet::new();
        let mut cursor = None;
        loop {
            let (store, generation) = (&self.context.store, self.context.generation);
            let page = store.scan(&REFERRERS, generation, cursor.as_ref(), REFERRERS_PER_SCAN_MAX).await?;
            for row in &page.rows {
                if let [tenant, target, _, _, Value::Bool(true)] = row.as_slice() {
                    let tenant = tenant.as_text().unwrap_or_default();
                    awaited.extend(target.as_uuid().map(|target| hash_of(tenant, target)));
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                self.awaited = Some(awaited);
                return Ok(());
            }
        }
    }

    fn awaits(&self, hash: u128) -> bool {
        self.awaited.as_ref().is_some_and(|awaited| awaited.contains(&hash))
    }

    /// Whether records after it have been followed.
    fn is_behind(&self, fresh: &Fresh<'_, '_>) -> bool {
        self.reached.is_some_and(|reached| fresh.position <= reached)
    }

    /// Up to which position others count for this record.
    fn horizon(&self, fresh: &Fresh<'_, '_>) -> Position {
        self.reached.map_or(fresh.position, |reached| fresh.position.max(reached))
    }

    fn take_awaited(&mut self, fresh: &Fresh<'_, '_>) -> bool {
        self.awaited.as_mut().is_some_and(|awaited| awaited.remove(&hash(fresh.tenant, fresh.id)))
    }

    /// The target of each of `some`, as far as it is there.
    async fn targets_of(&self, some: &[&Fresh<'_, '_>]) -> Result<Vec<Option<Target>>, ApplyError> {
        let mut found = Vec::with_capacity(some.len());
        for of_tenant in some.chunk_by(|one, next| one.tenant == next.tenant) {
            let wanted = of_tenant.iter().map(|it| (it.refers_to(), self.horizon(it)));
            let wanted: Vec<_> = wanted.filter_map(|(id, position)| Some((id?, position))).collect();
            let targets = targets::find(&self.context, of_tenant[0].tenant, &wanted).await;
            let mut targets = targets.map_err(|error| of_tenant[0].poison(error))?.into_iter();
            found.extend(of_tenant.iter().map(|it| it.refers_to().and_then(|_| targets.next().flatten())));
        }
        Ok(found)
    }
}

/// One statement of the batch.
struct Step<'s, 'b, 'a> {
    references: &'s mut References,
    fresh: &'s Fresh<'b, 'a>,
    additions: &'s mut Additions,
    rows: &'s mut Rows,
}

impl Step<'_, '_, '_> {
    /// The statement refers to another one.
    async fn refer(
        &mut self,
        id: StatementId,
        target: Option<Target>,
        concerns: &Concerns<'_>,
    ) -> Result<(), Unusable> {
        let entry = self.fresh.entry(if concerns.voids {
            EntryKind::Void { target: id }
        } else {
            EntryKind::Recognition(Recognition {
                mark: self.fresh.mark(),
                by: concerns.actor.to_string(),
                via: RecognitionTarget::Evidence(id),
                named: concerns.named.clone(),
            })
        });
        let Some(target) = target else {
            self.write_down(id, &entry, true);
            let hash = hash(self.fresh.tenant, id);
            self.references.awaited.get_or_insert_default().insert(hash);
            return Ok(());
        };
        if !concerns.voids {
            self.deliver(&target, &entry);
        } else if !target.voids && self.deliver_void(&target, &entry).await? == Reach::MayGrow {
            self.write_down(id, &entry, false);
        }
        Ok(())
    }

    /// The statement was awaited.
    async fn arrive(&mut self, concerns: &Concerns<'_>) -> Result<(), Unusable> {
        let target = Target::new(concerns);
        for row in self.referrers(self.fresh.id).await? {
            let entry = read_entry(&row)?;
            match entry.kind {
                EntryKind::Void { .. } if target.voids => {}
                EntryKind::Void { .. } => _ = self.deliver_void(&target, &entry).await?,
                _ => {
                    self.deliver(&target, &entry);
                    for voiding in self.referrers(entry.id).await? {
                        let voiding = read_entry(&voiding)?;
                        if matches!(voiding.kind, EntryKind::Void { .. }) {
                            self.deliver(&target, &voiding);
                        }
                    }
                }
            }
            let mut row = row;
            row[AWAITED_COLUMN] = false.into();
            self.references.arrived.push(row);
        }
        Ok(())
    }

    /// Adds the entry to the timelines of those whose statement the target is.
    fn deliver(&mut self, target: &Target, entry: &Entry) {
        let by = match &entry.kind {
            EntryKind::Recognition(recognition) => Some(recognition.by.as_str()),
            _ => None,
        };
        for learner in target.owners(self.fresh.set).filter(|learner| by != Some(learner)) {
            self.additions.add(self.fresh.tenant, learner, self.fresh.position, entry.clone());
        }
    }

    /// Adds a voiding to every timeline that the target is on.
    async fn deliver_void(&mut self, target: &Target, entry: &Entry) -> Result<Reach, Unusable> {
        let Fresh { tenant, position, set, .. } = *self.fresh;
        for learner in target.named(set) {
            self.additions.add(tenant, learner, position, entry.clone());
        }
        let Some(evidence) = target.refers_to else { return Ok(Reach::Whole) };
        let wanted = [(evidence, self.references.horizon(self.fresh))];
        match targets::find(&self.references.context, tenant, &wanted).await?.pop().flatten() {
            None => Ok(Reach::MayGrow),
            Some(evidence) => {
                self.deliver(&evidence, entry);
                Ok(Reach::Whole)
            }
        }
    }

    fn write_down(&mut self, target: StatementId, entry: &Entry, awaited: bool) {
        let row = vec![
            self.fresh.tenant.as_str().into(),
            target.into(),
            self.fresh.position.0.cast_signed().into(),
            Value::Blob(Bytes::from(encode_entry(entry))),
            awaited.into(),
        ];
        self.rows.put(&REFERRERS, row);
    }

    /// The referrers of a statement that come before this one, or have been followed before it.
    async fn referrers(&self, target: StatementId) -> Result<Vec<Row>, StoreError> {
        let partition = [self.fresh.tenant.as_str().into(), target.into()];
        let mut rows = self.rows.partition(&REFERRERS, &partition).await?;
        let end = self.references.horizon(self.fresh);
        let before =
            |row: &Row| row[POSITION_COLUMN].as_int().is_some_and(|at| Position(at.cast_unsigned()) <= end);
        rows.retain(before);
        Ok(rows)
    }
}

/// Whether a voiding has come to everybody whom it concerns.
#[derive(PartialEq, Eq)]
enum Reach {
    Whole,
    /// The voided statement refers to one that is not there yet, and whose learner it would then concern.
    MayGrow,
}

const POSITION_COLUMN: usize = 2;
const ENTRY_COLUMN: usize = 3;
const AWAITED_COLUMN: usize = 4;

fn read_entry(row: &Row) -> Result<Entry, StoreError> {
    let bytes = row.get(ENTRY_COLUMN).and_then(Value::as_blob);
    bytes.and_then(|bytes| decode_entry(bytes)).ok_or_else(|| REFERRERS.damaged("not an entry"))
}

fn hash(tenant: &TenantId, id: StatementId) -> u128 {
    hash_of(tenant.as_str(), id)
}

fn hash_of(tenant: &str, id: StatementId) -> u128 {
    let seed = xxhash_rust::xxh3::xxh3_64(tenant.as_bytes());
    xxhash_rust::xxh3::xxh3_128_with_seed(id.as_bytes(), seed)
}
