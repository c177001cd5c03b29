//! Starts and stops the runners, and passes on what they are told.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use plaudit_log::{Log, Partition, Position};
use plaudit_read_models::{Context, Generations, Progress};
use plaudit_store::{Generation, Store};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{info, warn};

use crate::catalog::Catalog;
use crate::dead_letters::{self, DeadLetter, Redo, Redone};
use crate::lag::Lag;
use crate::model::Model;
use crate::runner::{Command, Runner, Shared};
use crate::status::Board;
use crate::{Clock, Entry, Make, Models, ProjectionStatus, ProjectorError, ProjectorMetrics, State};

/// How often somebody who waits for runners looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What a projector needs.
pub struct ProjectorOptions {
    /// Where events come from.
    pub log: Arc<dyn Log>,
    /// Where rows go.
    pub store: Arc<dyn Store>,
    /// The read models, each after those it waits for.
    pub models: Vec<Make>,
    /// Told which generations serve.
    pub generations: Generations,
    /// Told how far the serving rows have come.
    pub progress: Progress,
    /// Tells the time, for reports only: rows do not depend on it.
    pub clock: Clock,
    /// Where days and months begin.
    pub time_zone: jiff::tz::TimeZone,
    /// Its metrics.
    pub metrics: ProjectorMetrics,
}

/// Drives all read models along all partitions.
pub struct Projector {
    shared: Arc<Shared>,
    models: Models,
    runners: Vec<Handle>,
    heads_at_start: Vec<Position>,
    stop: watch::Sender<bool>,
}

struct Handle {
    model: &'static str,
    partition: Partition,
    lag: Lag,
    commands: mpsc::UnboundedSender<Command>,
    /// `None` once it was stopped.
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// While it lives, no row of any read model changes.
pub(crate) struct Held {
    _release: Vec<oneshot::Sender<()>>,
}

impl Projector {
    /// Takes up all projections where their rows are, and starts their runners.
    ///
    /// # Errors
    /// When log or store do not answer.
    pub async fn start(options: ProjectorOptions) -> Result<Self, ProjectorError> {
        let ProjectorOptions { log, store, models, generations, progress, clock, time_zone, metrics } =
            options;
        let models = Models::new(models, &context(&store, &generations, &time_zone));
        models.create_tables(&*store).await?;
        let heads = heads(&*log).await?;
        let catalog =
            Catalog::open(store.clone(), generations.clone(), clock.clone(), &models, &heads).await?;
        let board = Board::default();
        let shared = Shared { log, store, generations, progress, clock, time_zone, metrics, catalog, board };
        let (stop, _) = watch::channel(false);
        let shared = Arc::new(shared);
        let mut projector = Self { shared, models, runners: Vec::new(), heads_at_start: heads, stop };
        for model in projector.models.clone().iter() {
            for partition in 0..projector.shared.log.partitions() {
                let runner = projector.start_runner(model, partition).await?;
                projector.runners.push(runner);
            }
        }
        Ok(projector)
    }

    /// The read models.
    #[must_use]
    pub fn models(&self) -> &Models {
        &self.models
    }

    /// Begins to build a read model anew from the start of the log, or all of them. What serves goes on until the build has caught up.
    ///
    /// # Errors
    /// When there is no such read model, or the store does not answer.
    pub async fn rebuild(&self, name: Option<&str>) -> Result<Vec<Entry>, ProjectorError> {
        let mut begun = Vec::new();
        for model in self.models.named(name)? {
            begun.push(self.shared.catalog.begin(model, None).await?);
        }
        Ok(begun)
    }

    /// Waits until each of the builds serves, is given up, or `patience` runs out; says whether none is left building.
    pub async fn wait_built(&self, builds: &[Entry], patience: Duration) -> bool {
        let wanted =
            |entry: &Entry| entry.state == State::Building && builds.iter().any(|build| build.same(entry));
        self.wait(patience, || !self.shared.catalog.all().iter().any(wanted)).await
    }

    /// Gives back the rows of builds that another replaces.
    ///
    /// # Errors
    /// When there is no such read model, or the store does not answer.
    pub async fn drop_old(&self, name: Option<&str>) -> Result<Vec<Entry>, ProjectorError> {
        let models = self.models.named(name)?;
        self.shared.catalog.drop_retired(&models, &self.shared.board.running()).await
    }

    /// What is parked.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, ProjectorError> {
        let mut letters = Vec::new();
        for model in self.models.iter() {
            for entry in self.shared.catalog.active(model.name) {
                letters.extend(dead_letters::list(&*self.shared.store, &entry).await?);
            }
        }
        Ok(letters)
    }

    /// Applies what is parked of a learner, in one read model or in all.
    ///
    /// # Errors
    /// When nothing is parked, or the store does not answer.
    pub async fn redo(
        &self,
        model: Option<&str>,
        tenant: &str,
        learner: &str,
        redo: Redo,
    ) -> Result<Redone, ProjectorError> {
        self.models.named(model)?;
        let key = [tenant.as_bytes(), b"\0", learner.as_bytes()].concat();
        let mut done = Redone::default();
        for runner in self.runners.iter().filter(|runner| model.is_none_or(|name| name == runner.model)) {
            let (reply, answer) = oneshot::channel();
            let _ = runner.commands.send(Command::Redo { key: key.clone(), redo, reply });
            done += answer.await.map_err(|_| ProjectorError::Stopped)??;
        }
        if done == Redone::default() {
            let (tenant, learner) = (tenant.to_owned(), learner.to_owned());
            return Err(ProjectorError::NotParked { tenant, learner });
        }
        Ok(done)
    }

    /// What all projections are doing, those included whose rows wait to be dropped.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn status(&self) -> Result<Vec<ProjectionStatus>, ProjectorError> {
        let heads = heads(&*self.shared.log).await?;
        let mut entries = self.shared.catalog.all();
        entries.sort_by_key(|entry| (entry.model, entry.number));
        let of = |entry: &Entry| {
            let status = |(partition, head)| self.shared.board.status(entry, partition, head);
            (0..).zip(heads.iter().copied()).map(status).collect::<Vec<_>>()
        };
        Ok(entries.iter().flat_map(of).collect())
    }

    /// Brings the gauges up to date; to be called before metrics are read.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn refresh_metrics(&self) -> Result<(), ProjectorError> {
        let (metrics, now) = (&self.shared.metrics, (self.shared.clock)());
        let status = self.status().await?;
        for runner in &self.runners {
            let partition = runner.partition.to_string();
            let labels = &[runner.model, partition.as_str()];
            let mine = |status: &&ProjectionStatus| {
                status.model == runner.model && status.partition == runner.partition
            };
            let next = self.shared.progress.reached(runner.model, runner.partition).next.0;
            let head = status.iter().find(mine).map(|status| status.head).unwrap_or_default();
            let builds = || status.iter().filter(mine).filter_map(|status| status.build);
            let parked: usize = status
                .iter()
                .filter(mine)
                .filter(|status| status.state == "serving")
                .map(|s| s.parked_learners)
                .sum();
            metrics.position.with_label_values(labels).set(next.cast_signed());
            metrics.lag_positions.with_label_values(labels).set(head.saturating_sub(next).cast_signed());
            metrics.lag_seconds.with_label_values(labels).set(runner.lag.seconds(now));
            metrics.parked_learners.with_label_values(labels).set(parked as i64);
            let ratio = builds().map(|build| build.ratio).fold(1.0, f64::min);
            metrics.rebuild_ratio.with_label_values(labels).set(ratio);
            let remaining = builds().map(|build| build.remaining_seconds).fold(0.0, f64::max);
            metrics.rebuild_remaining_seconds.with_label_values(labels).set(remaining);
        }
        Ok(())
    }

    /// Waits until the serving rows have absorbed what the log has now, at most for `patience`; says whether they have.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn wait_caught_up(&self, patience: Duration) -> Result<bool, ProjectorError> {
        let heads = heads(&*self.shared.log).await?;
        let there = |runner: &Handle| {
            let reached = self.shared.progress.reached(runner.model, runner.partition);
            heads.get(runner.partition as usize).is_none_or(|head| reached.next >= *head)
        };
        Ok(self.wait(patience, || self.runners.iter().all(there)).await)
    }

    /// Whether all runners run.
    ///
    /// # Errors
    /// A sentence that names one that does not.
    pub fn check(&self) -> Result<(), String> {
        let ended = |runner: &&Handle| runner.thread.lock().as_ref().is_none_or(JoinHandle::is_finished);
        match self.runners.iter().find(ended) {
            None => Ok(()),
            Some(runner) => Err(format!("the runner of `{}/{}` has ended", runner.model, runner.partition)),
        }
    }

    /// Whether the serving rows have absorbed what the log had at start: before that, answers may lack what clients have seen already.
    ///
    /// # Errors
    /// A sentence that names a read model that has not.
    pub fn check_caught_up(&self) -> Result<(), String> {
        for runner in &self.runners {
            let next = self.shared.progress.reached(runner.model, runner.partition).next;
            let head = self.heads_at_start[runner.partition as usize];
            if next < head {
                return Err(format!("`{}` has absorbed {} of {} records", runner.model, next.0, head.0));
            }
        }
        Ok(())
    }

    /// Lets every runner finish its batch, then makes the rows durable.
    ///
    /// # Errors
    /// When the store does not make them so; nothing but repeated work is lost then.
    pub async fn stop(&self) -> Result<(), ProjectorError> {
        self.stop.send_replace(true);
        for runner in &self.runners {
            let (model, partition) = (runner.model, runner.partition);
            let Some(thread) = runner.thread.lock().take() else { continue };
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                warn!(model, partition, "runner ended by a panic");
            }
        }
        self.shared.store.persist().await?;
        info!("projections stopped");
        Ok(())
    }

    /// Lets every runner pause between batches.
    pub(crate) async fn hold(&self) -> Result<Held, ProjectorError> {
        let mut release = Vec::new();
        for runner in &self.runners {
            let ((held, is_held), (sender, receiver)) = (oneshot::channel(), oneshot::channel());
            let _ = runner.commands.send(Command::Hold { held, release: receiver });
            is_held.await.map_err(|_| ProjectorError::Stopped)?;
            release.push(sender);
        }
        Ok(Held { _release: release })
    }

    async fn start_runner(&self, model: &Model, partition: Partition) -> Result<Handle, ProjectorError> {
        let (commands, receiver) = mpsc::unbounded_channel();
        let lag = Lag::default();
        let (shared, stop) = (self.shared.clone(), self.stop.subscribe());
        let runner = Runner::open(shared, model.clone(), partition, lag.clone(), receiver, stop).await?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(ProjectorError::Thread)?;
        let thread = std::thread::Builder::new()
            .name(format!("{}-{partition}", model.name))
            .spawn(move || runtime.block_on(runner.run()))
            .map_err(ProjectorError::Thread)?;
        let thread = Mutex::new(Some(thread));
        Ok(Handle { model: model.name, partition, lag, commands, thread })
    }

    async fn wait(&self, patience: Duration, done: impl Fn() -> bool) -> bool {
        let waiting = async {
            while !done() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(patience, waiting).await.is_ok()
    }
}

/// The head of each partition.
pub(crate) async fn heads(log: &dyn Log) -> Result<Vec<Position>, ProjectorError> {
    let mut heads = Vec::new();
    for partition in 0..log.partitions() {
        heads.push(log.head(partition).await?);
    }
    Ok(heads)
}

/// A context for asking a read model about itself.
pub(crate) fn context(
    store: &Arc<dyn Store>,
    generations: &Generations,
    time_zone: &jiff::tz::TimeZone,
) -> Context {
    Context {
        partition: 0,
        generation: Generation::default(),
        tenant: None,
        store: store.clone(),
        generations: generations.clone(),
        time_zone: time_zone.clone(),
    }
}
