//! Every route in one list; the application and the test of the OpenAPI document are made from it.

use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Responder, ResponseError, Route};

use crate::openapi;
use crate::problem::{Kind, Problem};
use crate::resources::statements::{read, write};
use crate::resources::{about, achievements, definitions, funnels, learners, recognition, tables};
use crate::version;

/// All endpoints.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::new("/xapi/about").get(about::get),
        Endpoint::new("/xapi/statements").get(read::get).put(write::put).post(write::post),
        Endpoint::new("/api/v1/openapi.json").get(openapi::document),
        Endpoint::new("/api/v1/tables").get(tables::list),
        Endpoint::new("/api/v1/tables/{table}").get(tables::rows),
        Endpoint::new("/api/v1/funnels").get(definitions::funnels::list),
        Endpoint::new("/api/v1/funnels/{id}")
            .get(definitions::funnels::get)
            .put(definitions::funnels::put)
            .delete(definitions::funnels::delete),
        Endpoint::new("/api/v1/achievements").get(definitions::achievements::list),
        Endpoint::new("/api/v1/achievements/{id}")
            .get(definitions::achievements::get)
            .put(definitions::achievements::put)
            .delete(definitions::achievements::delete),
        Endpoint::new("/api/v1/recognition").get(definitions::recognition::list),
        Endpoint::new("/api/v1/recognition/{id}")
            .get(definitions::recognition::get)
            .put(definitions::recognition::put)
            .delete(definitions::recognition::delete),
        Endpoint::new("/api/v1/funnels/{id}/summary").get(funnels::summary),
        Endpoint::new("/api/v1/funnels/{id}/learners").get(funnels::learners),
        Endpoint::new("/api/v1/achievement-summaries").get(achievements::summaries),
        Endpoint::new("/api/v1/achievements/{id}/learners").get(achievements::learners),
        Endpoint::new("/api/v1/recognition/{id}/summary").get(recognition::summary),
        Endpoint::new("/api/v1/recognition/{id}/expectations").get(recognition::expectations),
        Endpoint::new("/api/v1/recognition/{id}/never-recognised").get(recognition::never),
        Endpoint::new("/api/v1/recognition/{id}/pairs").get(recognition::pairs),
        Endpoint::new("/api/v1/learners/{learner}").get(learners::story),
    ]
}

/// Adds all endpoints to an application.
pub(crate) fn configure(config: &mut ServiceConfig) {
    for endpoint in endpoints() {
        let allow: Vec<&str> = endpoint.methods.iter().map(|(method, _)| method.as_str()).collect();
        let allow = allow.join(", ");
        let mut resource = web::resource(endpoint.pattern);
        for (method, route) in endpoint.methods {
            resource = resource.route(route.method(method));
        }
        config.service(resource.default_service(web::to(move || std::future::ready(not_allowed(&allow)))));
    }
    config.default_service(web::to(async |request: HttpRequest| not_found(&request)));
}

/// One path with its methods.
pub(crate) struct Endpoint {
    pub(crate) pattern: &'static str,
    pub(crate) methods: Vec<(Method, Route)>,
}

impl Endpoint {
    fn new(pattern: &'static str) -> Self {
        Self { pattern, methods: Vec::new() }
    }

    /// GET, and HEAD with it: actix leaves the body out.
    fn get<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::GET, handler.clone()).on(Method::HEAD, handler)
    }

    fn put<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::PUT, handler)
    }

    fn post<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::POST, handler)
    }

    fn delete<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::DELETE, handler)
    }

    fn on<F, Args>(mut self, method: Method, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.methods.push((method, web::to(handler)));
        self
    }
}

fn not_allowed(allow: &str) -> HttpResponse {
    let value = HeaderValue::from_str(allow).expect("methods are plain text");
    let detail = format!("this resource has {allow}");
    Problem::new(Kind::MethodNotAllowed, detail).header(ALLOW, value).error_response()
}

/// Under `/xapi` a request without a version is refused first, whatever it asks for.
fn not_found(request: &HttpRequest) -> HttpResponse {
    if request.path().starts_with("/xapi/")
        && let Err(problem) = version::of(request)
    {
        return problem.error_response();
    }
    Problem::new(Kind::NotFound, "there is no such resource").error_response()
}
