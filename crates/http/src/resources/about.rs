//! `/xapi/about`: which versions are spoken, and every limit (1.0.3 Communication 2.8). Needs neither credential nor version.

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::problem::Problem;
use crate::state::State;
use crate::version;

/// Prefix of the keys of our extensions: they have to be IRIs.
const EXTENSION: &str = "urn:plaudit:about";

/// GET: versions and limits.
#[utoipa::path(get, path = "/xapi/about", tag = "xapi", security(()),
    responses((status = 200, description = "Versions of xAPI, and the limits of this server")))]
pub(crate) async fn get(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let limits = &state.limits;
    Ok(HttpResponse::Ok().json(json!({
        "version": version::SUPPORTED,
        "extensions": {
            format!("{EXTENSION}:limits"): {
                "body_bytes_max": limits.body_bytes_max,
                "statements_per_batch_max": plaudit_xapi::STATEMENTS_PER_BATCH_MAX,
                "requests_max": limits.requests_max,
                "body_wait_max_seconds": limits.body_wait_max.as_secs(),
            }
        }
    })))
}
