//! Achievements: how many earned what and when, and who.

use std::collections::BTreeMap;

use plaudit_engagement::{CohortUnit, Earned};
use plaudit_event::TenantId;
use plaudit_read_models::engagement::{AchievementRow, After, achievements, bucket_of};
use plaudit_store::Value;
use plaudit_xapi::Timestamp;
use serde::Serialize;

use super::cursor::Question;
use super::{Engagement, Listed, PageAsk, Period, ROWS_PER_READ, View, unknown};
use crate::QueryError;

/// Which achievements.
#[derive(Clone, Debug, Default)]
pub struct AchievementsAsk {
    /// Only those earned in this week or month.
    pub period: Option<Period>,
    /// Counts by week or month of earning, too.
    pub periods_by: Option<CohortUnit>,
}

/// What an achievement comes to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AchievementAnswer {
    /// Id of the achievement.
    pub achievement: String,
    /// Its title.
    pub title: String,
    /// What it is worth, each time.
    pub points: u32,
    /// How often it was earned.
    #[serde(flatten)]
    pub counts: AchievementCounts,
    /// By week or month of earning, oldest first, if asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub periods: BTreeMap<String, AchievementCounts>,
}

/// How often an achievement was earned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AchievementCounts {
    /// Learners who have it.
    pub learners: u64,
    /// How often they earned it.
    pub earned: u64,
    /// How often it was revoked and not earned again.
    pub revoked: u64,
}

/// An achievement of a learner.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EarnedRow {
    /// Canonical identity of the learner.
    pub learner: String,
    /// What was earned.
    #[serde(flatten)]
    pub earned: Earned,
}

impl Engagement {
    /// What every achievement comes to, in the order of the definitions.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn achievements(
        &self,
        tenant: &TenantId,
        ask: &AchievementsAsk,
    ) -> Result<Vec<AchievementAnswer>, QueryError> {
        let view = self.view(tenant).await?;
        let mut answers = Vec::with_capacity(view.set.achievements.len());
        for definition in &view.set.achievements {
            let mut tally = Tally::default();
            let mut after = Some(After::default());
            while let Some(from) = after {
                let (rows, next) = read(&view, &definition.id, from).await?;
                rows.iter().filter(|row| view.is_in(ask.period.as_ref(), row.earned.time)).for_each(|row| {
                    tally.add(row, ask.periods_by.map(|unit| view.period(unit, row.earned.time)));
                });
                after = next;
            }
            answers.push(AchievementAnswer {
                achievement: definition.id.clone(),
                title: definition.title.clone(),
                points: definition.points,
                counts: tally.all.counts,
                periods: tally.periods.into_iter().map(|(name, counter)| (name, counter.counts)).collect(),
            });
        }
        Ok(answers)
    }

    /// Who earned an achievement, each time; revoked ones too.
    ///
    /// # Errors
    /// When there is no such achievement, the cursor is not one, or the store does not answer.
    pub async fn earned(
        &self,
        tenant: &TenantId,
        achievement: &str,
        period: Option<&Period>,
        page: &PageAsk,
    ) -> Result<Listed<EarnedRow>, QueryError> {
        let view = self.view(tenant).await?;
        let known = view.set.achievements.iter().any(|it| it.id == achievement);
        known.then_some(()).ok_or_else(|| unknown("achievement", achievement))?;
        let question = Question::new(tenant, &format!("earned {achievement} {period:?}"));
        let mut after = Some(after_cursor(&question, page)?);
        let mut items: Vec<EarnedRow> = Vec::new();
        while let Some(from) = after {
            let (rows, next) = read(&view, achievement, from).await?;
            for AchievementRow { learner, earned } in rows {
                if !view.is_in(period, earned.time) {
                    continue;
                }
                if items.len() == page.limit.max(1) {
                    let last = items.last().expect("a page has a row at least");
                    let place = (bucket_of(&last.learner), &last.learner, last.earned.occurrence);
                    return Ok(Listed { next: Some(question.cursor(Timestamp::default(), place)), items });
                }
                items.push(EarnedRow { learner, earned });
            }
            after = next;
        }
        Ok(Listed { items, next: None })
    }
}

async fn read(
    view: &View<'_>,
    achievement: &str,
    from: After,
) -> Result<(Vec<AchievementRow>, Option<After>), QueryError> {
    view.pause().await;
    let of = (view.tenant, achievement);
    Ok(achievements(view.store, view.generation, of, from, ROWS_PER_READ).await?)
}

fn after_cursor(question: &Question, page: &PageAsk) -> Result<After, QueryError> {
    let Some(cursor) = &page.cursor else { return Ok(After::default()) };
    let (_, (bucket, learner, occurrence)) = question.read::<(i64, String, u32)>(cursor)?;
    Ok(After { bucket, key: vec![Value::Text(learner), Value::Int(occurrence.into())] })
}

/// Counts rows, of which those of one learner come together.
#[derive(Default)]
struct Tally {
    all: Counter,
    periods: BTreeMap<String, Counter>,
}

#[derive(Default)]
struct Counter {
    counts: AchievementCounts,
    last_learner: String,
}

impl Tally {
    fn add(&mut self, row: &AchievementRow, period: Option<String>) {
        self.all.add(row);
        if let Some(period) = period {
            self.periods.entry(period).or_default().add(row);
        }
    }
}

impl Counter {
    fn add(&mut self, row: &AchievementRow) {
        if row.earned.revoked.is_some() {
            self.counts.revoked += 1;
            return;
        }
        self.counts.earned += 1;
        if self.last_learner != row.learner {
            self.counts.learners += 1;
            self.last_learner.clone_from(&row.learner);
        }
    }
}
