//! Statements that others refer to: who is concerned by them.

use std::collections::HashSet;
use std::ops::Bound;

use plaudit_engagement::{Concerns, concerns};
use plaudit_event::TenantId;
use plaudit_log::{Partition, Position};
use plaudit_store::{Order, Row, Slice, StoreError, Value};
use plaudit_xapi::StatementId;

use super::sets::DefinitionSet;
use crate::Context;
use crate::statements::{DUPLICATES, NAME as STATEMENTS_MODEL, STATEMENTS};

/// A statement that is referred to.
pub(super) struct Target {
    /// Whose own statement it is.
    actor: String,
    members: Vec<String>,
    recognised: Option<String>,
    recognised_members: Vec<String>,
    pub refers_to: Option<StatementId>,
    pub voids: bool,
}

impl Target {
    pub(super) fn new(concerns: &Concerns<'_>) -> Self {
        let owned = |members: &[std::borrow::Cow<'_, str>]| members.iter().map(ToString::to_string).collect();
        Self {
            actor: concerns.actor.to_string(),
            members: owned(&concerns.members),
            recognised: concerns.learner.as_ref().map(ToString::to_string),
            recognised_members: owned(&concerns.learner_members),
            refers_to: concerns.refers_to,
            voids: concerns.voids,
        }
    }

    /// Whose statement it is.
    pub(super) fn owners<'t>(&'t self, set: &DefinitionSet) -> impl Iterator<Item = &'t str> {
        let members = if set.counts_members() { self.members.as_slice() } else { &[] };
        std::iter::once(self.actor.as_str()).chain(members.iter().map(String::as_str))
    }

    /// Whose timelines it is on without looking further.
    pub(super) fn named<'t>(&'t self, set: &DefinitionSet) -> impl Iterator<Item = &'t str> {
        let members = if set.recognises_members() { self.recognised_members.as_slice() } else { &[] };
        self.owners(set).chain(self.recognised.iter().chain(members).map(String::as_str))
    }
}

/// Why a target is of no use.
pub(super) enum Unusable {
    Store(StoreError),
    /// Its body is not a statement.
    Body(String),
}

impl From<StoreError> for Unusable {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The statements with those ids, as far as they are there at a position: a statement may refer to itself.
///
/// The read model of statements is ahead by an amount that depends on chance, so what it has seen after the
/// position must not count.
pub(super) async fn find(
    context: &Context,
    tenant: &TenantId,
    wanted: &[(StatementId, Position)],
) -> Result<Vec<Option<Target>>, Unusable> {
    let generation = context.generations.serving(STATEMENTS_MODEL, tenant);
    let keys: Vec<Row> = wanted.iter().map(|(id, _)| vec![tenant.as_str().into(), (*id).into()]).collect();
    let rows = context.store.get(&STATEMENTS, generation, &keys).await?;
    rows.iter().zip(wanted).map(|(row, (_, at))| read(row.as_ref(), *at)).collect()
}

fn read(row: Option<&Row>, at: Position) -> Result<Option<Target>, Unusable> {
    let Some(row) = row else { return Ok(None) };
    let record = row.last().and_then(Value::as_record).ok_or_else(|| STATEMENTS.damaged("no body"))?;
    if Position(record.position) > at {
        return Ok(None);
    }
    let statement =
        plaudit_xapi::read_stored(&record.bytes).map_err(|error| Unusable::Body(error.to_string()))?;
    Ok(Some(Target::new(&concerns(&statement))))
}

/// The records in `first..=last` that count for nothing, because their id was taken.
pub(super) async fn duplicates<'t>(
    context: &Context,
    tenants: impl Iterator<Item = &'t TenantId>,
    (partition, first, last): (Partition, Position, Position),
) -> Result<HashSet<Position>, StoreError> {
    let mut generations: Vec<_> =
        tenants.map(|tenant| context.generations.serving(STATEMENTS_MODEL, tenant)).collect();
    generations.sort_unstable();
    generations.dedup();
    let (first, last) = ([number(first)], [number(last)]);
    let mut found = HashSet::new();
    for generation in generations {
        let slice = Slice {
            from: Bound::Included(&first),
            to: Bound::Included(&last),
            order: Order::Ascending,
            limit: usize::MAX,
        };
        let rows =
            context.store.slice(&DUPLICATES, generation, &[i64::from(partition).into()], slice).await?;
        let positions = rows.iter().filter_map(|row| row.get(1)?.as_int());
        found.extend(positions.map(|position| Position(position.cast_unsigned())));
    }
    Ok(found)
}

fn number(position: Position) -> Value {
    position.0.cast_signed().into()
}
