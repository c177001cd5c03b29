//! The parts that all commands on a data directory share.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use plaudit_projector::{Make, Projector, ProjectorMetrics, ProjectorOptions, Report, Verify, replay};
use plaudit_read_models::{Generations, Progress};
use plaudit_xapi::Timestamp;
use prometheus::Registry;

use crate::backends::{Backends, without_bodies};
use crate::config::Settings;
use crate::error::ServerError;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Log, tables, and what keeps the tables in step with the log.
pub struct Parts {
    pub backends: Backends,
    pub registry: Registry,
    pub generations: Generations,
    pub progress: Progress,
    pub clock: Clock,
    time_zone: jiff::tz::TimeZone,
}

impl Parts {
    /// Opens the data directory.
    pub fn open(settings: &Settings) -> Result<Self, ServerError> {
        let registry = Registry::new();
        plaudit_telemetry::register_build(&registry, env!("CARGO_PKG_VERSION"))?;
        plaudit_telemetry::register_process(&registry)?;
        Ok(Self {
            backends: Backends::open(&settings.data_dir, &registry)?,
            registry,
            generations: Generations::default(),
            progress: Progress::default(),
            clock: Arc::new(now),
            time_zone: settings.time_zone.clone(),
        })
    }

    /// Starts to project.
    pub async fn projector(&self) -> Result<Projector, ServerError> {
        let options = ProjectorOptions {
            log: self.backends.log.clone(),
            store: self.backends.store.clone(),
            models: models(),
            generations: self.generations.clone(),
            progress: self.progress.clone(),
            clock: self.clock.clone(),
            time_zone: self.time_zone.clone(),
            metrics: ProjectorMetrics::register(&self.registry)?,
        };
        Ok(Projector::start(options).await?)
    }

    /// Replays the log beside the rows and compares; `running` is who projects meanwhile.
    pub async fn verify(&self, running: Option<&Projector>) -> Result<Report, ServerError> {
        let scratch = self.backends.scratch()?;
        let options = Verify {
            log: self.backends.log.clone(),
            store: self.backends.store.clone(),
            scratch: scratch.store.clone(),
            models: models(),
            clock: self.clock.clone(),
            time_zone: self.time_zone.clone(),
        };
        let replayed = replay(options, running).await?;
        Ok(without_bodies(replayed.compare()).await?)
    }
}

fn models() -> Vec<Make> {
    let make = |(_, factory): (&str, plaudit_read_models::Factory)| -> Make { Arc::new(factory) };
    plaudit_read_models::all().into_iter().map(make).collect()
}

/// The time of the system's clock.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
