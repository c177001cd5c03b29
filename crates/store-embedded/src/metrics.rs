//! What the store tells about itself.

use std::sync::{Arc, Weak};

use plaudit_store::StoreError;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{
    HistogramOpts, HistogramTimer, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

use crate::lsm::Usage;
use crate::tree::Tree;

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

    pub(crate) fn register(&self, registry: &Registry, tree: &Arc<Tree>) -> Result<(), prometheus::Error> {
        registry.register(Box::new(self.seconds.clone()))?;
        registry.register(Box::new(self.rows.clone()))?;
        registry.register(Box::new(UsageMetrics::new(tree)?))
    }

    /// Starts the clock for one call; it stops when the timer goes.
    pub(crate) fn time(&self, operation: &str, table: &str) -> HistogramTimer {
        self.seconds.with_label_values(&[operation, table]).start_timer()
    }

    pub(crate) fn count(&self, operation: &str, table: &str, rows: usize) {
        self.rows.with_label_values(&[operation, table]).inc_by(rows as u64);
    }
}

/// Looks at the store when it is asked.
struct UsageMetrics {
    tree: Weak<Tree>,
    disk: IntGaugeVec,
    memory: IntGaugeVec,
    free: IntGauge,
    flushes_waiting: IntGauge,
}

impl UsageMetrics {
    fn new(tree: &Arc<Tree>) -> Result<Self, prometheus::Error> {
        let disk =
            Opts::new("plaudit_store_disk_bytes", "Bytes of the table store on disk, by what they are for");
        let memory = Opts::new(
            "plaudit_store_memory_bytes",
            "Bytes of the table store in memory, by what they are for",
        );
        let waiting = "Memtables that wait to be written; writes stall at 4 of one table";
        Ok(Self {
            tree: Arc::downgrade(tree),
            disk: IntGaugeVec::new(disk, &["of"])?,
            memory: IntGaugeVec::new(memory, &["of"])?,
            free: IntGauge::new(
                "plaudit_store_disk_free_bytes",
                "Free bytes on the disk of the table store",
            )?,
            flushes_waiting: IntGauge::new("plaudit_store_flushes_waiting_count", waiting)?,
        })
    }

    fn set(&self, usage: &Usage) {
        let set =
            |gauges: &IntGaugeVec, of: &str, bytes: u64| gauges.with_label_values(&[of]).set(bytes as i64);
        set(&self.disk, "journal", usage.journal_disk_bytes);
        set(&self.disk, "sorted", usage.lsm_disk_bytes);
        set(&self.disk, "runs", usage.runs_disk_bytes);
        set(&self.memory, "memtables", usage.memtable_bytes);
        set(&self.memory, "cache", usage.cache_bytes);
        set(&self.memory, "recent", usage.recent_bytes);
        self.flushes_waiting.set(usage.flushes_waiting as i64);
    }

    fn all(&self) -> [&dyn Collector; 4] {
        [&self.disk, &self.memory, &self.free, &self.flushes_waiting]
    }
}

impl Collector for UsageMetrics {
    fn desc(&self) -> Vec<&Desc> {
        self.all().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        if let Some(tree) = self.tree.upgrade() {
            if let Ok(lsm) = tree.get() {
                self.set(&lsm.usage());
            }
            self.free.set(tree.free_bytes().unwrap_or_default() as i64);
        }
        self.all().into_iter().flat_map(Collector::collect).collect()
    }
}

/// The contract's error for a metric that cannot be made.
pub(crate) fn metric(error: prometheus::Error) -> StoreError {
    StoreError::Backend(Box::new(error))
}
