//! `/api/v1/funnels/{id}/…`: the figures of a funnel, and the learners behind each.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use plaudit_engagement::{FunnelFigure, MatcherDefinition, validate_matcher};
use plaudit_event::DefinitionKind;
use plaudit_query::engagement::{FunnelAsk, FunnelLearnersAsk};

use super::asked::Asked;
use crate::listing::{self, Form};
use crate::problem::{Kind, Problem, refused};
use crate::state::State;

const OF: [&str; 4] = ["as_of", "entered_by", "cohort", "cohorts"];
const STAGE_COLUMNS: &[&str] = &[
    "/cohort",
    "/stage",
    "/title",
    "/reached",
    "/current",
    "/completed",
    "/in_progress",
    "/dropped",
    "/dormant",
    "/conversion_from_before",
    "/conversion_from_first",
    "/time_from_before/p50_seconds",
    "/time_from_before/p90_seconds",
    "/time_from_before/method",
];
const LEARNER_COLUMNS: &[&str] = &[
    "/learner",
    "/stage",
    "/status",
    "/dormant",
    "/first_entered",
    "/entered",
    "/statement",
    "/last_activity",
    "/next_deadline",
];

/// GET: the figures by stage, and by cohort if asked for.
#[utoipa::path(get, path = "/api/v1/funnels/{id}/summary", tag = "answers", operation_id = "funnel_summary",
    params(("id" = String, Path, description = "Id of the funnel"),
        ("as_of" = Option<String>, Query, description = "The instant that decides who is dropped and dormant; now without it"),
        ("entered_by" = Option<String>, Query, description = "A matcher, as JSON, for the statement that entered the first stage"),
        ("cohort" = Option<String>, Query, description = "Only who entered the first stage in that week (2026-W05) or month (2026-01)"),
        ("cohorts" = Option<String>, Query, description = "`week` or `month`: figures by cohort, too"),
        ("format" = Option<String>, Query, description = "`json` or `csv`")),
    responses((status = 200, description = "Reached, current, in progress, dropped, dormant, conversion and times per stage"),
        (status = 404, description = "There is no such funnel")))]
pub(crate) async fn summary(
    request: HttpRequest,
    id: Path<String>,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::of(&request, &state, &OF).await?;
    asked.built(&state, DefinitionKind::Funnel, &id).await?;
    let answer = state.engagement.funnel(&asked.credential.tenant, &id, &ask(&asked)?).await?;
    Ok(asked.complete(match asked.wanted.form {
        Form::Json => HttpResponse::Ok().json(answer),
        Form::Csv => listing::answer(&request, Form::Csv, (&answer.rows(), None), STAGE_COLUMNS),
    }))
}

/// GET: the learners behind a figure, or all of them.
#[utoipa::path(get, path = "/api/v1/funnels/{id}/learners", tag = "answers", operation_id = "funnel_learners",
    params(("id" = String, Path, description = "Id of the funnel"),
        ("stage" = Option<String>, Query, description = "Id of the stage whose figure it is"),
        ("figure" = Option<String>, Query,
            description = "`reached` (the default beside a stage), `current`, `completed`, `in_progress`, `dropped` or `dormant`"),
        ("as_of" = Option<String>, Query, description = "As for the summary"),
        ("entered_by" = Option<String>, Query, description = "As for the summary"),
        ("cohort" = Option<String>, Query, description = "As for the summary"),
        ("limit" = Option<usize>, Query, description = "Rows per page, at most 1000"),
        ("cursor" = Option<String>, Query, description = "Where to go on: `next` of the page before"),
        ("format" = Option<String>, Query, description = "`json` or `csv`")),
    responses((status = 200, description = "As many rows, over all pages, as the figure says"),
        (status = 404, description = "There is no such funnel or stage")))]
pub(crate) async fn learners(
    request: HttpRequest,
    id: Path<String>,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::of(&request, &state, &[&OF[..3], &["stage", "figure"]].concat()).await?;
    asked.built(&state, DefinitionKind::Funnel, &id).await?;
    let figure = asked.params.parse("figure", "one of the figures of a funnel", figure)?;
    let stage = asked.params.get("stage");
    let figure = match (figure, stage) {
        (None, None) => None,
        (Some(_), None) => return Err(Problem::malformed("parameter `figure` needs `stage`")),
        (figure, Some(stage)) => Some((figure.unwrap_or(FunnelFigure::Reached), stage.to_owned())),
    };
    let ask = FunnelLearnersAsk { of: ask(&asked)?, figure };
    let tenant = &asked.credential.tenant;
    let page = state.engagement.funnel_learners(tenant, &id, &ask, &asked.page()).await?;
    let page = (page.items.as_slice(), page.next);
    Ok(asked.complete(listing::answer(&request, asked.wanted.form, page, LEARNER_COLUMNS)))
}

fn ask(asked: &Asked) -> Result<FunnelAsk, Problem> {
    Ok(FunnelAsk {
        as_of: asked.as_of()?,
        entered_by: asked.params.get("entered_by").map(matcher).transpose()?,
        cohort: asked.period("cohort")?,
        cohorts_by: asked.unit("cohorts")?,
    })
}

fn matcher(text: &str) -> Result<MatcherDefinition, Problem> {
    validate_matcher(text.as_bytes()).map_err(|error| refused(Kind::Malformed, &error))
}

fn figure(text: &str) -> Option<FunnelFigure> {
    Some(match text {
        "reached" => FunnelFigure::Reached,
        "current" => FunnelFigure::Current,
        "completed" => FunnelFigure::Completed,
        "in_progress" => FunnelFigure::InProgress,
        "dropped" => FunnelFigure::Dropped,
        "dormant" => FunnelFigure::Dormant,
        _ => return None,
    })
}
