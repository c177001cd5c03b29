//! What a projector counts.

use prometheus::{
    GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry,
};

/// The metrics of all projections.
#[derive(Clone)]
pub struct ProjectorMetrics {
    pub(crate) position: IntGaugeVec,
    pub(crate) lag_positions: IntGaugeVec,
    pub(crate) lag_seconds: GaugeVec,
    pub(crate) events: IntCounterVec,
    pub(crate) batch_seconds: HistogramVec,
    pub(crate) batch_records: HistogramVec,
    pub(crate) rebuild_ratio: GaugeVec,
    pub(crate) rebuild_remaining_seconds: GaugeVec,
    pub(crate) rebuilds: IntCounterVec,
    pub(crate) parked_learners: IntGaugeVec,
    pub(crate) failures: IntCounterVec,
    pub(crate) read_failures: IntCounter,
}

/// What reading ahead counts.
#[derive(Clone)]
pub(crate) struct FeedMetrics {
    pub failures: IntCounter,
}

/// What the projections of one read model and partition count.
#[derive(Clone)]
pub(crate) struct RunnerMetrics {
    pub events: IntCounter,
    pub batch_seconds: Histogram,
    pub batch_records: Histogram,
    pub failures: IntCounter,
    pub rebuilds: IntCounter,
}

impl ProjectorMetrics {
    /// Registers them.
    ///
    /// # Errors
    /// When a name is taken.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self::new()?;
        registry.register(Box::new(metrics.position.clone()))?;
        registry.register(Box::new(metrics.lag_positions.clone()))?;
        registry.register(Box::new(metrics.lag_seconds.clone()))?;
        registry.register(Box::new(metrics.events.clone()))?;
        registry.register(Box::new(metrics.batch_seconds.clone()))?;
        registry.register(Box::new(metrics.batch_records.clone()))?;
        registry.register(Box::new(metrics.rebuild_ratio.clone()))?;
        registry.register(Box::new(metrics.rebuild_remaining_seconds.clone()))?;
        registry.register(Box::new(metrics.rebuilds.clone()))?;
        registry.register(Box::new(metrics.parked_learners.clone()))?;
        registry.register(Box::new(metrics.failures.clone()))?;
        registry.register(Box::new(metrics.read_failures.clone()))?;
        Ok(metrics)
    }

    fn new() -> Result<Self, prometheus::Error> {
        let of_partition = &["model", "partition"];
        let gauge = |name, help| GaugeVec::new(Opts::new(name, help), of_partition);
        let int_gauge = |name, help| IntGaugeVec::new(Opts::new(name, help), of_partition);
        let counter = |name, help| IntCounterVec::new(Opts::new(name, help), of_partition);
        Ok(Self {
            position: int_gauge(
                "plaudit_projector_position",
                "Position in the log up to which the serving rows of a read model have absorbed everything.",
            )?,
            lag_positions: int_gauge(
                "plaudit_projector_lag_positions",
                "Positions between the head of the log and what the serving rows have absorbed.",
            )?,
            lag_seconds: gauge(
                "plaudit_projector_lag_seconds",
                "Age of the oldest record that the serving rows have not absorbed; 0 when there is none.",
            )?,
            events: counter(
                "plaudit_projector_events_total",
                "Records absorbed by serving projections and rebuilds.",
            )?,
            batch_seconds: histogram(
                "plaudit_projector_batch_seconds",
                "Time to apply one batch and write its rows.",
                prometheus::exponential_buckets(0.0005, 2.5, 11)?,
            )?,
            batch_records: histogram(
                "plaudit_projector_batch_records",
                "Records of one batch.",
                prometheus::exponential_buckets(1.0, 4.0, 9)?,
            )?,
            rebuild_ratio: gauge(
                "plaudit_projector_rebuild_ratio",
                "Share of the log that a running rebuild has replayed; 1 when none runs.",
            )?,
            rebuild_remaining_seconds: gauge(
                "plaudit_projector_rebuild_remaining_seconds",
                "Estimated time until a running rebuild serves; 0 when none runs.",
            )?,
            rebuilds: counter("plaudit_projector_rebuilds_total", "Rebuilds that were begun.")?,
            parked_learners: int_gauge(
                "plaudit_projector_parked_learners",
                "Learners with a record that the serving rows could not absorb.",
            )?,
            failures: counter(
                "plaudit_projector_failures_total",
                "Batches that were tried again because the store did not answer or did not write.",
            )?,
            read_failures: IntCounter::new(
                "plaudit_projector_read_failures_total",
                "Reads of the log that failed and were tried again.",
            )?,
        })
    }

    pub(crate) fn of_feed(&self) -> FeedMetrics {
        FeedMetrics { failures: self.read_failures.clone() }
    }

    pub(crate) fn of_runner(&self, model: &str, partition: u32) -> RunnerMetrics {
        let partition = partition.to_string();
        let labels = &[model, partition.as_str()];
        RunnerMetrics {
            events: self.events.with_label_values(labels),
            batch_seconds: self.batch_seconds.with_label_values(labels),
            batch_records: self.batch_records.with_label_values(labels),
            failures: self.failures.with_label_values(labels),
            rebuilds: self.rebuilds.with_label_values(labels),
        }
    }
}

fn histogram(name: &str, help: &str, buckets: Vec<f64>) -> Result<HistogramVec, prometheus::Error> {
    HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets), &["model", "partition"])
}
