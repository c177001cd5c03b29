//! `/api/v1/learners/{learner}`: the story of one learner.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::asked::Asked;
use crate::problem::{Kind, Problem};
use crate::state::State;

/// GET: stages, achievements and recognition of one learner, with evidence.
#[utoipa::path(get, path = "/api/v1/learners/{learner}", tag = "answers", operation_id = "learner_story",
    params(("learner" = String, Path, description = "Canonical identity, percent-encoded; lists of learners have it"),
        ("as_of" = Option<String>, Query, description = "The instant that decides what is dropped, dormant and overdue; now without it")),
    responses((status = 200, description = "Everything that is known about the learner"),
        (status = 404, description = "Nothing ever concerned them")))]
pub(crate) async fn story(
    request: HttpRequest,
    learner: Path<String>,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::of(&request, &state, &["as_of"]).await?;
    let story = state.engagement.learner(&asked.credential.tenant, &learner, asked.as_of()?).await?;
    let story = story.ok_or_else(|| Problem::new(Kind::NotFound, "nothing is known about such a learner"))?;
    Ok(asked.complete(HttpResponse::Ok().json(story)))
}
