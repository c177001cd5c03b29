//! The answers about one learner.

use plaudit_xapi::{StatementId, Timestamp};
use serde::{Serialize, Serializer};

use crate::duration::to_jiff;

/// Everything that is known about one learner's engagement.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// The funnels that the learner has entered, in the order of the definitions.
    pub funnels: Vec<FunnelOutcome>,
    /// What was earned, in the order of the definitions and then of the occurrences; revoked ones last.
    pub achievements: Vec<Earned>,
    /// The recognition that is expected for it, by rule, achievement and occurrence.
    pub expectations: Vec<Expectation>,
}

/// How far a learner has come in one funnel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunnelOutcome {
    /// Id of the funnel.
    pub funnel: String,
    /// How many stages the funnel has.
    pub stages: u16,
    /// The stages that were entered, in the order of the definition; at least one.
    pub entered: Vec<Entered>,
    /// Index of the stage that was entered last.
    pub current: u16,
    /// Event time of the last statement in scope.
    #[serde(serialize_with = "rfc3339")]
    pub last_in_scope: Timestamp,
    /// Until when the next stage can still be entered, if it has `within`.
    #[serde(serialize_with = "rfc3339_option", skip_serializing_if = "Option::is_none")]
    pub next_deadline: Option<Timestamp>,
    /// After when the learner is dormant, if the funnel has `dormant_after`.
    #[serde(serialize_with = "rfc3339_option", skip_serializing_if = "Option::is_none")]
    pub dormant_after: Option<Timestamp>,
}

/// The entry of one stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entered {
    /// Index of the stage in the funnel.
    pub index: u16,
    /// Id of the stage.
    pub stage: String,
    /// The statement that entered it.
    pub statement: StatementId,
    /// Its event time.
    #[serde(serialize_with = "rfc3339")]
    pub time: Timestamp,
    /// The statements that were counted, in order; the last is the one that entered.
    pub evidence: Vec<StatementId>,
}

/// Where a learner stands in a funnel at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FunnelStatus {
    /// The last stage was entered.
    Completed,
    /// The next stage can no longer be entered in time.
    Dropped,
    /// Neither.
    InProgress,
}

impl FunnelOutcome {
    /// Where the learner stands at `as_of`.
    #[must_use]
    pub fn status(&self, as_of: Timestamp) -> FunnelStatus {
        if self.entered.last().is_some_and(|last| last.index + 1 == self.stages) {
            FunnelStatus::Completed
        } else if self.next_deadline.is_some_and(|deadline| as_of > deadline) {
            FunnelStatus::Dropped
        } else {
            FunnelStatus::InProgress
        }
    }

    /// Whether at `as_of` the learner has done nothing in scope for the time that the funnel allows.
    #[must_use]
    pub fn dormant(&self, as_of: Timestamp) -> bool {
        self.dormant_after.is_some_and(|limit| as_of > limit)
    }
}

/// One occurrence of an achievement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Earned {
    /// Id of the achievement.
    pub achievement: String,
    /// 1 for the first time it was earned, 2 for the second, …
    pub occurrence: u32,
    /// Event time of the statement that completed it.
    #[serde(serialize_with = "rfc3339")]
    pub time: Timestamp,
    /// That statement.
    pub statement: StatementId,
    /// The statements that were counted, in order.
    pub evidence: Vec<StatementId>,
    /// What it is worth.
    pub points: u32,
    /// Set if it is no longer earned; then the rest tells what it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revoked>,
}

/// Why and since when an achievement is no longer earned.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Revoked {
    /// Event time of the voiding statement.
    #[serde(serialize_with = "rfc3339")]
    pub time: Timestamp,
    /// The voiding statement.
    pub voided_by: StatementId,
    /// The statement that it voided.
    pub voided: StatementId,
    /// The same, for people.
    pub reason: String,
}

/// The recognition that a rule expects for one earned achievement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Expectation {
    /// Id of the recognition rule.
    pub rule: String,
    /// Id of the achievement.
    pub achievement: String,
    /// Which of its occurrences.
    pub occurrence: u32,
    /// When it was earned.
    #[serde(serialize_with = "rfc3339")]
    pub earned_at: Timestamp,
    /// Until when recognition is in time.
    #[serde(serialize_with = "rfc3339")]
    pub due_at: Timestamp,
    /// The recognition, if it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub met: Option<Met>,
}

/// Who recognised, when, and with which statement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Met {
    /// The actor.
    pub by: String,
    /// Event time of the statement.
    #[serde(serialize_with = "rfc3339")]
    pub time: Timestamp,
    /// The statement.
    pub statement: StatementId,
}

/// Where an expectation stands at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpectationStatus {
    /// Recognised, in time or late.
    Met,
    /// Not yet recognised, and there is time.
    Open,
    /// Not yet recognised, and the time is over.
    Overdue,
}

impl Expectation {
    /// Where it stands at `as_of`.
    #[must_use]
    pub fn status(&self, as_of: Timestamp) -> ExpectationStatus {
        if self.met.is_some() {
            ExpectationStatus::Met
        } else if as_of > self.due_at {
            ExpectationStatus::Overdue
        } else {
            ExpectationStatus::Open
        }
    }

    /// Whether it was recognised by the time it was due.
    #[must_use]
    pub fn met_in_time(&self) -> bool {
        self.met.as_ref().is_some_and(|met| met.time <= self.due_at)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
pub(crate) fn rfc3339<S: Serializer>(time: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(&to_jiff(*time))
}

#[expect(clippy::ref_option, reason = "serde hands over a reference")]
fn rfc3339_option<S: Serializer>(time: &Option<Timestamp>, out: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => rfc3339(time, out),
        None => out.serialize_none(),
    }
}
