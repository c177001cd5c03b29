//! The story of one learner: stages, achievements and recognition, each with its evidence.

use plaudit_engagement::{
    Earned, Entered, Expectation, ExpectationStatus, FunnelDefinition, FunnelOutcome, FunnelStatus,
};
use plaudit_event::TenantId;
use plaudit_read_models::engagement::learner;
use plaudit_xapi::{StatementId, Timestamp};
use serde::Serialize;

use super::{Engagement, text};
use crate::QueryError;

/// Everything that is known about one learner.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LearnerStory {
    /// Canonical identity.
    pub learner: String,
    /// The instant that decided.
    pub as_of: String,
    /// Event time of their latest statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_statement: Option<String>,
    /// What their achievements are worth.
    pub points: u64,
    /// The funnels that they have entered.
    pub funnels: Vec<FunnelStory>,
    /// What they have earned; revoked ones too.
    pub achievements: Vec<Earned>,
    /// The recognition that they are due, and what came of it.
    pub recognition: Vec<RecognitionStory>,
}

/// How far a learner has come in a funnel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunnelStory {
    /// Id of the funnel.
    pub funnel: String,
    /// Its title.
    pub title: String,
    /// Id of the stage entered last.
    pub current: String,
    /// Whether the learner is through, out, or on the way.
    pub status: FunnelStatus,
    /// Whether nothing has happened for the time that the funnel allows.
    pub dormant: bool,
    /// Event time of the last statement in scope.
    pub last_activity: String,
    /// Until when the next stage can be entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_deadline: Option<String>,
    /// Every stage of the funnel, entered or not.
    pub stages: Vec<StageStory>,
}

/// A stage, and how it was entered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageStory {
    /// Id of the stage.
    pub stage: String,
    /// Its title.
    pub title: String,
    /// When it was entered; absent if it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entered: Option<String>,
    /// The statement that entered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<StatementId>,
    /// The statements that were counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<StatementId>,
}

/// The recognition that a rule expects for one achievement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecognitionStory {
    /// Where it stands.
    pub status: ExpectationStatus,
    /// What is expected, and what met it.
    #[serde(flatten)]
    pub expectation: Expectation,
}

impl Engagement {
    /// Everything that is known about a learner; `None` if nothing ever concerned them.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn learner(
        &self,
        tenant: &TenantId,
        identity: &str,
        as_of: Timestamp,
    ) -> Result<Option<LearnerStory>, QueryError> {
        let view = self.view(tenant).await?;
        let Some(row) = learner(view.store, view.generation, tenant, identity).await? else {
            return Ok(None);
        };
        let funnels = row.outcome.funnels.into_iter().filter_map(|outcome| {
            let definition = view.set.funnels.iter().find(|it| it.id == outcome.funnel)?;
            Some(funnel_story(definition, &outcome, as_of))
        });
        let earned = row.outcome.achievements.iter().filter(|it| it.revoked.is_none());
        let story =
            |expectation: Expectation| RecognitionStory { status: expectation.status(as_of), expectation };
        Ok(Some(LearnerStory {
            learner: identity.to_owned(),
            as_of: text(as_of),
            last_statement: row.last_statement.map(text),
            points: earned.map(|it| u64::from(it.points)).sum(),
            funnels: funnels.collect(),
            achievements: row.outcome.achievements,
            recognition: row.outcome.expectations.into_iter().map(story).collect(),
        }))
    }
}

fn funnel_story(definition: &FunnelDefinition, outcome: &FunnelOutcome, as_of: Timestamp) -> FunnelStory {
    let entered = |index: usize| outcome.entered.iter().find(|it| usize::from(it.index) == index);
    let stages = definition.stages.iter().enumerate().map(|(index, stage)| {
        let (stage, title) = (stage.id.clone(), stage.title.clone());
        stage_story(stage, title, entered(index))
    });
    FunnelStory {
        funnel: definition.id.clone(),
        title: definition.title.clone(),
        current: entered(outcome.current.into()).map(|it| it.stage.clone()).unwrap_or_default(),
        status: outcome.status(as_of),
        dormant: outcome.dormant(as_of),
        last_activity: text(outcome.last_in_scope),
        next_deadline: outcome.next_deadline.map(text),
        stages: stages.collect(),
    }
}

fn stage_story(stage: String, title: String, entered: Option<&Entered>) -> StageStory {
    StageStory {
        stage,
        title,
        entered: entered.map(|it| text(it.time)),
        statement: entered.map(|it| it.statement),
        evidence: entered.map(|it| it.evidence.clone()).unwrap_or_default(),
    }
}
