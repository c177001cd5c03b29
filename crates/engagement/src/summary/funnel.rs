//! What a funnel says about many learners.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use plaudit_xapi::Timestamp;
use serde::{Deserialize, Serialize};

use super::cohort::{CohortUnit, cohort};
use super::quantiles::{Durations, Quantiles};
use crate::outcome::{FunnelOutcome, FunnelStatus};

/// A figure that counts learners at a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FunnelFigure {
    /// They entered the stage.
    Reached,
    /// They entered no other stage later.
    Current,
    /// It is their current stage, and the funnel is completed.
    Completed,
    /// It is their current stage, and they can still enter the next.
    InProgress,
    /// It is their current stage, and it is too late for the next.
    Dropped,
    /// It is their current stage, and they are dormant.
    Dormant,
}

impl FunnelOutcome {
    /// Whether the learner is one of those that the figure counts at the stage with this index. The list of learners
    /// behind a figure is made with the same question, so it has as many rows as the figure says.
    #[must_use]
    pub fn counts_as(&self, figure: FunnelFigure, stage: u16, as_of: Timestamp) -> bool {
        let is_current = self.current == stage;
        match figure {
            FunnelFigure::Reached => self.entered.iter().any(|it| it.index == stage),
            FunnelFigure::Current => is_current,
            FunnelFigure::Completed => is_current && self.status(as_of) == FunnelStatus::Completed,
            FunnelFigure::InProgress => is_current && self.status(as_of) == FunnelStatus::InProgress,
            FunnelFigure::Dropped => is_current && self.status(as_of) == FunnelStatus::Dropped,
            FunnelFigure::Dormant => is_current && self.dormant(as_of),
        }
    }
}

/// Counts learners in one funnel.
#[derive(Clone, Debug)]
pub struct FunnelSummary {
    learners: u64,
    stages: Vec<Tally>,
}

#[derive(Clone, Debug, Default)]
struct Tally {
    reached: u64,
    current: u64,
    completed: u64,
    in_progress: u64,
    dropped: u64,
    dormant: u64,
    from_before: Durations,
}

impl FunnelSummary {
    /// An empty summary of a funnel with so many stages.
    #[must_use]
    pub fn new(stages: u16) -> Self {
        Self { learners: 0, stages: vec![Tally::default(); usize::from(stages)] }
    }

    /// Takes in a learner.
    pub fn add(&mut self, outcome: &FunnelOutcome, as_of: Timestamp) {
        self.learners += 1;
        for entered in &outcome.entered {
            if let Some(tally) = self.stages.get_mut(usize::from(entered.index)) {
                tally.reached += 1;
            }
        }
        if let Some(tally) = self.stages.get_mut(usize::from(outcome.current)) {
            let is = |figure| u64::from(outcome.counts_as(figure, outcome.current, as_of));
            tally.current += 1;
            tally.completed += is(FunnelFigure::Completed);
            tally.in_progress += is(FunnelFigure::InProgress);
            tally.dropped += is(FunnelFigure::Dropped);
            tally.dormant += is(FunnelFigure::Dormant);
        }
        for pair in outcome.entered.windows(2).filter(|pair| pair[0].index + 1 == pair[1].index) {
            let micros = pair[1].time.as_micros().saturating_sub(pair[0].time.as_micros());
            if let Some(tally) = self.stages.get_mut(usize::from(pair[1].index)) {
                tally.from_before.add(micros);
            }
        }
    }

    /// Takes in the learners of another summary of the same funnel.
    pub fn merge(&mut self, other: Self) {
        self.learners += other.learners;
        for (mine, theirs) in self.stages.iter_mut().zip(other.stages) {
            mine.reached += theirs.reached;
            mine.current += theirs.current;
            mine.completed += theirs.completed;
            mine.in_progress += theirs.in_progress;
            mine.dropped += theirs.dropped;
            mine.dormant += theirs.dormant;
            mine.from_before.merge(theirs.from_before);
        }
    }

    /// The figures.
    #[must_use]
    pub fn finish(self) -> FunnelFigures {
        let reached: Vec<u64> = self.stages.iter().map(|tally| tally.reached).collect();
        let share = |stage: usize, of: Option<&u64>| {
            of.filter(|of| **of > 0).map(|of| reached[stage] as f64 / *of as f64)
        };
        let stages = self.stages.into_iter().enumerate().map(|(index, tally)| StageFigures {
            index: u16::try_from(index).expect("a summary is made for a number of stages of 16 bits"),
            reached: tally.reached,
            current: tally.current,
            completed: tally.completed,
            in_progress: tally.in_progress,
            dropped: tally.dropped,
            dormant: tally.dormant,
            conversion_from_before: share(index, index.checked_sub(1).map(|before| &reached[before])),
            conversion_from_first: share(index, reached.first()),
            time_from_before: tally.from_before.finish(),
        });
        FunnelFigures { learners: self.learners, stages: stages.collect() }
    }
}

/// What a funnel says about some learners.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunnelFigures {
    /// How many learners entered any stage.
    pub learners: u64,
    /// By stage, from the first to the last.
    pub stages: Vec<StageFigures>,
}

/// The figures of one stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageFigures {
    /// Index of the stage in the funnel.
    pub index: u16,
    /// Learners who entered it.
    pub reached: u64,
    /// Learners who entered it last.
    pub current: u64,
    /// Of these: those who completed the funnel.
    pub completed: u64,
    /// Of these: those who can still enter the next stage.
    pub in_progress: u64,
    /// Of these: those for whom it is too late.
    pub dropped: u64,
    /// Of these: those who did nothing in scope for the time that the funnel allows.
    pub dormant: u64,
    /// Reached, as a share of those who reached the stage before; absent at the first stage and if nobody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion_from_before: Option<f64>,
    /// Reached, as a share of those who reached the first stage; absent if nobody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion_from_first: Option<f64>,
    /// From the entry of the stage before, over those who entered both. May be negative in a funnel of order `any`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_from_before: Option<Quantiles>,
}

/// Summaries by the week or month in which learners entered the first stage.
#[derive(Clone, Debug)]
pub struct FunnelCohorts {
    unit: CohortUnit,
    zone: TimeZone,
    stages: u16,
    cohorts: BTreeMap<String, FunnelSummary>,
}

impl FunnelCohorts {
    /// No cohorts yet, of a funnel with so many stages.
    #[must_use]
    pub fn new(stages: u16, unit: CohortUnit, zone: TimeZone) -> Self {
        Self { unit, zone, stages, cohorts: BTreeMap::new() }
    }

    /// Takes in a learner. Those who never entered the first stage (order `any`) belong to no cohort.
    pub fn add(&mut self, outcome: &FunnelOutcome, as_of: Timestamp) {
        let Some(first) = outcome.entered.first().filter(|entered| entered.index == 0) else { return };
        let name = cohort(first.time, self.unit, &self.zone);
        self.cohorts.entry(name).or_insert_with(|| FunnelSummary::new(self.stages)).add(outcome, as_of);
    }

    /// Takes in the learners of other cohorts of the same funnel and unit.
    pub fn merge(&mut self, other: Self) {
        for (name, summary) in other.cohorts {
            self.cohorts.entry(name).or_insert_with(|| FunnelSummary::new(self.stages)).merge(summary);
        }
    }

    /// The figures by cohort, oldest first.
    #[must_use]
    pub fn finish(self) -> BTreeMap<String, FunnelFigures> {
        self.cohorts.into_iter().map(|(name, summary)| (name, summary.finish())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Entered;

    const DAY: i64 = 86_400_000_000;

    /// A learner in a funnel of three stages who entered the first of them on these days.
    fn learner(days: &[i64]) -> FunnelOutcome {
        let entered = (0..).zip(days).map(|(index, day)| Entered {
            index,
            stage: format!("s{index}"),
            statement: uuid::Uuid::nil(),
            time: Timestamp::from_micros(day * DAY),
            evidence: Vec::new(),
        });
        let last = Timestamp::from_micros(days[days.len() - 1] * DAY);
        FunnelOutcome {
            funnel: "f".to_owned(),
            stages: 3,
            entered: entered.collect(),
            current: u16::try_from(days.len() - 1).unwrap(),
            last_in_scope: last,
            next_deadline: (days.len() == 2).then_some(Timestamp::from_micros(10 * DAY)),
            dormant_after: Some(Timestamp::from_micros(last.as_micros() + 5 * DAY)),
        }
    }

    fn learners() -> Vec<FunnelOutcome> {
        [&[0][..], &[4], &[1, 3], &[1, 2], &[2, 40, 41], &[33, 37]].map(learner).into()
    }

    fn summary(learners: &[FunnelOutcome], as_of: Timestamp) -> FunnelSummary {
        let mut summary = FunnelSummary::new(3);
        learners.iter().for_each(|it| summary.add(it, as_of));
        summary
    }

    #[test]
    fn stages_count_learners_and_time() {
        let figures = summary(&learners(), Timestamp::from_micros(9 * DAY + 1)).finish();
        let counts: Vec<_> = (figures.stages.iter())
            .map(|it| (it.reached, it.current, it.completed, it.in_progress, it.dropped, it.dormant))
            .collect();
        assert_eq!(counts, [(6, 2, 0, 2, 0, 2), (4, 3, 0, 3, 0, 2), (1, 1, 1, 0, 0, 0)]);
        let second = &figures.stages[1];
        assert_eq!(
            (second.conversion_from_before, second.conversion_from_first),
            (Some(4.0 / 6.0), Some(4.0 / 6.0))
        );
        assert_eq!(figures.stages[2].conversion_from_before, Some(0.25));
        assert_eq!(figures.stages[0].conversion_from_before, None);
        let times = second.time_from_before.as_ref().unwrap();
        let days = |seconds: f64| seconds / 86_400.0;
        assert_eq!((times.count, days(times.p50_seconds), days(times.p90_seconds)), (4, 2.0, 38.0));
        let later = summary(&learners(), Timestamp::from_micros(11 * DAY)).finish();
        assert_eq!((later.stages[1].in_progress, later.stages[1].dropped), (0, 3));
    }

    #[test]
    fn figures_have_as_many_learners_behind_them_as_they_say() {
        use FunnelFigure::{Completed, Current, Dormant, Dropped, InProgress, Reached};
        for as_of in [0, 9 * DAY + 1, 11 * DAY, 100 * DAY].map(Timestamp::from_micros) {
            let figures = summary(&learners(), as_of).finish();
            for (index, stage) in (0..).zip(&figures.stages) {
                let behind =
                    |figure| learners().iter().filter(|it| it.counts_as(figure, index, as_of)).count() as u64;
                assert_eq!(
                    [Reached, Current, Completed, InProgress, Dropped, Dormant].map(behind),
                    [
                        stage.reached,
                        stage.current,
                        stage.completed,
                        stage.in_progress,
                        stage.dropped,
                        stage.dormant
                    ]
                );
            }
        }
    }

    #[test]
    fn merged_summaries_and_cohorts_agree_with_the_whole() {
        let (all, as_of) = (learners(), Timestamp::from_micros(9 * DAY));
        let mut merged = summary(&all[..2], as_of);
        merged.merge(summary(&all[2..], as_of));
        assert_eq!(merged.finish(), summary(&all, as_of).finish());
        let mut cohorts = FunnelCohorts::new(3, CohortUnit::Month, TimeZone::UTC);
        let mut others = cohorts.clone();
        all[..3].iter().for_each(|it| cohorts.add(it, as_of));
        all[3..].iter().for_each(|it| others.add(it, as_of));
        cohorts.merge(others);
        let cohorts = cohorts.finish();
        assert_eq!(cohorts.keys().collect::<Vec<_>>(), ["1970-01", "1970-02"]);
        assert_eq!(cohorts["1970-01"], summary(&all[..5], as_of).finish());
    }
}
