//! Funnels: figures, cohorts, and the learners behind every figure.

use plaudit_engagement::{
    CohortUnit, FunnelCohorts, FunnelDefinition, FunnelFigure, FunnelFigures, FunnelOutcome, FunnelStatus,
    FunnelSummary, MatcherDefinition, StageFigures,
};
use plaudit_event::TenantId;
use plaudit_read_models::engagement::{After, FunnelRow, funnel};
use plaudit_store::Value;
use plaudit_xapi::{StatementId, Timestamp};
use serde::Serialize;

use super::cursor::Question;
use super::filter::EntryFilter;
use super::{Engagement, Listed, PageAsk, Period, ROWS_PER_READ, View, text, unknown};
use crate::QueryError;

/// Which learners of a funnel, and as of when.
#[derive(Clone, Debug, Default)]
pub struct FunnelAsk {
    /// The instant that decides who is dropped and dormant.
    pub as_of: Timestamp,
    /// Only those who entered the first stage by a statement that this accepts.
    pub entered_by: Option<MatcherDefinition>,
    /// Only those who entered the first stage in this week or month.
    pub cohort: Option<Period>,
    /// Figures by week or month of entering the first stage, too.
    pub cohorts_by: Option<CohortUnit>,
}

/// The learners of a funnel: those behind a figure, or all.
#[derive(Clone, Debug, Default)]
pub struct FunnelLearnersAsk {
    /// Of whom.
    pub of: FunnelAsk,
    /// The figure and the id of the stage.
    pub figure: Option<(FunnelFigure, String)>,
}

/// What a funnel says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunnelAnswer {
    /// Id of the funnel.
    pub funnel: String,
    /// Its title.
    pub title: String,
    /// The instant that decided.
    pub as_of: String,
    /// Learners who entered any stage.
    pub learners: u64,
    /// By stage, from the first to the last.
    pub stages: Vec<FunnelStage>,
    /// By week or month of entering the first stage, oldest first, if asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cohorts: Vec<FunnelCohort>,
}

/// What a funnel says about the learners who entered the first stage in one week or month.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunnelCohort {
    /// As in `2026-W05` or `2026-01`.
    pub cohort: String,
    /// Learners in it.
    pub learners: u64,
    /// By stage.
    pub stages: Vec<FunnelStage>,
}

/// One stage and its figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunnelStage {
    /// The cohort, in rows of cohorts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cohort: Option<String>,
    /// Id of the stage.
    pub stage: String,
    /// Its title.
    pub title: String,
    /// Its figures.
    #[serde(flatten)]
    pub figures: StageFigures,
}

/// A learner in a funnel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FunnelLearner {
    /// Canonical identity.
    pub learner: String,
    /// Id of the stage entered last.
    pub stage: String,
    /// Whether the learner is through, out, or on the way.
    pub status: FunnelStatus,
    /// Whether nothing has happened for the time that the funnel allows.
    pub dormant: bool,
    /// When the first stage was entered.
    pub first_entered: String,
    /// When the current stage was entered.
    pub entered: String,
    /// The statement that entered it.
    pub statement: StatementId,
    /// Event time of the last statement in scope.
    pub last_activity: String,
    /// Until when the next stage can be entered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_deadline: Option<String>,
}

impl FunnelAnswer {
    /// Every stage and then those of every cohort, as flat rows.
    #[must_use]
    pub fn rows(&self) -> Vec<FunnelStage> {
        let of_cohorts = self.cohorts.iter().flat_map(|cohort| &cohort.stages);
        self.stages.iter().chain(of_cohorts).cloned().collect()
    }
}

impl Engagement {
    /// The figures of a funnel.
    ///
    /// # Errors
    /// When there is no such funnel, or the store does not answer.
    pub async fn funnel(
        &self,
        tenant: &TenantId,
        id: &str,
        ask: &FunnelAsk,
    ) -> Result<FunnelAnswer, QueryError> {
        let view = self.view(tenant).await?;
        let definition = definition(&view, id)?;
        let stages = u16::try_from(definition.stages.len()).expect("stages are limited");
        let zone = view.set.compiled.zone().clone();
        let mut summary = FunnelSummary::new(stages);
        let mut cohorts = ask.cohorts_by.map(|unit| FunnelCohorts::new(stages, unit, zone));
        let mut scan = Scan::new(&view, id, ask, After::default());
        while let Some(rows) = scan.next().await? {
            for row in rows {
                summary.add(&row.funnel, ask.as_of);
                if let Some(cohorts) = &mut cohorts {
                    cohorts.add(&row.funnel, ask.as_of);
                }
            }
        }
        let figures = summary.finish();
        let cohorts = cohorts.map(FunnelCohorts::finish).unwrap_or_default().into_iter();
        Ok(FunnelAnswer {
            funnel: definition.id.clone(),
            title: definition.title.clone(),
            as_of: text(ask.as_of),
            learners: figures.learners,
            stages: named(definition, figures, None),
            cohorts: cohorts
                .map(|(cohort, figures)| FunnelCohort {
                    learners: figures.learners,
                    stages: named(definition, figures, Some(&cohort)),
                    cohort,
                })
                .collect(),
        })
    }

    /// The learners behind a figure of a funnel, or all of them: as many rows as the figure says.
    ///
    /// # Errors
    /// When there is no such funnel or stage, the cursor is not one, or the store does not answer.
    pub async fn funnel_learners(
        &self,
        tenant: &TenantId,
        id: &str,
        ask: &FunnelLearnersAsk,
        page: &PageAsk,
    ) -> Result<Listed<FunnelLearner>, QueryError> {
        let view = self.view(tenant).await?;
        let stage = match &ask.figure {
            Some((figure, stage)) => Some((*figure, stage_index(definition(&view, id)?, stage)?)),
            None => definition(&view, id).map(|_| None)?,
        };
        let FunnelAsk { entered_by, cohort, .. } = &ask.of;
        let question = Question::new(tenant, &format!("funnel {id} {stage:?} {entered_by:?} {cohort:?}"));
        let mut of = ask.of.clone();
        let mut after = After::default();
        if let Some(cursor) = &page.cursor {
            let (as_of, (bucket, learner)) = question.read::<(i64, String)>(cursor)?;
            of.as_of = as_of;
            after = After { bucket, key: vec![Value::Text(learner)] };
        }
        let as_of = of.as_of;
        let mut scan = Scan::new(&view, id, &of, after);
        let mut items = Vec::new();
        while let Some(rows) = scan.next().await? {
            for row in rows {
                if stage.is_some_and(|(figure, stage)| !row.funnel.counts_as(figure, stage, as_of)) {
                    continue;
                }
                if items.len() == page.limit.max(1) {
                    let last: &FunnelLearner = items.last().expect("a page has a row at least");
                    let place = (plaudit_read_models::engagement::bucket_of(&last.learner), &last.learner);
                    return Ok(Listed { next: Some(question.cursor(as_of, place)), items });
                }
                items.push(learner_row(row, as_of));
            }
        }
        Ok(Listed { items, next: None })
    }
}

fn definition<'v>(view: &'v View<'_>, id: &str) -> Result<&'v FunnelDefinition, QueryError> {
    view.set.funnels.iter().find(|funnel| funnel.id == id).ok_or_else(|| unknown("funnel", id))
}

fn stage_index(definition: &FunnelDefinition, stage: &str) -> Result<u16, QueryError> {
    let index =
        definition.stages.iter().position(|it| it.id == stage).ok_or_else(|| unknown("stage", stage))?;
    Ok(u16::try_from(index).expect("stages are limited"))
}

fn named(definition: &FunnelDefinition, figures: FunnelFigures, cohort: Option<&str>) -> Vec<FunnelStage> {
    let stages = definition.stages.iter().zip(figures.stages);
    stages
        .map(|(stage, figures)| FunnelStage {
            cohort: cohort.map(str::to_owned),
            stage: stage.id.clone(),
            title: stage.title.clone(),
            figures,
        })
        .collect()
}

fn learner_row(row: FunnelRow, as_of: Timestamp) -> FunnelLearner {
    let FunnelRow { learner, funnel } = row;
    let entered = &funnel.entered;
    let current = entered.iter().find(|it| it.index == funnel.current).or(entered.last());
    let current = current.expect("a learner in a funnel has entered a stage");
    FunnelLearner {
        learner,
        stage: current.stage.clone(),
        status: funnel.status(as_of),
        dormant: funnel.dormant(as_of),
        first_entered: text(entered[0].time),
        entered: text(current.time),
        statement: current.statement,
        last_activity: text(funnel.last_in_scope),
        next_deadline: funnel.next_deadline.map(text),
    }
}

/// The learners of a funnel that are asked for, some at a time.
struct Scan<'v, 'a> {
    view: &'v View<'a>,
    funnel: &'v str,
    filter: Option<EntryFilter>,
    cohort: Option<&'v Period>,
    after: Option<After>,
}

impl<'v, 'a> Scan<'v, 'a> {
    fn new(view: &'v View<'a>, funnel: &'v str, ask: &'v FunnelAsk, after: After) -> Self {
        let filter = ask.entered_by.as_ref().map(EntryFilter::new);
        Self { view, funnel, filter, cohort: ask.cohort.as_ref(), after: Some(after) }
    }

    async fn next(&mut self) -> Result<Option<Vec<FunnelRow>>, QueryError> {
        let Some(after) = self.after.take() else { return Ok(None) };
        self.view.pause().await;
        let View { store, generation, tenant, .. } = *self.view;
        let (mut rows, next) = funnel(store, generation, (tenant, self.funnel), after, ROWS_PER_READ).await?;
        self.after = next;
        if let Some(cohort) = self.cohort {
            rows.retain(|row| {
                first_stage(&row.funnel).is_some_and(|time| self.view.is_in(Some(cohort), time))
            });
        }
        if let Some(filter) = &self.filter {
            filter.keep(&mut rows, self.view).await?;
        }
        Ok(Some(rows))
    }
}

/// When the first stage was entered, if it was (order `any`).
fn first_stage(funnel: &FunnelOutcome) -> Option<Timestamp> {
    funnel.entered.first().filter(|entered| entered.index == 0).map(|entered| entered.time)
}
