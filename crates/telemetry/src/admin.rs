//! The listener for operators: metrics, health, and what the server adds.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::web::{Data, ServiceConfig, get};
use actix_web::{App, HttpResponse, HttpServer};
use futures_util::future::BoxFuture;
use prometheus::{Encoder, Registry, TextEncoder};
use serde_json::json;

use crate::Checks;

/// Brings gauges up to date before metrics are read.
pub type Refresh = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// Scrapes and commands are few and short.
const WORKERS: usize = 1;
/// Operators' connections; more are a mistake.
const CONNECTIONS_MAX: usize = 256;
/// A stop does not wait for a slow scrape.
const STOP_WAIT_SECONDS: u64 = 1;

/// What the listener shows.
#[derive(Clone)]
pub struct Admin {
    /// The metrics.
    pub registry: Registry,
    /// Called before each reading of metrics.
    pub refresh: Vec<Refresh>,
    /// What `/readyz` asks.
    pub checks: Checks,
}

/// A listener; it answers while [`Bound::server`] is awaited.
pub struct Bound {
    /// Runs the listener; its handle stops it.
    pub server: Server,
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
}

/// Listens on `address` (port 0: any); `more` adds resources of its own.
///
/// # Errors
/// When the address is not to be had.
pub fn bind(
    address: impl ToSocketAddrs,
    admin: Admin,
    more: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> std::io::Result<Bound> {
    let admin = Data::new(admin);
    let server = HttpServer::new(move || {
        App::new().app_data(admin.clone()).configure(configure).configure(more.clone())
    })
    .workers(WORKERS)
    .max_connections(CONNECTIONS_MAX)
    .shutdown_timeout(STOP_WAIT_SECONDS)
    .disable_signals()
    .bind(address)?;
    Ok(Bound { addresses: server.addrs(), server: server.run() })
}

fn configure(config: &mut ServiceConfig) {
    config
        .route("/metrics", get().to(metrics))
        .route("/healthz", get().to(health))
        .route("/readyz", get().to(readiness));
}

async fn metrics(admin: Data<Admin>) -> HttpResponse {
    for refresh in &admin.refresh {
        refresh().await;
    }
    let mut text = Vec::new();
    match TextEncoder::new().encode(&admin.registry.gather(), &mut text) {
        Ok(()) => HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Answering at all is what counts.
async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "alive": true }))
}

async fn readiness(admin: Data<Admin>) -> HttpResponse {
    let readiness = admin.checks.run();
    if readiness.ready {
        HttpResponse::Ok().json(readiness)
    } else {
        HttpResponse::ServiceUnavailable().json(readiness)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::{TestRequest, call_and_read_body, call_service, init_service, read_body};
    use prometheus::IntGauge;

    use super::*;

    fn admin(checks: Checks) -> Admin {
        let registry = Registry::new();
        let gauge = IntGauge::new("plaudit_test_items", "Items.").unwrap();
        registry.register(Box::new(gauge.clone())).unwrap();
        let refresh: Refresh = Arc::new(move || {
            gauge.set(7);
            Box::pin(async {})
        });
        Admin { registry, refresh: vec![refresh], checks }
    }

    #[actix_web::test]
    async fn metrics_are_refreshed_before_they_are_read() {
        let app =
            init_service(App::new().app_data(Data::new(admin(Checks::default()))).configure(configure)).await;
        let body = call_and_read_body(&app, TestRequest::get().uri("/metrics").to_request()).await;
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert_eq!(
            text,
            "# HELP plaudit_test_items Items.\n# TYPE plaudit_test_items gauge\nplaudit_test_items 7\n"
        );
    }

    #[actix_web::test]
    async fn readiness_names_what_is_missing() {
        let checks = Checks::default().with("log", || Ok(())).with("store", || Err("it is full".to_owned()));
        let app = init_service(App::new().app_data(Data::new(admin(checks))).configure(configure)).await;
        let response = call_service(&app, TestRequest::get().uri("/readyz").to_request()).await;
        assert_eq!(response.status(), 503);
        let body = read_body(response).await;
        assert_eq!(
            body,
            r#"{"ready":false,"checks":[{"name":"log","ok":true},{"name":"store","ok":false,"reason":"it is full"}]}"#
        );
        let alive = call_service(&app, TestRequest::get().uri("/healthz").to_request()).await;
        assert_eq!(alive.status(), 200);
    }
}
