//! Engagement: how far each learner has come, what they have achieved, and whether it was recognised.
//!
//! Each learner has a timeline: everything that touches them, with what it means to the tenant's definitions, in the
//! order of the log. Whenever a batch adds to it, the learner is evaluated anew from the whole timeline, so late,
//! repeated, reordered and voided statements need no care, and the rows that came out differently are written.

mod additions;
mod cache;
mod codec;
mod fresh;
mod lookups;
mod references;
mod results;
mod sets;
mod tables;
mod targets;
#[cfg(test)]
mod tests;
mod timeline;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use plaudit_engagement::{EntryKind, Recognition, RecognitionTarget, concerns};
use plaudit_event::{Event, TenantId};
use plaudit_log::Position;
use plaudit_store::Table;

use self::additions::{Additions, Touched};
use self::cache::Cache;
use self::fresh::Fresh;
use self::references::References;
use self::sets::Sets;
use self::timeline::ENTRIES_PER_LEARNER_MAX;
use crate::{ApplyError, Context, ReadModel, Recorded, Rows};

pub use self::lookups::{
    AchievementRow, After, FunnelRow, LearnerRow, RecognitionRow, achievements, funnel, learner, recognition,
};
pub use self::sets::{DefinitionSet, definition_set, stored_definition_set};
pub use self::tables::bucket_of;

/// Name of the read model.
pub const NAME: &str = "engagement";

/// The definitions by which an instance makes its rows.
type TenantSets = BTreeMap<TenantId, Arc<DefinitionSet>>;

/// What learners that were touched lately may take in memory.
const CACHE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Keeps timelines, and the rows that follow from them.
pub struct Engagement {
    context: Context,
    sets: Sets,
    references: References,
    learners: Cache,
}

impl Engagement {
    /// An instance that remembers nothing yet.
    #[must_use]
    pub fn new(context: Context) -> Self {
        Self {
            sets: Sets::new(context.clone()),
            references: References::new(context.clone()),
            learners: Cache::new(CACHE_BYTES_MAX),
            context,
        }
    }

    fn concerns_me(&self, recorded: &Recorded<'_>) -> bool {
        self.context.tenant.as_ref().is_none_or(|tenant| recorded.event.tenant() == tenant)
    }

    /// The definitions of every tenant in the batch.
    async fn tenant_sets(
        &mut self,
        events: &[Recorded<'_>],
        rows: &mut Rows,
    ) -> Result<TenantSets, ApplyError> {
        let mut sets = TenantSets::new();
        for runs in events.chunk_by(|one, next| one.event.tenant() == next.event.tenant()) {
            let tenant = runs[0].event.tenant();
            if self.concerns_me(&runs[0]) && !sets.contains_key(tenant) {
                sets.insert(tenant.clone(), self.sets.of(tenant, rows).await?);
            }
        }
        Ok(sets)
    }

    async fn absorb(
        &mut self,
        additions: Additions,
        sets: &TenantSets,
        rows: &mut Rows,
    ) -> Result<(), ApplyError> {
        let mut touched = additions.into_learners();
        let mut scratch = Vec::new();
        // In parts, so that a batch that touches everybody does not hold everybody's timeline in memory.
        while !touched.is_empty() {
            let rest = touched.split_off(touched.len().min(LEARNERS_PER_LOOKUP_MAX));
            let learners = timeline::load(&touched, &mut self.learners, rows).await?;
            for (mut learner, touched) in learners.into_iter().zip(touched) {
                let (key, set) = (touched.key, &sets[&touched.tenant]);
                if !learner.has_room(touched.entries.len()) {
                    return Err(self.too_many(&touched));
                }
                timeline::absorb(&mut learner, touched, (&set.compiled, &mut scratch), rows)?;
                self.learners.put(key, learner);
            }
            touched = rest;
        }
        Ok(())
    }
}

impl Engagement {
    /// The error that parks a record of a learner who has too many already.
    fn too_many(&self, touched: &Touched) -> ApplyError {
        ApplyError::Poison {
            partition: self.context.partition,
            position: touched.entries.first().map_or(Position::default(), |(position, _)| *position),
            reason: format!("more than {ENTRIES_PER_LEARNER_MAX} statements touch one learner"),
        }
    }
}

/// Learners that are looked up in one call.
const LEARNERS_PER_LOOKUP_MAX: usize = 4096;

#[async_trait::async_trait]
impl ReadModel for Engagement {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> u32 {
        1
    }

    fn tables(&self) -> &'static [&'static Table] {
        tables::ALL
    }

    fn fixed_tables(&self) -> &'static [&'static Table] {
        static FIXED: [&Table; 1] = [&tables::SETS];
        &FIXED
    }

    fn after(&self) -> &'static [&'static str] {
        &[crate::statements::NAME, crate::definitions::NAME]
    }

    async fn apply(&mut self, events: &[Recorded<'_>], rows: &mut Rows) -> Result<(), ApplyError> {
        let sets = self.tenant_sets(events, rows).await?;
        for recorded in events {
            if let Event::Definition(event) = &recorded.event
                && sets.contains_key(&event.tenant)
            {
                self.sets.saw_change(&event.tenant);
            }
        }
        let taken = self.duplicates(events, &sets).await?;
        let mut batch = Vec::with_capacity(events.len());
        for recorded in events.iter().filter(|recorded| !taken.contains(&recorded.position)) {
            batch.extend(fresh(recorded, &sets)?);
        }
        let mut additions = Additions::default();
        batch.iter().for_each(|fresh| add_direct(fresh, &mut additions));
        self.references.follow(&batch, &mut additions, rows).await?;
        self.absorb(additions, &sets, rows).await?;
        self.references.finish(rows);
        Ok(())
    }

    fn forget(&mut self) {
        self.sets.forget();
        self.references.forget();
        self.learners.clear();
    }

    async fn wants_rebuild(&mut self) -> Result<Vec<TenantId>, ApplyError> {
        Ok(self.sets.outdated().await?)
    }
}

impl Engagement {
    async fn duplicates(
        &self,
        events: &[Recorded<'_>],
        sets: &TenantSets,
    ) -> Result<HashSet<Position>, ApplyError> {
        let mut taken = HashSet::new();
        for run in events.chunk_by(|one, next| one.partition == next.partition) {
            let (first, last) = (&run[0], &run[run.len() - 1]);
            let place = (first.partition, first.position, last.position);
            taken.extend(targets::duplicates(&self.context, sets.keys(), place).await?);
        }
        Ok(taken)
    }
}

/// The statement of a record; `None` if it is something else, or of a tenant that does not concern this instance.
fn fresh<'b, 'a>(
    recorded: &'b Recorded<'a>,
    sets: &'b TenantSets,
) -> Result<Option<Fresh<'b, 'a>>, ApplyError> {
    let Event::Statement(event) = &recorded.event else { return Ok(None) };
    let Some(set) = sets.get(&event.tenant) else { return Ok(None) };
    let Recorded { partition, position, .. } = *recorded;
    let poison = |reason: &str| ApplyError::Poison { partition, position, reason: reason.to_owned() };
    let statement = recorded.statement.as_ref().ok_or_else(|| poison("it is no statement"))?;
    let id = statement.id.ok_or_else(|| poison("the statement has no id"))?;
    let stored = event.stored;
    Ok(Some(Fresh { partition, position, tenant: &event.tenant, statement, id, stored, set }))
}

/// Adds what the statement brings to those whom it names.
fn add_direct(fresh: &Fresh<'_, '_>, additions: &mut Additions) {
    let concerns = concerns(fresh.statement);
    let mark = fresh.mark();
    let mut add =
        |learner: &str, kind| additions.add(fresh.tenant, learner, fresh.position, fresh.entry(kind));
    if fresh.set.counts_members() {
        concerns.members.iter().for_each(|member| add(member, EntryKind::Member(mark.clone())));
    }
    let recognition = |via| {
        let (by, named) = (concerns.actor.to_string(), concerns.named.clone());
        EntryKind::Recognition(Recognition { mark: mark.clone(), by, via, named })
    };
    if let Some(learner) = &concerns.learner {
        add(learner, recognition(RecognitionTarget::Learner));
    }
    if fresh.set.recognises_members() {
        let members = concerns.learner_members.iter();
        members.for_each(|member| add(member, recognition(RecognitionTarget::Member)));
    }
    add(&concerns.actor, EntryKind::Own(mark));
}
