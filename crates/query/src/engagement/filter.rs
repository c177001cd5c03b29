//! A matcher on the statement by which a learner entered the first stage.

use plaudit_engagement::{Matcher, MatcherDefinition};
use plaudit_read_models::engagement::FunnelRow;
use plaudit_read_models::statements::{self, by_ids};
use plaudit_xapi::StatementId;

use super::View;
use crate::QueryError;

/// Accepts learners by the statement with which they entered the first stage.
pub(super) struct EntryFilter(Matcher);

impl EntryFilter {
    pub(super) fn new(matcher: &MatcherDefinition) -> Self {
        Self(Matcher::new(matcher))
    }

    /// Keeps the rows whose first stage was entered by a statement that the matcher accepts.
    pub(super) async fn keep(&self, rows: &mut Vec<FunnelRow>, view: &View<'_>) -> Result<(), QueryError> {
        let ids: Vec<Option<StatementId>> = rows.iter().map(entry_of).collect();
        let wanted: Vec<StatementId> = ids.iter().flatten().copied().collect();
        let generation = view.generations.serving(statements::NAME, view.tenant);
        let mut bodies = by_ids(view.store, generation, view.tenant, &wanted).await?.into_iter();
        let accepts = |body: &[u8]| plaudit_xapi::read_stored(body).is_ok_and(|it| self.0.accepts(&it));
        let mut accepted = ids.into_iter().map(|id| {
            let statement = id.and_then(|_| bodies.next().flatten());
            statement.is_some_and(|it| accepts(&it.body))
        });
        rows.retain(|_| accepted.next().unwrap_or(false));
        Ok(())
    }
}

/// The statement that entered the first stage.
fn entry_of(row: &FunnelRow) -> Option<StatementId> {
    row.funnel.entered.first().filter(|entered| entered.index == 0).map(|entered| entered.statement)
}
