//! `X-Experience-API-Consistent-Through`, on every answer about statements (1.0.3 Communication 2.1.3).

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderName, HeaderValue};
use plaudit_xapi::Timestamp;

use crate::problem::Problem;
use crate::state::State;

/// The header's name.
const HEADER: HeaderName = HeaderName::from_static("x-experience-api-consistent-through");

/// Adds the header to an answer that is complete through that time; without one, to an answer that says nothing about rows.
pub(super) async fn add(
    outcome: Result<HttpResponse, Problem>,
    through: Option<Timestamp>,
    state: &State,
) -> Result<HttpResponse, Problem> {
    let through = match through {
        Some(through) => through,
        None => state.statements.consistent_through().await?,
    };
    let value = HeaderValue::from_bytes(&through.to_bytes()).expect("timestamps are plain text");
    match outcome {
        Ok(mut answer) => {
            answer.headers_mut().insert(HEADER, value);
            Ok(answer)
        }
        Err(problem) => Err(problem.header(HEADER, value)),
    }
}
