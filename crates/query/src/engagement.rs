//! Engagement: how far learners come, what they achieve, and whether it is recognised.
//!
//! Every figure is computed from the rows of the learners behind it, and the list of these learners is made with the same
//! question: it has as many rows as the figure says. `as_of` decides who is dropped, dormant or overdue.

mod achievements;
mod cursor;
mod filter;
mod funnel;
mod learner;
mod recognition;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use plaudit_engagement::{CohortUnit, cohort};
use plaudit_event::TenantId;
use plaudit_read_models::Generations;
use plaudit_read_models::engagement::{DefinitionSet, NAME, definition_set, stored_definition_set};
use plaudit_store::{Generation, Store};
use plaudit_xapi::Timestamp;
use serde::Serialize;

use crate::QueryError;

pub use achievements::{AchievementAnswer, AchievementCounts, AchievementsAsk, EarnedRow};
pub use funnel::{FunnelAnswer, FunnelAsk, FunnelCohort, FunnelLearner, FunnelLearnersAsk, FunnelStage};
pub use learner::{FunnelStory, LearnerStory, RecognitionStory, StageStory};
pub use recognition::{
    ExpectationRow, NeverRecognised, RecognitionAnswer, RecognitionAsk, RecognitionCounts,
};

/// Rows read from the store in one call.
const ROWS_PER_READ: usize = 1000;

/// Answers questions about engagement.
pub struct Engagement {
    store: Arc<dyn Store>,
    generations: Generations,
    sets: Mutex<HashMap<TenantId, (Generation, Arc<DefinitionSet>)>>,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listed<T> {
    /// The rows.
    pub items: Vec<T>,
    /// What to ask with for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which page of a list.
#[derive(Clone, Debug, Default)]
pub struct PageAsk {
    /// Rows of the page; at least one is given.
    pub limit: usize,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// One week or month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// Week or month.
    pub unit: CohortUnit,
    /// As in `2026-W05` or `2026-01`.
    pub name: String,
}

impl Engagement {
    /// Over these rows.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, generations: Generations) -> Self {
        Self { store, generations, sets: Mutex::default() }
    }

    /// The definitions by which the rows of `tenant` were made.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn definitions(&self, tenant: &TenantId) -> Result<Arc<DefinitionSet>, QueryError> {
        Ok(self.view(tenant).await?.set)
    }

    /// What one question is answered from: it sees one generation, also when another one begins to serve meanwhile.
    async fn view<'a>(&'a self, tenant: &'a TenantId) -> Result<View<'a>, QueryError> {
        let generation = self.generations.serving(NAME, tenant);
        let view = |set| View {
            store: self.store.as_ref(),
            generations: &self.generations,
            generation,
            tenant,
            set,
        };
        if let Some((known, set)) = self.sets.lock().get(tenant)
            && *known == generation
        {
            return Ok(view(Arc::clone(set)));
        }
        let Some(set) = stored_definition_set(self.store.as_ref(), generation, tenant).await? else {
            // Nothing has come yet; when it does, it may be under other definitions.
            return Ok(view(Arc::new(definition_set(self.store.as_ref(), generation, tenant).await?)));
        };
        let set = Arc::new(set);
        self.sets.lock().insert(tenant.clone(), (generation, Arc::clone(&set)));
        Ok(view(set))
    }
}

/// The rows of a tenant.
struct View<'a> {
    store: &'a dyn Store,
    generations: &'a Generations,
    generation: Generation,
    tenant: &'a TenantId,
    set: Arc<DefinitionSet>,
}

impl View<'_> {
    /// Whether the instant is in the period, if one is asked for.
    fn is_in(&self, period: Option<&Period>, time: Timestamp) -> bool {
        period.is_none_or(|period| self.period(period.unit, time) == period.name)
    }

    /// Lets others have a turn: reading the rows of many learners takes long, and an embedded store reads on this thread.
    async fn pause(&self) {
        tokio::task::yield_now().await;
    }

    fn period(&self, unit: CohortUnit, time: Timestamp) -> String {
        cohort(time, unit, self.set.compiled.zone())
    }
}

fn unknown(kind: &str, id: &str) -> QueryError {
    QueryError::Unknown { what: format!("there is no {kind} `{id}`") }
}

/// As every answer writes instants.
fn text(time: Timestamp) -> String {
    time.to_string()
}
