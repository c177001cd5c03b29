//! `/api/v1/recognition/{id}/…`: whether the promise of a rule is kept, who waits, and who recognises whom.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use plaudit_engagement::ExpectationStatus;
use plaudit_event::DefinitionKind;
use plaudit_query::engagement::RecognitionAsk;

use super::asked::Asked;
use crate::listing;
use crate::problem::Problem;
use crate::state::State;

const OF: [&str; 4] = ["as_of", "achievement", "period", "periods"];
const SUMMARY_COLUMNS: &[&str] = &[
    "/rule",
    "/title",
    "/due_within",
    "/as_of",
    "/expectations",
    "/met",
    "/met_in_time",
    "/open",
    "/overdue",
    "/share_met_in_time",
    "/never_recognised",
    "/time_to_recognition/p50_seconds",
    "/time_to_recognition/p90_seconds",
    "/time_to_recognition/p99_seconds",
    "/time_to_recognition/method",
];
const EXPECTATION_COLUMNS: &[&str] = &[
    "/learner",
    "/achievement",
    "/occurrence",
    "/status",
    "/earned_at",
    "/due_at",
    "/met/time",
    "/met/by",
    "/met/statement",
];

/// GET: the figures of a rule.
#[utoipa::path(get, path = "/api/v1/recognition/{id}/summary", tag = "answers", operation_id = "recognition_summary",
    params(("id" = String, Path, description = "Id of the rule"),
        ("as_of" = Option<String>, Query, description = "The instant that decides what is overdue; now without it"),
        ("achievement" = Option<String>, Query, description = "Only for this achievement"),
        ("period" = Option<String>, Query, description = "Only for what was earned in that week (2026-W05) or month (2026-01)"),
        ("periods" = Option<String>, Query, description = "`week` or `month`: figures by period, too"),
        ("format" = Option<String>, Query, description = "`json` or `csv`")),
    responses((status = 200, description = "Share met in time, time to recognition, open, overdue and never recognised"),
        (status = 404, description = "There is no such rule")))]
pub(crate) async fn summary(
    request: HttpRequest,
    id: Path<String>,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::of(&request, &state, &OF).await?;
    asked.built(&state, DefinitionKind::Recognition, &id).await?;
    let answer = state.engagement.recognition(&asked.credential.tenant, &id, &ask(&asked)?).await?;
    Ok(asked.complete(listing::answer_one(asked.wanted.form, &answer, SUMMARY_COLUMNS)))
}

/// GET: the expectations behind a figure, or all.
#[utoipa::path(get, path = "/api/v1/recognition/{id}/expectations", tag = "answers", operation_id = "recognition_expectations",
    params(("id" = String, Path, description = "Id of the rule"),
        ("status" = Option<String>, Query, description = "`open`, `overdue` or `met`"),
        ("as_of" = Option<String>, Query, description = "As for the summary"),
        ("achievement" = Option<String>, Query, description = "As for the summary"),
        ("period" = Option<String>, Query, description = "As for the summary"),
        ("limit" = Option<usize>, Query, description = "Rows per page, at most 1000"),
        ("cursor" = Option<String>, Query, description = "Where to go on: `next` of the page before"),
        ("format" = Option<String>, Query, description = "`json` or `csv`")),
    responses((status = 200, description = "Oldest first; as many rows, over all pages, as the figure says"),
        (status = 404, description = "There is no such rule")))]
pub(crate) async fn expectations(
    request: HttpRequest,
    id: Path<String>,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::of(&request, &state, &[&OF[..3], &["status"]].concat()).await?;
    asked.built(&state, DefinitionKind::Recognition, &id).await?;
    let status = asked.params.parse("status", "`open`, `overdue` or `met`", |text| match text {
        "open" => Some(ExpectationStatus::Open),
        "overdue" => Some(ExpectationStatus::Overdue),
        "met" => Some(ExpectationStatus::Met),
        _ => None,
    })?;
    let (tenant, ask) = (&asked.credential.tenant, ask(&asked)?);
    let page = state.engagement.expectations(tenant, &id, (&ask, status), &asked.page()).await?;
    let page = (page.items.as_slice(), page.next);
    Ok(asked.complete(listing::answer(&request, asked.wanted.form, page, EXPECTATION_COLUMNS)))
}

/// GET: learners with achievements of which none was recognised.
#[utoipa::path(get, path = "/api/v1/recognition/{id}/never-recognised", tag = "answers", operation_id = "never_recognised",
    params(("id" = String, Path, description = "Id of the rule"),
        ("as_of" = Option<String>, Query, description = "As for the summary"),
        ("achievement" = Option<String>, Query, description = "As for the summary"),
        ("period" = Option<String>, Query, description = "As for the summary"),
        ("limit" = Option<usize>, Query, description = "Rows per page, at most 1000"),
        ("cursor" = Option<String>, Query, description = "Where to go on: `next` of the page before"),
        ("format" = Option<String>, Query, description = "`json` or `csv`")),
    responses((status = 200, description = "By identity"), (status = 404, description = "There is no such rule")))]
pub(crate) async fn never(
    request: HttpRequest,
    id: Path<String>,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::of(&request, &state, &OF[..3]).await?;
    asked.built(&state, DefinitionKind::Recognition, &id).await?;
    let (tenant, ask) = (&asked.credential.tenant, ask(&asked)?);
    let page = state.engagement.never_recognised(tenant, &id, &ask, &asked.page()).await?;
    let page = (page.items.as_slice(), page.next);
    Ok(asked.complete(listing::answer(&request, asked.wanted.form, page, &["/learner", "/expectations"])))
}

/// GET: who recognises whom, and how often.
#[utoipa::path(get, path = "/api/v1/recognition/{id}/pairs", tag = "answers", operation_id = "recognised_pairs",
    params(("id" = String, Path, description = "Id of the rule"),
        ("as_of" = Option<String>, Query, description = "As for the summary"),
        ("achievement" = Option<String>, Query, description = "As for the summary"),
        ("period" = Option<String>, Query, description = "As for the summary"),
        ("limit" = Option<usize>, Query, description = "Rows per page, at most 1000"),
        ("cursor" = Option<String>, Query, description = "Where to go on: `next` of the page before"),
        ("format" = Option<String>, Query, description = "`json` or `csv`")),
    responses((status = 200, description = "Most often first"), (status = 404, description = "There is no such rule")))]
pub(crate) async fn pairs(
    request: HttpRequest,
    id: Path<String>,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::of(&request, &state, &OF[..3]).await?;
    asked.built(&state, DefinitionKind::Recognition, &id).await?;
    let (tenant, ask) = (&asked.credential.tenant, ask(&asked)?);
    let page = state.engagement.recognised_pairs(tenant, &id, &ask, &asked.page()).await?;
    let page = (page.items.as_slice(), page.next);
    Ok(asked.complete(listing::answer(&request, asked.wanted.form, page, &["/by", "/learner", "/times"])))
}

fn ask(asked: &Asked) -> Result<RecognitionAsk, Problem> {
    Ok(RecognitionAsk {
        as_of: asked.as_of()?,
        achievement: asked.params.get("achievement").map(str::to_owned),
        period: asked.period("period")?,
        periods_by: asked.unit("periods")?,
    })
}
