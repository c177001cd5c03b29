//! What HTTP counts.

use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, core::Collector,
};

/// The metrics of HTTP. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    pub(crate) requests: IntCounterVec,
    pub(crate) seconds: HistogramVec,
    pub(crate) in_flight: IntGauge,
    pub(crate) requests_max: IntGauge,
    pub(crate) body_bytes: IntCounter,
    pub(crate) problems: IntCounterVec,
    pub(crate) panics: IntCounter,
    limits: IntCounterVec,
}

const SECONDS: &[f64] = &[0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

impl Metrics {
    /// Declares them in `registry`.
    ///
    /// # Errors
    /// When a name is taken: HTTP has been made twice over one registry.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let opts = |name: &str, help: &str| Opts::new(format!("plaudit_http_{name}"), help);
        let seconds = HistogramOpts::from(opts(
            "request_seconds",
            "Time from the head of a request to the head of its answer.",
        ))
        .buckets(SECONDS.to_vec());
        Ok(Self {
            requests: register(
                registry,
                IntCounterVec::new(
                    opts("requests_total", "Answered requests by route, method and status."),
                    &["route", "method", "status"],
                )?,
            )?,
            seconds: register(registry, HistogramVec::new(seconds, &["route", "method"])?)?,
            in_flight: register(
                registry,
                IntGauge::with_opts(opts("requests_in_flight", "Requests being served."))?,
            )?,
            requests_max: register(
                registry,
                IntGauge::with_opts(opts(
                    "requests_max",
                    "Limit of plaudit_http_requests_in_flight; past it 503.",
                ))?,
            )?,
            body_bytes: register(
                registry,
                IntCounter::with_opts(opts("request_body_bytes_total", "Bytes of request bodies read."))?,
            )?,
            problems: register(
                registry,
                IntCounterVec::new(
                    opts("problems_total", "Requests answered with a problem, by kind."),
                    &["kind"],
                )?,
            )?,
            panics: register(
                registry,
                IntCounter::with_opts(opts("panics_total", "Handlers that panicked; each is a bug."))?,
            )?,
            limits: register(
                registry,
                IntCounterVec::new(
                    opts("limits_hit_total", "Requests that hit a limit, by limit."),
                    &["limit"],
                )?,
            )?,
        })
    }

    /// A request hit that limit.
    pub(crate) fn limit(&self, name: &'static str) {
        self.limits.with_label_values(&[name]).inc();
    }
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, metric: C) -> Result<C, prometheus::Error> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}
