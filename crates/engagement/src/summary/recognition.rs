//! What recognition says about many learners.

use std::collections::{BTreeMap, BTreeSet};

use plaudit_xapi::{StatementId, Timestamp};
use serde::Serialize;

use super::quantiles::{Durations, Quantiles};
use crate::outcome::{Expectation, ExpectationStatus, rfc3339};

/// Counts expectations of recognition. It keeps one number for each pair of recogniser and learner, and as many
/// rows of each list as it was made for.
#[derive(Clone, Debug)]
pub struct RecognitionSummary {
    rows_max: usize,
    expectations: u64,
    met: u64,
    met_in_time: u64,
    open: u64,
    overdue: u64,
    never_recognised: u64,
    time_to_recognition: Durations,
    lists: Lists,
}

#[derive(Clone, Debug, Default)]
struct Lists {
    open: BTreeSet<OpenExpectation>,
    overdue: BTreeSet<OpenExpectation>,
    never_recognised: BTreeSet<String>,
    /// How often, by recogniser and learner.
    pairs: BTreeMap<(String, String), u64>,
}

impl RecognitionSummary {
    /// An empty summary whose lists show at most so many rows.
    #[must_use]
    pub fn new(rows_max: usize) -> Self {
        Self {
            rows_max,
            expectations: 0,
            met: 0,
            met_in_time: 0,
            open: 0,
            overdue: 0,
            never_recognised: 0,
            time_to_recognition: Durations::default(),
            lists: Lists::default(),
        }
    }

    /// Takes in the expectations of one learner, all at once: those of one achievement or period, or all of them.
    pub fn add(&mut self, learner: &str, expectations: &[Expectation], as_of: Timestamp) {
        let mut statements: BTreeMap<StatementId, &str> = BTreeMap::new();
        for expectation in expectations {
            self.expectations += 1;
            match expectation.status(as_of) {
                ExpectationStatus::Met => self.met += 1,
                ExpectationStatus::Open => {
                    self.open += 1;
                    keep(&mut self.lists.open, OpenExpectation::new(learner, expectation), self.rows_max);
                }
                ExpectationStatus::Overdue => {
                    self.overdue += 1;
                    keep(&mut self.lists.overdue, OpenExpectation::new(learner, expectation), self.rows_max);
                }
            }
            self.met_in_time += u64::from(expectation.met_in_time());
            if let Some(met) = &expectation.met {
                let micros = met.time.as_micros().saturating_sub(expectation.earned_at.as_micros());
                self.time_to_recognition.add(micros);
                statements.insert(met.statement, &met.by);
            }
        }
        self.add_people(learner, expectations, &statements);
    }

    /// A statement that meets several expectations recognises once.
    fn add_people(&mut self, learner: &str, all: &[Expectation], statements: &BTreeMap<StatementId, &str>) {
        for by in statements.values() {
            *self.lists.pairs.entry(((*by).to_owned(), learner.to_owned())).or_default() += 1;
        }
        if statements.is_empty() && !all.is_empty() {
            self.never_recognised += 1;
            keep(&mut self.lists.never_recognised, learner.to_owned(), self.rows_max);
        }
    }

    /// Takes in what another summary took in, about other learners.
    pub fn merge(&mut self, other: Self) {
        self.expectations += other.expectations;
        self.met += other.met;
        self.met_in_time += other.met_in_time;
        self.open += other.open;
        self.overdue += other.overdue;
        self.never_recognised += other.never_recognised;
        self.time_to_recognition.merge(other.time_to_recognition);
        let lists = &mut self.lists;
        other.lists.open.into_iter().for_each(|it| keep(&mut lists.open, it, self.rows_max));
        other.lists.overdue.into_iter().for_each(|it| keep(&mut lists.overdue, it, self.rows_max));
        let never = other.lists.never_recognised;
        never.into_iter().for_each(|it| keep(&mut lists.never_recognised, it, self.rows_max));
        for (pair, count) in other.lists.pairs {
            *lists.pairs.entry(pair).or_default() += count;
        }
    }

    /// The figures.
    #[must_use]
    pub fn finish(self) -> RecognitionFigures {
        let share = |part: u64| (self.expectations > 0).then(|| part as f64 / self.expectations as f64);
        let pairs = self.lists.pairs.into_iter();
        let mut pairs: Vec<RecognisedPair> =
            pairs.map(|((by, learner), times)| RecognisedPair { by, learner, times }).collect();
        pairs.sort_by_key(|pair| std::cmp::Reverse(pair.times));
        pairs.truncate(self.rows_max);
        RecognitionFigures {
            expectations: self.expectations,
            met: self.met,
            met_in_time: self.met_in_time,
            open: self.open,
            overdue: self.overdue,
            share_met_in_time: share(self.met_in_time),
            never_recognised: self.never_recognised,
            time_to_recognition: self.time_to_recognition.finish(),
            lists: RecognitionLists {
                open: self.lists.open.into_iter().collect(),
                overdue: self.lists.overdue.into_iter().collect(),
                never_recognised: self.lists.never_recognised.into_iter().collect(),
                pairs,
            },
        }
    }
}

/// Adds a row and drops the last if there are too many.
fn keep<T: Ord>(rows: &mut BTreeSet<T>, row: T, rows_max: usize) {
    rows.insert(row);
    if rows.len() > rows_max {
        rows.pop_last();
    }
}

/// What recognition says about some learners.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecognitionFigures {
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
    /// Met in time, as a share of all; absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_met_in_time: Option<f64>,
    /// Learners of whose expectations none is met.
    pub never_recognised: u64,
    /// From the earning to the recognition, over those that are met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_to_recognition: Option<Quantiles>,
    /// Who and what is behind the figures.
    #[serde(flatten)]
    pub lists: RecognitionLists,
}

/// Who and what is behind the figures; each list is cut to the number of rows that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecognitionLists {
    /// Open expectations, oldest first.
    #[serde(rename = "open_expectations")]
    pub open: Vec<OpenExpectation>,
    /// Overdue expectations, oldest first.
    #[serde(rename = "overdue_expectations")]
    pub overdue: Vec<OpenExpectation>,
    /// Learners of whose expectations none is met, by name.
    #[serde(rename = "never_recognised_learners")]
    pub never_recognised: Vec<String>,
    /// Who recognises whom, most often first.
    pub pairs: Vec<RecognisedPair>,
}

/// An expectation that is not met. Ordered by age.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct OpenExpectation {
    /// When it was earned.
    #[serde(serialize_with = "rfc3339")]
    pub earned_at: Timestamp,
    /// Who waits.
    pub learner: String,
    /// Id of the achievement.
    pub achievement: String,
    /// Which of its occurrences.
    pub occurrence: u32,
    /// Id of the recognition rule.
    pub rule: String,
    /// Until when recognition is in time.
    #[serde(serialize_with = "rfc3339")]
    pub due_at: Timestamp,
}

impl OpenExpectation {
    fn new(learner: &str, expectation: &Expectation) -> Self {
        Self {
            earned_at: expectation.earned_at,
            learner: learner.to_owned(),
            achievement: expectation.achievement.clone(),
            occurrence: expectation.occurrence,
            rule: expectation.rule.clone(),
            due_at: expectation.due_at,
        }
    }
}

/// How often somebody recognised somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecognisedPair {
    /// Who recognised.
    pub by: String,
    /// Who was recognised.
    pub learner: String,
    /// With how many statements.
    pub times: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Met;

    const HOUR: i64 = 3_600_000_000;

    /// Earned at an hour, due 24 hours later, and recognised by somebody with statement `number` at an hour.
    fn expectation(earned: i64, met: Option<(&str, u128, i64)>) -> Expectation {
        let at = |hour: i64| Timestamp::from_micros(hour * HOUR);
        Expectation {
            rule: "r".to_owned(),
            achievement: "a".to_owned(),
            occurrence: 1,
            earned_at: at(earned),
            due_at: at(earned + 24),
            met: met.map(|(by, number, hour)| Met {
                by: by.to_owned(),
                time: at(hour),
                statement: uuid::Uuid::from_u128(number),
            }),
        }
    }

    fn summary(learners: &[(&str, Vec<Expectation>)]) -> RecognitionSummary {
        let mut summary = RecognitionSummary::new(2);
        learners.iter().for_each(|(who, all)| summary.add(who, all, Timestamp::from_micros(100 * HOUR)));
        summary
    }

    fn learners() -> Vec<(&'static str, Vec<Expectation>)> {
        vec![
            ("ada", vec![expectation(0, Some(("bob", 1, 24))), expectation(20, Some(("bob", 1, 24)))]),
            ("cleo", vec![expectation(90, None), expectation(3, None)]),
            ("dan", vec![expectation(1, Some(("bob", 2, 30))), expectation(80, None)]),
            ("eve", vec![expectation(85, None)]),
            ("fay", vec![]),
        ]
    }

    #[test]
    fn expectations_are_counted_timed_and_listed() {
        let figures = summary(&learners()).finish();
        let counts = (figures.expectations, figures.met, figures.met_in_time, figures.open, figures.overdue);
        assert_eq!(counts, (7, 3, 2, 3, 1));
        assert_eq!(figures.share_met_in_time, Some(2.0 / 7.0));
        let times = figures.time_to_recognition.unwrap();
        assert_eq!((times.p50_seconds, times.p99_seconds), (24.0 * 3600.0, 29.0 * 3600.0));
        let open: Vec<_> = figures.lists.open.iter().map(|it| it.learner.as_str()).collect();
        assert_eq!(open, ["dan", "eve"]);
        assert_eq!(figures.lists.overdue[0].learner, "cleo");
        assert_eq!((figures.never_recognised, figures.lists.never_recognised.len()), (2, 2));
        let pairs: Vec<_> = figures.lists.pairs.iter().map(|it| (it.learner.as_str(), it.times)).collect();
        assert_eq!(pairs, [("ada", 1), ("dan", 1)]);
    }

    #[test]
    fn merged_summaries_agree_with_the_whole() {
        for cut in 0..=learners().len() {
            let mut merged = summary(&learners()[..cut]);
            merged.merge(summary(&learners()[cut..]));
            assert_eq!(merged.finish(), summary(&learners()).finish());
        }
    }
}
