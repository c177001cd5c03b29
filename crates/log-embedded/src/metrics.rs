//! What the embedded log tells Prometheus.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntGauge, IntGaugeVec, Opts, Registry};

/// The log's metrics. Clones share their values.
#[derive(Clone, Debug)]
pub struct Metrics {
    pub(crate) append_seconds: Histogram,
    pub(crate) sync_seconds: Histogram,
    pub(crate) group_batches: Histogram,
    pub(crate) group_records: Histogram,
    pub(crate) appended_bytes: IntCounter,
    pub(crate) head: IntGauge,
    pub(crate) queue_bytes: IntGauge,
    pub(crate) segments: IntGaugeVec,
    pub(crate) cut_bytes: IntCounter,
    pub(crate) overloaded: IntCounter,
    pub(crate) full: IntCounter,
}

impl Metrics {
    /// Metrics that nobody collects.
    #[must_use]
    pub fn new() -> Self {
        let segments =
            Opts::new("plaudit_log_segments", "Segment files by state: active, raw, sealed, spare.");
        Self {
            append_seconds: histogram(
                "plaudit_log_append_seconds",
                "From the call of append to its confirmation.",
                seconds(),
            ),
            sync_seconds: histogram(
                "plaudit_log_sync_seconds",
                "One fdatasync of the active segment.",
                seconds(),
            ),
            group_batches: histogram(
                "plaudit_log_group_batches",
                "Appends made durable by one fdatasync.",
                powers(),
            ),
            group_records: histogram(
                "plaudit_log_group_records",
                "Records made durable by one fdatasync.",
                powers(),
            ),
            appended_bytes: counter("plaudit_log_appended_bytes_total", "Bytes of confirmed records."),
            head: gauge("plaudit_log_head_position", "The position that the next record gets."),
            queue_bytes: gauge("plaudit_log_queue_bytes", "Bytes of records that wait for confirmation."),
            segments: IntGaugeVec::new(segments, &["state"]).expect("name and label are valid"),
            cut_bytes: counter(
                "plaudit_log_cut_bytes_total",
                "Bytes of unconfirmed frames that recovery found torn and removed.",
            ),
            overloaded: counter(
                "plaudit_log_overloaded_total",
                "Appends refused because too much was waiting.",
            ),
            full: counter("plaudit_log_full_total", "Appends refused because there was no space."),
        }
    }

    /// Metrics collected by `registry`.
    ///
    /// # Errors
    /// When the registry has metrics of these names already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self::new();
        for histogram in
            [&metrics.append_seconds, &metrics.sync_seconds, &metrics.group_batches, &metrics.group_records]
        {
            registry.register(Box::new(histogram.clone()))?;
        }
        for counter in [&metrics.appended_bytes, &metrics.cut_bytes, &metrics.overloaded, &metrics.full] {
            registry.register(Box::new(counter.clone()))?;
        }
        for gauge in [&metrics.head, &metrics.queue_bytes] {
            registry.register(Box::new(gauge.clone()))?;
        }
        registry.register(Box::new(metrics.segments.clone()))?;
        Ok(metrics)
    }

    pub(crate) fn segments_in(&self, state: &str, count: usize) {
        self.segments.with_label_values(&[state]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn histogram(name: &str, help: &str, buckets: Vec<f64>) -> Histogram {
    Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets))
        .expect("names and buckets are valid")
}

fn counter(name: &str, help: &str) -> IntCounter {
    IntCounter::new(name, help).expect("names are valid")
}

fn gauge(name: &str, help: &str) -> IntGauge {
    IntGauge::new(name, help).expect("names are valid")
}

/// From 100 µs, which a fast disk needs, to 3 s, when something is wrong.
fn seconds() -> Vec<f64> {
    prometheus::exponential_buckets(0.0001, 2.0, 16).expect("growing buckets")
}

fn powers() -> Vec<f64> {
    prometheus::exponential_buckets(1.0, 4.0, 9).expect("growing buckets")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_collected_under_its_own_name() {
        let registry = Registry::new();
        let metrics = Metrics::register(&registry).unwrap();
        metrics.segments_in("raw", 2);
        assert_eq!(registry.gather().len(), 11);
        assert!(Metrics::register(&registry).is_err());
    }
}
