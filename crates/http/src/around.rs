//! What happens around every request: its id, span, metrics, the limit on requests at once, the headers that every answer
//! has, and a clear answer when a handler panics.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError, web};
use futures_util::FutureExt;
use prometheus::IntGauge;
use tracing::Instrument;

use crate::problem::{Kind, Problem};
use crate::state::State;
use crate::{Metrics, cors, request_id, version};

/// The outermost layer of the application.
pub(crate) async fn around(
    state: web::Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let about = About::of(&request, &state);
    let span = tracing::info_span!(
        "request",
        request.id = about.request_id.to_str().unwrap_or_default(),
        http.method = about.method
    );
    async {
        let outcome = match early_answer(&request, &state) {
            Some(answer) => Ok(request.into_response(answer)),
            None => served(request, next, &state).await,
        };
        match outcome {
            Ok(mut answer) => {
                about.finish(answer.response().extensions().get().copied(), answer.status(), &state, || {
                    answer.request().match_pattern()
                });
                about.complete(answer.headers_mut());
                Ok(answer)
            }
            Err(mut answer) => {
                about.finish(answer.extensions().get().copied(), answer.status(), &state, || None);
                about.complete(answer.headers_mut());
                Err(InternalError::from_response("answered", answer).into())
            }
        }
    }
    .instrument(span)
    .await
}

/// What has to be remembered of a request, because serving it takes it.
struct About {
    request_id: HeaderValue,
    version: Option<HeaderValue>,
    method: &'static str,
    since: Instant,
}

impl About {
    fn of(request: &ServiceRequest, state: &State) -> Self {
        let is_xapi =
            request.path().strip_prefix("/xapi").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        Self {
            request_id: state.request_ids.of(request.headers()),
            version: is_xapi.then(|| version::answered(request.headers())),
            method: method(request.method()),
            since: Instant::now(),
        }
    }

    fn complete(self, headers: &mut HeaderMap) {
        headers.insert(request_id::HEADER, self.request_id);
        if let Some(version) = self.version {
            headers.insert(version::HEADER, version);
        }
        cors::allow(headers);
    }

    fn finish(
        &self,
        problem: Option<Kind>,
        status: StatusCode,
        state: &State,
        pattern: impl FnOnce() -> Option<String>,
    ) {
        let pattern = pattern();
        let route = pattern.as_deref().unwrap_or("unmatched");
        let elapsed = self.since.elapsed();
        if let Some(problem) = problem {
            state.metrics.problems.with_label_values(&[problem.name()]).inc();
        }
        state.metrics.requests.with_label_values(&[route, self.method, status.as_str()]).inc();
        state.metrics.seconds.with_label_values(&[route, self.method]).observe(elapsed.as_secs_f64());
        tracing::debug!(
            http.route = route,
            http.status = status.as_u16(),
            elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
    }
}

/// Answers that need neither route nor handler.
fn early_answer(request: &ServiceRequest, state: &State) -> Option<HttpResponse> {
    if let Some(answer) = cors::preflight(request) {
        return Some(answer);
    }
    if state.requests.load(Ordering::Relaxed) >= state.limits.requests_max {
        state.metrics.limit("requests");
        let detail = format!("{} requests are being served, the most at once", state.limits.requests_max);
        return Some(Problem::new(Kind::Overloaded, detail).error_response());
    }
    None
}

async fn served(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    state: &State,
) -> Result<ServiceResponse<BoxBody>, HttpResponse> {
    let _counted = Counted::new(&state.requests, &state.metrics.in_flight);
    match caught(next.call(request), &state.metrics).await? {
        Ok(answer) => Ok(answer.map_into_boxed_body()),
        Err(error) => Err(error.error_response()),
    }
}

/// A panic becomes an answer, because other requests share the connection and the worker.
async fn caught<T>(handler: impl Future<Output = T>, metrics: &Metrics) -> Result<T, HttpResponse> {
    AssertUnwindSafe(handler).catch_unwind().await.map_err(|_| {
        metrics.panics.inc();
        tracing::error!("a handler panicked");
        Problem::new(Kind::Internal, "the server could not answer; its log says why").error_response()
    })
}

struct Counted {
    requests: Arc<AtomicUsize>,
    gauge: IntGauge,
}

impl Counted {
    fn new(requests: &Arc<AtomicUsize>, gauge: &IntGauge) -> Self {
        requests.fetch_add(1, Ordering::Relaxed);
        gauge.inc();
        Self { requests: Arc::clone(requests), gauge: gauge.clone() }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.requests.fetch_sub(1, Ordering::Relaxed);
        self.gauge.dec();
    }
}

/// The method as a label: clients may send any word.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_panic_is_an_answer_and_counted() {
        let metrics = Metrics::new(&prometheus::Registry::new()).unwrap();
        let answer = caught(async { panic!("on purpose") }, &metrics).await;
        let answer: HttpResponse = answer.map(|()| HttpResponse::Ok().finish()).expect_err("it panicked");
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(metrics.panics.get(), 1);
        assert!(caught(async { 1 }, &metrics).await.is_ok());
    }
}
