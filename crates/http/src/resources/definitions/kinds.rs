//! The same four methods for each kind of definition; only paths and words differ.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use plaudit_event::DefinitionKind;

use super::write;
use crate::problem::Problem;
use crate::state::State;

macro_rules! kind {
    ($module:ident, $kind:expr, $list:literal, $one:literal, $what:literal) => {
        #[doc = concat!("Definitions of kind ", $what, ".")]
        pub(crate) mod $module {
            use super::*;

            #[utoipa::path(get, path = $list, tag = "definitions", operation_id = concat!("list_", stringify!($module)),
                params(("format" = Option<String>, Query, description = "`json` or `csv`")),
                responses((status = 200, description = "All definitions of the kind, with version and state")))]
            pub(crate) async fn list(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Problem> {
                super::super::list(request, $kind, state).await
            }

            #[utoipa::path(get, path = $one, tag = "definitions", operation_id = concat!("get_", stringify!($module)),
                params(("id" = String, Path, description = "Id of the definition")),
                responses((status = 200, description = "The definition; its version is the ETag"),
                    (status = 304, description = "If-None-Match names the present version"),
                    (status = 404, description = "There is none")))]
            pub(crate) async fn get(
                request: HttpRequest,
                id: Path<String>,
                state: Data<State>,
            ) -> Result<HttpResponse, Problem> {
                super::super::get(request, $kind, id, state).await
            }

            #[utoipa::path(put, path = $one, tag = "definitions", operation_id = concat!("put_", stringify!($module)),
                params(("id" = String, Path, description = "Id of the definition; the document has the same")),
                request_body(content_type = "application/json", description = "The document, as its JSON Schema describes it"),
                responses((status = 200, description = "Written; `state` says whether the rows that follow from it serve yet"),
                    (status = 201, description = "The same, and it is new"),
                    (status = 412, description = "If-Match or If-None-Match does not hold"),
                    (status = 422, description = "The document is not valid: `errors` has pointer and message of each fault")))]
            pub(crate) async fn put(
                request: HttpRequest,
                id: Path<String>,
                payload: Payload,
                state: Data<State>,
            ) -> Result<HttpResponse, Problem> {
                write::put(request, $kind, id, payload, state).await
            }

            #[utoipa::path(delete, path = $one, tag = "definitions", operation_id = concat!("delete_", stringify!($module)),
                params(("id" = String, Path, description = "Id of the definition")),
                responses((status = 204, description = "Deleted; if it replaced a default, that holds again"),
                    (status = 404, description = "There is none"),
                    (status = 412, description = "If-Match does not hold"),
                    (status = 422, description = "Others name it")))]
            pub(crate) async fn delete(
                request: HttpRequest,
                id: Path<String>,
                state: Data<State>,
            ) -> Result<HttpResponse, Problem> {
                write::delete(request, $kind, id, state).await
            }
        }
    };
}

kind!(funnels, DefinitionKind::Funnel, "/api/v1/funnels", "/api/v1/funnels/{id}", "funnel");
kind!(
    achievements,
    DefinitionKind::Achievement,
    "/api/v1/achievements",
    "/api/v1/achievements/{id}",
    "achievement"
);
kind!(
    recognition,
    DefinitionKind::Recognition,
    "/api/v1/recognition",
    "/api/v1/recognition/{id}",
    "recognition rule"
);
