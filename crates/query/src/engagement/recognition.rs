//! Recognition: whether the promise is kept, who waits, and who recognises whom.

use std::collections::BTreeMap;

use plaudit_engagement::{
    CohortUnit, Expectation, ExpectationStatus, RecognisedPair, RecognitionDefinition, RecognitionFigures,
    RecognitionSummary,
};
use plaudit_event::TenantId;
use plaudit_read_models::engagement::{After, RecognitionRow, recognition};
use plaudit_xapi::Timestamp;
use serde::{Deserialize, Serialize};

use super::cursor::Question;
use super::{Engagement, Listed, PageAsk, Period, ROWS_PER_READ, View, text, unknown};
use crate::QueryError;

/// Rows of the lists that come with the figures.
const ROWS_PER_LIST: usize = 20;

/// Which expectations, and as of when.
#[derive(Clone, Debug, Default)]
pub struct RecognitionAsk {
    /// The instant that decides what is overdue.
    pub as_of: Timestamp,
    /// Only for this achievement.
    pub achievement: Option<String>,
    /// Only for what was earned in this week or month.
    pub period: Option<Period>,
    /// Counts by week or month of earning, too.
    pub periods_by: Option<CohortUnit>,
}

/// What a recognition rule comes to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecognitionAnswer {
    /// Id of the rule.
    pub rule: String,
    /// Its title.
    pub title: String,
    /// How soon recognition is promised.
    pub due_within: String,
    /// The instant that decided.
    pub as_of: String,
    /// All figures, and the first rows of each list.
    #[serde(flatten)]
    pub figures: RecognitionFigures,
    /// By achievement.
    pub by_achievement: Vec<RecognitionCounts>,
    /// By week or month of earning, oldest first, if asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by_period: Vec<RecognitionCounts>,
}

/// The figures of one achievement or period.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecognitionCounts {
    /// Id of the achievement, or name of the period.
    pub of: String,
    /// How many expectations there are.
    pub expectations: u64,
    /// Of these: recognised, in time or late.
    pub met: u64,
    /// Of these: recognised in time.
    pub met_in_time: u64,
    /// Of these: not yet recognised, and there is time.
    pub open: u64,
    /// Of these: not yet recognised, and the time is over.
    pub overdue: u64,
    /// Met in time, as a share of all.
    pub share_met_in_time: Option<f64>,
    /// Learners of whose expectations none is met.
    pub never_recognised: u64,
    /// Half of those that were met waited no longer.
    pub p50_seconds: Option<f64>,
    /// 90 % of those that were met waited no longer.
    pub p90_seconds: Option<f64>,
    /// 99 % of those that were met waited no longer.
    pub p99_seconds: Option<f64>,
}

/// The recognition that a learner is due.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExpectationRow {
    /// Canonical identity of the learner.
    pub learner: String,
    /// Where it stands.
    pub status: ExpectationStatus,
    /// What is expected, and what met it.
    #[serde(flatten)]
    pub expectation: Expectation,
}

/// A learner with achievements who was never recognised.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NeverRecognised {
    /// Canonical identity.
    pub learner: String,
    /// How many expectations wait.
    pub expectations: u64,
}

impl Engagement {
    /// What a recognition rule comes to.
    ///
    /// # Errors
    /// When there is no such rule, or the store does not answer.
    pub async fn recognition(
        &self,
        tenant: &TenantId,
        rule: &str,
        ask: &RecognitionAsk,
    ) -> Result<RecognitionAnswer, QueryError> {
        let view = self.view(tenant).await?;
        let definition = definition(&view, rule)?;
        let mut all = RecognitionSummary::new(ROWS_PER_LIST);
        let mut by_achievement = Groups::default();
        let mut by_period = Groups::default();
        let mut learners = Learners::new(&view, rule, ask);
        while let Some((learner, expectations)) = learners.next().await? {
            all.add(&learner, &expectations, ask.as_of);
            by_achievement.add(&learner, &expectations, ask.as_of, |it| it.achievement.clone());
            if let Some(unit) = ask.periods_by {
                by_period.add(&learner, &expectations, ask.as_of, |it| view.period(unit, it.earned_at));
            }
        }
        Ok(RecognitionAnswer {
            rule: definition.id.clone(),
            title: definition.title.clone(),
            due_within: definition.due_within.as_str().to_owned(),
            as_of: text(ask.as_of),
            figures: all.finish(),
            by_achievement: by_achievement.finish(),
            by_period: by_period.finish(),
        })
    }

    /// The expectations behind a figure, or all of them, oldest first: as many rows as the figure says.
    ///
    /// # Errors
    /// When there is no such rule, the cursor is not one, or the store does not answer.
    pub async fn expectations(
        &self,
        tenant: &TenantId,
        rule: &str,
        (ask, status): (&RecognitionAsk, Option<ExpectationStatus>),
        page: &PageAsk,
    ) -> Result<Listed<ExpectationRow>, QueryError> {
        let what = format!("expectations {status:?}");
        let list = List { tenant, rule, ask, page, what: &what };
        let place = |row: &ExpectationRow| {
            let it = &row.expectation;
            (it.earned_at.as_micros(), row.learner.clone(), it.achievement.clone(), it.occurrence)
        };
        let collect = async |view: &View<'_>, ask: &RecognitionAsk| {
            let mut rows = Vec::new();
            let mut learners = Learners::new(view, rule, ask);
            while let Some((learner, expectations)) = learners.next().await? {
                rows.extend(expectations.into_iter().filter_map(|expectation| {
                    let found = expectation.status(ask.as_of);
                    let row = ExpectationRow { learner: learner.clone(), status: found, expectation };
                    status.is_none_or(|status| status == found).then_some(row)
                }));
            }
            Ok(rows)
        };
        self.sorted(list, place, collect).await
    }

    /// The learners with achievements of whom none was recognised, by identity.
    ///
    /// # Errors
    /// When there is no such rule, the cursor is not one, or the store does not answer.
    pub async fn never_recognised(
        &self,
        tenant: &TenantId,
        rule: &str,
        ask: &RecognitionAsk,
        page: &PageAsk,
    ) -> Result<Listed<NeverRecognised>, QueryError> {
        let list = List { tenant, rule, ask, page, what: "never recognised" };
        let collect = async |view: &View<'_>, ask: &RecognitionAsk| {
            let mut rows = Vec::new();
            let mut learners = Learners::new(view, rule, ask);
            while let Some((learner, expectations)) = learners.next().await? {
                if expectations.iter().all(|it| it.met.is_none()) {
                    rows.push(NeverRecognised { learner, expectations: expectations.len() as u64 });
                }
            }
            Ok(rows)
        };
        self.sorted(list, |row: &NeverRecognised| row.learner.clone(), collect).await
    }

    /// Who recognises whom and how often, most often first.
    ///
    /// # Errors
    /// When there is no such rule, the cursor is not one, or the store does not answer.
    pub async fn recognised_pairs(
        &self,
        tenant: &TenantId,
        rule: &str,
        ask: &RecognitionAsk,
        page: &PageAsk,
    ) -> Result<Listed<RecognisedPair>, QueryError> {
        let list = List { tenant, rule, ask, page, what: "pairs" };
        let place = |pair: &RecognisedPair| (u64::MAX - pair.times, pair.by.clone(), pair.learner.clone());
        let collect = async |view: &View<'_>, ask: &RecognitionAsk| {
            let mut summary = RecognitionSummary::new(usize::MAX);
            let mut learners = Learners::new(view, rule, ask);
            while let Some((learner, expectations)) = learners.next().await? {
                summary.add(&learner, &expectations, ask.as_of);
            }
            Ok(summary.finish().lists.pairs)
        };
        self.sorted(list, place, collect).await
    }

    /// A page of what `collect` finds, in the order of `place`.
    async fn sorted<T, P: Ord + Serialize + for<'de> Deserialize<'de>>(
        &self,
        list: List<'_>,
        place: impl Fn(&T) -> P,
        collect: impl AsyncFnOnce(&View<'_>, &RecognitionAsk) -> Result<Vec<T>, QueryError>,
    ) -> Result<Listed<T>, QueryError> {
        let view = self.view(list.tenant).await?;
        definition(&view, list.rule)?;
        let question = list.question();
        let mut ask = list.ask.clone();
        let mut after = None;
        if let Some(cursor) = &list.page.cursor {
            let (as_of, place) = question.read::<P>(cursor)?;
            (ask.as_of, after) = (as_of, Some(place));
        }
        let mut items = collect(&view, &ask).await?;
        items.retain(|item| after.as_ref().is_none_or(|after| place(item) > *after));
        items.sort_by_cached_key(&place);
        let limit = list.page.limit.max(1);
        let is_last = items.len() <= limit;
        items.truncate(limit);
        let last = items.last().filter(|_| !is_last);
        Ok(Listed { next: last.map(|last| question.cursor(ask.as_of, place(last))), items })
    }
}

/// A list that is asked for.
struct List<'a> {
    tenant: &'a TenantId,
    rule: &'a str,
    ask: &'a RecognitionAsk,
    page: &'a PageAsk,
    what: &'a str,
}

impl List<'_> {
    fn question(&self) -> Question {
        let RecognitionAsk { achievement, period, .. } = self.ask;
        let Self { rule, what, .. } = self;
        Question::new(self.tenant, &format!("recognition {rule} {what} {achievement:?} {period:?}"))
    }
}

fn definition<'v>(view: &'v View<'_>, id: &str) -> Result<&'v RecognitionDefinition, QueryError> {
    view.set.recognition.iter().find(|rule| rule.id == id).ok_or_else(|| unknown("recognition rule", id))
}

/// The expectations of a rule, learner by learner.
struct Learners<'v, 'a> {
    view: &'v View<'a>,
    rule: &'v str,
    ask: &'v RecognitionAsk,
    rows: std::iter::Peekable<std::vec::IntoIter<RecognitionRow>>,
    after: Option<After>,
}

impl<'v, 'a> Learners<'v, 'a> {
    fn new(view: &'v View<'a>, rule: &'v str, ask: &'v RecognitionAsk) -> Self {
        Self { view, rule, ask, rows: Vec::new().into_iter().peekable(), after: Some(After::default()) }
    }

    /// The next learner with expectations that are asked for, and these.
    async fn next(&mut self) -> Result<Option<(String, Vec<Expectation>)>, QueryError> {
        let mut found: Option<(String, Vec<Expectation>)> = None;
        loop {
            let Some(row) = self.rows.peek() else {
                match self.after.take() {
                    Some(after) => self.read(after).await?,
                    None => return Ok(found),
                }
                continue;
            };
            if found.as_ref().is_some_and(|(learner, _)| *learner != row.learner) {
                return Ok(found);
            }
            let Some(row) = self.rows.next() else { continue };
            found.get_or_insert_with(|| (row.learner, Vec::new())).1.push(row.expectation);
        }
    }

    async fn read(&mut self, after: After) -> Result<(), QueryError> {
        self.view.pause().await;
        let View { store, generation, tenant, .. } = *self.view;
        let (mut rows, next) =
            recognition(store, generation, (tenant, self.rule), after, ROWS_PER_READ).await?;
        rows.retain(|row| {
            let it = &row.expectation;
            let is_wanted = self.ask.achievement.as_ref().is_none_or(|wanted| *wanted == it.achievement);
            is_wanted && self.view.is_in(self.ask.period.as_ref(), it.earned_at)
        });
        self.rows = rows.into_iter().peekable();
        self.after = next;
        Ok(())
    }
}

/// Summaries by achievement or period.
#[derive(Default)]
struct Groups(BTreeMap<String, RecognitionSummary>);

impl Groups {
    fn add(
        &mut self,
        learner: &str,
        all: &[Expectation],
        as_of: Timestamp,
        of: impl Fn(&Expectation) -> String,
    ) {
        let mut groups: BTreeMap<String, Vec<Expectation>> = BTreeMap::new();
        for expectation in all {
            groups.entry(of(expectation)).or_default().push(expectation.clone());
        }
        for (name, expectations) in groups {
            let summary = self.0.entry(name).or_insert_with(|| RecognitionSummary::new(0));
            summary.add(learner, &expectations, as_of);
        }
    }

    fn finish(self) -> Vec<RecognitionCounts> {
        self.0.into_iter().map(|(of, summary)| counts(of, &summary.finish())).collect()
    }
}

fn counts(of: String, figures: &RecognitionFigures) -> RecognitionCounts {
    let time = figures.time_to_recognition.as_ref();
    RecognitionCounts {
        of,
        expectations: figures.expectations,
        met: figures.met,
        met_in_time: figures.met_in_time,
        open: figures.open,
        overdue: figures.overdue,
        share_met_in_time: figures.share_met_in_time,
        never_recognised: figures.never_recognised,
        p50_seconds: time.map(|time| time.p50_seconds),
        p90_seconds: time.map(|time| time.p90_seconds),
        p99_seconds: time.map(|time| time.p99_seconds),
    }
}
