//! The xAPI queries of statements.

mod find;
mod freshness;
mod page;
mod plan;
mod search;
mod spans;
mod stream;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use bytes::Bytes;
use plaudit_event::TenantId;
use plaudit_log::Log;
use plaudit_read_models::statements::{NAME, Term, TermKind, by_ids, voided};
use plaudit_read_models::{Generations, Progress};
use plaudit_store::Store;
use plaudit_xapi::{Ifi, StatementId};

use self::find::Finder;
use self::spans::SpanCache;
use crate::{QueryError, cursor};

pub use self::freshness::InFlight;
pub use self::page::{BODIES_BYTES_MAX, Page};
pub(crate) use self::plan::{Condition, Plan};
pub use self::plan::{Format, STATEMENTS_PER_PAGE_MAX, Settings, StatementQuery};

/// Answers queries of statements.
pub struct Statements {
    store: Arc<dyn Store>,
    log: Arc<dyn Log>,
    generations: Generations,
    progress: Progress,
    in_flight: Arc<dyn InFlight>,
    spans: SpanCache,
    /// What was last told as consistent-through, in microseconds since 1970.
    told: AtomicI64,
}

/// What queries of statements need.
pub struct StatementsOptions {
    /// The rows.
    pub store: Arc<dyn Store>,
    /// The log that they follow, to know what is confirmed.
    pub log: Arc<dyn Log>,
    /// Which rows serve.
    pub generations: Generations,
    /// How far they have come.
    pub progress: Progress,
    /// What is stamped and not confirmed.
    pub in_flight: Arc<dyn InFlight>,
}

impl Statements {
    /// Over these rows.
    #[must_use]
    pub fn new(options: StatementsOptions) -> Self {
        let StatementsOptions { store, log, generations, progress, in_flight } = options;
        let told = AtomicI64::new(i64::MIN);
        Self { store, log, generations, progress, in_flight, spans: SpanCache::default(), told }
    }

    /// The first page of the statements that meet `query`; of those that `scope` asserted, if there is one.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn find(
        &self,
        tenant: &TenantId,
        query: &StatementQuery<'_>,
        scope: Option<&Ifi<'_>>,
    ) -> Result<Page, QueryError> {
        self.page(tenant, Plan::of(query), None, scope).await
    }

    /// The page after the one that gave out `more`. `scope` is that of the present request.
    ///
    /// # Errors
    /// [`QueryError::Cursor`] if `more` is not a cursor of this tenant; or when the store does not answer.
    pub async fn find_more(
        &self,
        tenant: &TenantId,
        more: &str,
        scope: Option<&Ifi<'_>>,
    ) -> Result<Page, QueryError> {
        let (plan, last) = cursor::decode(tenant, more)?;
        self.page(tenant, plan, Some(last), scope).await
    }

    /// The statement of that id, unless it is voided; and of those that `scope` asserted, if there is one.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn by_id(
        &self,
        tenant: &TenantId,
        id: StatementId,
        settings: &Settings,
        scope: Option<&Ifi<'_>>,
    ) -> Result<Option<Bytes>, QueryError> {
        let body = self.one(tenant, id, scope, false).await?;
        Ok(body.map(|body| page::formatted_one(body, settings)))
    }

    /// The statement of that id, if it is voided.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn voided_by_id(
        &self,
        tenant: &TenantId,
        id: StatementId,
        settings: &Settings,
        scope: Option<&Ifi<'_>>,
    ) -> Result<Option<Bytes>, QueryError> {
        let body = self.one(tenant, id, scope, true).await?;
        Ok(body.map(|body| page::formatted_one(body, settings)))
    }

    async fn one(
        &self,
        tenant: &TenantId,
        id: StatementId,
        scope: Option<&Ifi<'_>>,
        wants_voided: bool,
    ) -> Result<Option<Bytes>, QueryError> {
        let generation = self.generations.serving(NAME, tenant);
        let is_voided = voided(self.store.as_ref(), generation, tenant, &[id]).await?;
        if is_voided != [wants_voided] {
            return Ok(None);
        }
        let found = by_ids(self.store.as_ref(), generation, tenant, &[id]).await?.pop().flatten();
        let body = found.map(|statement| statement.body);
        Ok(body.filter(|body| scope.is_none_or(|scope| asserted_by(body, scope))))
    }

    async fn page(
        &self,
        tenant: &TenantId,
        plan: Plan,
        after: Option<cursor::Place>,
        scope: Option<&Ifi<'_>>,
    ) -> Result<Page, QueryError> {
        let finder = Finder {
            store: self.store.as_ref(),
            generation: self.generations.serving(NAME, tenant),
            tenant,
            partitions: self.log.partitions(),
            cache: &self.spans,
        };
        let scope = scope.map(|ifi| Term::ifi(TermKind::Authority, ifi));
        page::read(&finder, plan, after, scope).await
    }
}

/// Whether the authority of a stored statement is, or has as a member, that agent.
fn asserted_by(body: &[u8], scope: &Ifi<'_>) -> bool {
    let wanted = Term::ifi(TermKind::Authority, scope);
    plaudit_xapi::read_stored(body).is_ok_and(|statement| Term::of_statement(&statement).contains(&wanted))
}
