//! Metrics of the process itself, under the names that every Prometheus client uses, and of the build.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge, IntGauge, Opts, Registry};
use rustix::time::{ClockId, clock_gettime};

/// Registers memory, processor time, open files and threads of this process, measured whenever metrics are read.
///
/// # Errors
/// When a name is taken.
pub fn register_process(registry: &Registry) -> Result<(), prometheus::Error> {
    let process = Process::new()?;
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    process.started.set(started.as_secs_f64());
    registry.register(Box::new(process))
}

/// Registers which build this is.
///
/// # Errors
/// When the name is taken.
pub fn register_build(registry: &Registry, version: &str) -> Result<(), prometheus::Error> {
    let labels = HashMap::from([("version".to_owned(), version.to_owned())]);
    let opts = Opts::new("plaudit_build_info", "Which build this is; always 1.").const_labels(labels);
    let build = IntGauge::with_opts(opts)?;
    build.set(1);
    registry.register(Box::new(build))
}

struct Process {
    memory: IntGauge,
    processor: Counter,
    files: IntGauge,
    files_max: IntGauge,
    threads: IntGauge,
    started: Gauge,
}

impl Process {
    fn new() -> Result<Self, prometheus::Error> {
        Ok(Self {
            memory: IntGauge::new("process_resident_memory_bytes", "Memory of the process that is in RAM.")?,
            processor: Counter::new(
                "process_cpu_seconds_total",
                "Processor time that the process has used, in user and system mode.",
            )?,
            files: IntGauge::new("process_open_fds", "Open file descriptors.")?,
            files_max: IntGauge::new("process_max_fds", "Most file descriptors that may be open.")?,
            threads: IntGauge::new("process_threads", "Threads of the process.")?,
            started: Gauge::new("process_start_time_seconds", "When the process was started, since 1970.")?,
        })
    }

    fn parts(&self) -> [&dyn Collector; 6] {
        [&self.memory, &self.processor, &self.files, &self.files_max, &self.threads, &self.started]
    }

    /// Takes the measures anew; where the system does not tell, the last ones stay.
    fn measure(&self) {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        if let Some(kib) = first_number(&status, "VmRSS:") {
            self.memory.set(kib * 1024);
        }
        if let Some(threads) = first_number(&status, "Threads:") {
            self.threads.set(threads);
        }
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
        if let Some(files) = first_number(&limits, "Max open files") {
            self.files_max.set(files);
        }
        if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
            // The directory that is being read is one of them.
            self.files.set(i64::try_from(files.count()).unwrap_or(i64::MAX).saturating_sub(1));
        }
        let used = clock_gettime(ClockId::ProcessCPUTime);
        #[expect(clippy::cast_precision_loss, reason = "seconds of processor time stay far below 2^53")]
        let seconds = used.tv_sec as f64 + used.tv_nsec as f64 / 1e9;
        self.processor.inc_by((seconds - self.processor.get()).max(0.0));
    }
}

impl Collector for Process {
    fn desc(&self) -> Vec<&Desc> {
        self.parts().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.measure();
        self.parts().into_iter().flat_map(Collector::collect).collect()
    }
}

/// The first number on the line that begins with `name`.
fn first_number(text: &str, name: &str) -> Option<i64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().find_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_measures_itself() {
        let registry = Registry::new();
        register_process(&registry).unwrap();
        register_build(&registry, "1.2.3").unwrap();
        let described = crate::describe(&registry);
        let names: Vec<&str> = described.iter().map(|metric| metric.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "plaudit_build_info",
                "process_cpu_seconds_total",
                "process_max_fds",
                "process_open_fds",
                "process_resident_memory_bytes",
                "process_start_time_seconds",
                "process_threads",
            ]
        );
        for family in registry.gather() {
            let metric = &family.get_metric()[0];
            let value = metric.get_gauge().get_value() + metric.get_counter().get_value();
            assert!(value > 0.0, "{} is {value}", family.name());
        }
        assert!(described.iter().all(|metric| !metric.help.is_empty()));
    }

    #[test]
    fn a_line_is_found_by_its_beginning() {
        let text = "VmPeak:\t  100 kB\nVmRSS:\t   64 kB\n";
        assert_eq!(first_number(text, "VmRSS:"), Some(64));
        assert_eq!(first_number(text, "Threads:"), None);
    }
}
