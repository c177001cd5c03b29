//! A matcher on the statement by which a learner entered the first stage.

use plaudit_engagement::{
    Definitions, Entry, EntryKind, FunnelDefinition, MatcherDefinition, Order, StageDefinition, evaluate,
};
use plaudit_read_models::engagement::FunnelRow;
use plaudit_read_models::statements::{self, by_ids};
use plaudit_xapi::{Statement, StatementId, Timestamp};

use super::View;
use crate::QueryError;

/// Accepts learners by the statement with which they entered the first stage.
pub(super) struct EntryFilter(Definitions);

impl EntryFilter {
    /// A funnel that is entered by the statements that the matcher accepts.
    pub(super) fn new(matcher: &MatcherDefinition, view: &View<'_>) -> Result<Self, QueryError> {
        let stage = StageDefinition {
            id: "accepted".to_owned(),
            title: String::new(),
            matcher: matcher.clone(),
            count: 1,
            distinct: None,
            within: None,
            exclude: None,
            or_later: false,
        };
        let funnel = FunnelDefinition {
            id: "filter".to_owned(),
            title: String::new(),
            order: Order::Ordered,
            dormant_after: None,
            members: false,
            scope: MatcherDefinition::default(),
            stages: vec![stage],
        };
        let compiled = Definitions::compile(&[funnel], &[], &[], view.set.compiled.zone());
        compiled.map(Self).map_err(QueryError::Filter)
    }

    /// Keeps the rows whose first stage was entered by a statement that the matcher accepts.
    pub(super) async fn keep(&self, rows: &mut Vec<FunnelRow>, view: &View<'_>) -> Result<(), QueryError> {
        let ids: Vec<Option<StatementId>> = rows.iter().map(entry_of).collect();
        let wanted: Vec<StatementId> = ids.iter().flatten().copied().collect();
        let generation = view.generations.serving(statements::NAME, view.tenant);
        let mut bodies = by_ids(view.store, generation, view.tenant, &wanted).await?.into_iter();
        let mut accepted = ids.into_iter().map(|id| {
            let statement = id.and_then(|_| bodies.next().flatten());
            statement.is_some_and(|it| plaudit_xapi::read_stored(&it.body).is_ok_and(|it| self.accepts(&it)))
        });
        rows.retain(|_| accepted.next().unwrap_or(false));
        Ok(())
    }

    fn accepts(&self, statement: &Statement<'_>) -> bool {
        let entry = Entry {
            time: Timestamp::default(),
            stored: Timestamp::default(),
            id: StatementId::nil(),
            kind: EntryKind::Own(self.0.mark(statement)),
        };
        !evaluate(&self.0, "", &[entry]).funnels.is_empty()
    }
}

/// The statement that entered the first stage.
fn entry_of(row: &FunnelRow) -> Option<StatementId> {
    row.funnel.entered.first().filter(|entered| entered.index == 0).map(|entered| entered.statement)
}
