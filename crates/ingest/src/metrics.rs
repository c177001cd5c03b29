//! What ingest counts.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use crate::IngestError;

/// The metrics of ingest. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    pub(crate) accepted: IntCounter,
    pub(crate) deduplicated: IntCounter,
    pub(crate) rejected: IntCounterVec,
    pub(crate) batch_statements: Histogram,
    pub(crate) in_flight: IntGauge,
    pub(crate) recents: IntGauge,
    pub(crate) recents_max: IntGauge,
    pub(crate) id_waits: IntCounter,
    pub(crate) lookups: IntCounter,
    pub(crate) confirm_seconds: Histogram,
    pub(crate) definitions: IntCounter,
}

impl Metrics {
    /// Declares them in `registry`.
    ///
    /// # Errors
    /// When a name is taken: ingest has been made twice over one registry.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            accepted: counter(registry, "statements_accepted_total", "Statements appended and confirmed.")?,
            deduplicated: counter(
                registry,
                "statements_deduplicated_total",
                "Statements that were already stored with equal content, and accepted without being appended.",
            )?,
            rejected: rejected(registry)?,
            batch_statements: histogram(
                registry,
                "batch_statements",
                "Statements per request.",
                &[1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 10_000.0],
            )?,
            in_flight: gauge(registry, "in_flight_requests", "Requests appended and not yet confirmed.")?,
            recents: gauge(
                registry,
                "recent_statements",
                "Statements remembered by id until rows show them.",
            )?,
            recents_max: gauge(
                registry,
                "recent_statements_max",
                "Limit of plaudit_ingest_recent_statements; writes are refused at it.",
            )?,
            id_waits: counter(
                registry,
                "id_waits_total",
                "Times a request waited for another one with an equal id.",
            )?,
            lookups: counter(registry, "id_lookups_total", "Ids looked up in the rows.")?,
            confirm_seconds: histogram(
                registry,
                "confirm_seconds",
                "Time from append to the log's confirmation.",
                &[0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0],
            )?,
            definitions: counter(registry, "definitions_total", "Definitions appended and confirmed.")?,
        })
    }
}

impl Metrics {
    /// That many statements were refused.
    pub(crate) fn reject(&self, error: &IngestError, statements: usize) {
        let statements = u64::try_from(statements).unwrap_or(u64::MAX);
        self.rejected.with_label_values(&[error.reason()]).inc_by(statements);
    }
}

fn rejected(registry: &Registry) -> Result<IntCounterVec, prometheus::Error> {
    let help = "Statements of refused requests, by reason.";
    let vec = IntCounterVec::new(Opts::new("plaudit_ingest_statements_rejected_total", help), &["reason"])?;
    registry.register(Box::new(vec.clone()))?;
    Ok(vec)
}

fn counter(registry: &Registry, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
    let counter = IntCounter::new(format!("plaudit_ingest_{name}"), help)?;
    registry.register(Box::new(counter.clone()))?;
    Ok(counter)
}

fn gauge(registry: &Registry, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
    let gauge = IntGauge::new(format!("plaudit_ingest_{name}"), help)?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}

fn histogram(
    registry: &Registry,
    name: &str,
    help: &str,
    buckets: &[f64],
) -> Result<Histogram, prometheus::Error> {
    let opts = HistogramOpts::new(format!("plaudit_ingest_{name}"), help).buckets(buckets.to_vec());
    let histogram = Histogram::with_opts(opts)?;
    registry.register(Box::new(histogram.clone()))?;
    Ok(histogram)
}
