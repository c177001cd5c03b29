//! What the store tells about itself.

use plaudit_store::StoreError;
use prometheus::{HistogramOpts, HistogramTimer, HistogramVec, IntCounterVec, Opts, Registry};

/// From 10 µs, a row that is in memory, to 10 s, far past what a caller waits.
const SECONDS_BUCKETS: [f64; 13] = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0];

pub(crate) struct Metrics {
    seconds: HistogramVec,
    rows: IntCounterVec,
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let seconds = HistogramOpts::new(
            "plaudit_store_operation_seconds",
            "How long calls to the table store took, by operation and table; writes go to several tables at once",
        );
        let rows = Opts::new("plaudit_store_rows_total", "Rows that calls to the table store read or wrote");
        Ok(Self {
            seconds: HistogramVec::new(seconds.buckets(SECONDS_BUCKETS.to_vec()), &["operation", "table"])?,
            rows: IntCounterVec::new(rows, &["operation", "table"])?,
        })
    }

    pub(crate) fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        registry.register(Box::new(self.seconds.clone()))?;
        registry.register(Box::new(self.rows.clone()))
    }

    /// Starts the clock for one call; it stops when the timer goes.
    pub(crate) fn time(&self, operation: &str, table: &str) -> HistogramTimer {
        self.seconds.with_label_values(&[operation, table]).start_timer()
    }

    pub(crate) fn count(&self, operation: &str, table: &str, rows: usize) {
        self.rows.with_label_values(&[operation, table]).inc_by(rows as u64);
    }
}

/// The contract's error for a metric that cannot be made.
pub(crate) fn metric(error: prometheus::Error) -> StoreError {
    StoreError::Backend(Box::new(error))
}
