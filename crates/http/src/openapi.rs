//! The OpenAPI document, generated from the handlers.

use actix_web::HttpResponse;
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

use crate::resources::statements::{read, write};
use crate::resources::{about, achievements, definitions, funnels, learners, recognition, tables};

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Plaudit",
        description = "xAPI under /xapi; definitions and answers for people and BI under /api/v1. \
            Every error is a problem (RFC 9457, application/problem+json)."
    ),
    paths(
        about::get,
        read::get,
        write::post,
        write::put,
        document,
        tables::list,
        tables::rows,
        definitions::funnels::list,
        definitions::funnels::get,
        definitions::funnels::put,
        definitions::funnels::delete,
        definitions::achievements::list,
        definitions::achievements::get,
        definitions::achievements::put,
        definitions::achievements::delete,
        definitions::recognition::list,
        definitions::recognition::get,
        definitions::recognition::put,
        definitions::recognition::delete,
        funnels::summary,
        funnels::learners,
        achievements::summaries,
        achievements::learners,
        recognition::summary,
        recognition::expectations,
        recognition::never,
        recognition::pairs,
        learners::story,
    ),
    modifiers(&Basic),
    security(("basic" = []))
)]
pub(crate) struct Document;

struct Basic;

impl utoipa::Modify for Basic {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let basic = SecurityScheme::Http(Http::new(HttpAuthScheme::Basic));
        document.components.get_or_insert_default().add_security_scheme("basic", basic);
    }
}

/// GET: this document. Needs no credential.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "about", security(()),
    responses((status = 200, description = "This document")))]
pub(crate) async fn document() -> HttpResponse {
    HttpResponse::Ok().json(Document::openapi())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_is_documented_and_nothing_else() {
        let document = serde_json::to_value(Document::openapi()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let documented: BTreeSet<(String, String)> = paths
            .iter()
            .flat_map(|(path, methods)| {
                methods.as_object().unwrap().keys().map(move |method| (path.clone(), method.to_uppercase()))
            })
            .collect();
        let routed: BTreeSet<(String, String)> = crate::routes::endpoints()
            .into_iter()
            .flat_map(|endpoint| {
                let pattern = endpoint.pattern.to_owned();
                endpoint.methods.into_iter().map(move |(method, _)| (pattern.clone(), method.to_string()))
            })
            .filter(|(_, method)| method != "HEAD")
            .collect();
        assert_eq!(documented, routed);
    }
}
