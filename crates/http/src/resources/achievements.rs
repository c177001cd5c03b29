//! Achievements: how many earned what, and who.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use plaudit_event::DefinitionKind;
use plaudit_query::engagement::AchievementsAsk;

use super::asked::Asked;
use crate::listing;
use crate::problem::Problem;
use crate::state::State;

const SUMMARY_COLUMNS: &[&str] = &["/achievement", "/title", "/points", "/learners", "/earned", "/revoked"];
const EARNED_COLUMNS: &[&str] = &[
    "/learner",
    "/achievement",
    "/occurrence",
    "/time",
    "/statement",
    "/points",
    "/revoked/time",
    "/revoked/reason",
];

/// GET: what every achievement comes to.
#[utoipa::path(get, path = "/api/v1/achievement-summaries", tag = "answers", operation_id = "achievement_summaries",
    params(("period" = Option<String>, Query, description = "Only what was earned in that week (2026-W05) or month (2026-01)"),
        ("periods" = Option<String>, Query, description = "`week` or `month`: counts by period, too"),
        ("format" = Option<String>, Query, description = "`json` or `csv`")),
    responses((status = 200, description = "Learners, times earned and times revoked for each achievement")))]
pub(crate) async fn summaries(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Problem> {
    let asked = Asked::of(&request, &state, &["period", "periods"]).await?;
    let ask = AchievementsAsk { period: asked.period("period")?, periods_by: asked.unit("periods")? };
    let answers = state.engagement.achievements(&asked.credential.tenant, &ask).await?;
    Ok(asked.complete(listing::answer(&request, asked.wanted.form, (&answers, None), SUMMARY_COLUMNS)))
}

/// GET: who earned an achievement, each time.
#[utoipa::path(get, path = "/api/v1/achievements/{id}/learners", tag = "answers", operation_id = "achievement_learners",
    params(("id" = String, Path, description = "Id of the achievement"),
        ("period" = Option<String>, Query, description = "Only what was earned in that week (2026-W05) or month (2026-01)"),
        ("limit" = Option<usize>, Query, description = "Rows per page, at most 1000"),
        ("cursor" = Option<String>, Query, description = "Where to go on: `next` of the page before"),
        ("format" = Option<String>, Query, description = "`json` or `csv`")),
    responses((status = 200, description = "Who earned it, when, on what evidence; revoked ones too"),
        (status = 404, description = "There is no such achievement")))]
pub(crate) async fn learners(
    request: HttpRequest,
    id: Path<String>,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::of(&request, &state, &["period"]).await?;
    asked.built(&state, DefinitionKind::Achievement, &id).await?;
    let period = asked.period("period")?;
    let tenant = &asked.credential.tenant;
    let page = state.engagement.earned(tenant, &id, period.as_ref(), &asked.page()).await?;
    let page = (page.items.as_slice(), page.next);
    Ok(asked.complete(listing::answer(&request, asked.wanted.form, page, EARNED_COLUMNS)))
}
