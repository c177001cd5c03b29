//! Lookups: the rows of engagement as queries want them.

use std::ops::Bound;

use plaudit_engagement::{Earned, Expectation, FunnelOutcome, Outcome};
use plaudit_event::TenantId;
use plaudit_store::{Generation, Order, Row, Slice, Store, StoreError, Table, Value};
use plaudit_xapi::Timestamp;

use super::results::{read_achievement, read_expectation, read_funnel};
use super::tables::{ACHIEVEMENTS, BUCKETS, FUNNEL, LEARNERS, RECOGNITION};
use super::timeline::read_learner;

/// Where a list goes on: after the row of that bucket and clustering key. The default is the start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct After {
    /// The bucket.
    pub bucket: i64,
    /// The clustering key of the last row seen in it; empty for none.
    pub key: Row,
}

/// A learner's way through a funnel.
#[derive(Clone, Debug, PartialEq)]
pub struct FunnelRow {
    /// Canonical identity.
    pub learner: String,
    /// How far they have come.
    pub funnel: FunnelOutcome,
}

/// An achievement of a learner.
#[derive(Clone, Debug, PartialEq)]
pub struct AchievementRow {
    /// Canonical identity.
    pub learner: String,
    /// What was earned.
    pub earned: Earned,
}

/// The recognition that a learner is due.
#[derive(Clone, Debug, PartialEq)]
pub struct RecognitionRow {
    /// Canonical identity.
    pub learner: String,
    /// What is expected.
    pub expectation: Expectation,
}

/// Everything that is known about one learner.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LearnerRow {
    /// What follows from their timeline.
    pub outcome: Outcome,
    /// Event time of their latest statement.
    pub last_statement: Option<Timestamp>,
}

/// Rows, and where to go on; `None` at the end.
pub type Page<T> = (Vec<T>, Option<After>);

/// What is known about a learner; `None` if nothing ever touched them.
///
/// # Errors
/// When the store does not answer.
pub async fn learner(
    store: &dyn Store,
    generation: Generation,
    tenant: &TenantId,
    learner: &str,
) -> Result<Option<LearnerRow>, StoreError> {
    let key = vec![tenant.as_str().into(), learner.into()];
    let row = store.get(&LEARNERS, generation, &[key]).await?.pop().flatten();
    let read =
        |row: Row| read_learner(&row).map(|(outcome, last)| LearnerRow { outcome, last_statement: last });
    row.map(read).transpose()
}

/// The learners of a funnel: at most `limit` rows after `after`.
///
/// # Errors
/// When the store does not answer.
pub async fn funnel(
    store: &dyn Store,
    generation: Generation,
    (tenant, funnel): (&TenantId, &str),
    after: After,
    limit: usize,
) -> Result<Page<FunnelRow>, StoreError> {
    let read = |row: &Row| Some(FunnelRow { learner: learner_of(row)?, funnel: read_funnel(row)? });
    Buckets { store, generation, table: &FUNNEL, tenant, about: funnel }.page(after, limit, read).await
}

/// Who earned an achievement: at most `limit` rows after `after`.
///
/// # Errors
/// When the store does not answer.
pub async fn achievements(
    store: &dyn Store,
    generation: Generation,
    (tenant, achievement): (&TenantId, &str),
    after: After,
    limit: usize,
) -> Result<Page<AchievementRow>, StoreError> {
    let read = |row: &Row| Some(AchievementRow { learner: learner_of(row)?, earned: read_achievement(row)? });
    Buckets { store, generation, table: &ACHIEVEMENTS, tenant, about: achievement }
        .page(after, limit, read)
        .await
}

/// The recognition that a rule expects: at most `limit` rows after `after`.
///
/// # Errors
/// When the store does not answer.
pub async fn recognition(
    store: &dyn Store,
    generation: Generation,
    (tenant, rule): (&TenantId, &str),
    after: After,
    limit: usize,
) -> Result<Page<RecognitionRow>, StoreError> {
    let read =
        |row: &Row| Some(RecognitionRow { learner: learner_of(row)?, expectation: read_expectation(row)? });
    Buckets { store, generation, table: &RECOGNITION, tenant, about: rule }.page(after, limit, read).await
}

/// The rows of one thing, bucket by bucket.
struct Buckets<'s> {
    store: &'s dyn Store,
    generation: Generation,
    table: &'static Table,
    tenant: &'s TenantId,
    about: &'s str,
}

impl Buckets<'_> {
    async fn page<T>(
        &self,
        after: After,
        limit: usize,
        read: impl Fn(&Row) -> Option<T>,
    ) -> Result<Page<T>, StoreError> {
        let mut page = Vec::new();
        let After { mut bucket, mut key } = after;
        while bucket < BUCKETS && page.len() < limit {
            let rows = self.rows(bucket, &key, limit - page.len()).await?;
            for row in &rows {
                page.push(read(row).ok_or_else(|| self.table.damaged("a column is not what it should be"))?);
            }
            match rows.last() {
                Some(last) if page.len() >= limit => {
                    key = last[self.table.partition_key.len()..self.table.key_len()].to_vec();
                }
                _ => (bucket, key) = (bucket + 1, Row::new()),
            }
        }
        let next = (bucket < BUCKETS).then_some(After { bucket, key });
        Ok((page, next))
    }

    async fn rows(&self, bucket: i64, after: &[Value], limit: usize) -> Result<Vec<Row>, StoreError> {
        let partition = [self.tenant.as_str().into(), self.about.into(), bucket.into()];
        let slice = Slice {
            from: if after.is_empty() { Bound::Unbounded } else { Bound::Excluded(after) },
            to: Bound::Unbounded,
            order: Order::Ascending,
            limit,
        };
        self.store.slice(self.table, self.generation, &partition, slice).await
    }
}

fn learner_of(row: &Row) -> Option<String> {
    row.get(LEARNER_COLUMN)?.as_text().map(str::to_owned)
}

/// After tenant, what the table is about, and bucket.
const LEARNER_COLUMN: usize = 3;
