//! The loop of one read model on one partition.
//!
//! Projections that keep pace with the log are *live*: they share one reading of it, and each batch is one write for all of them. Builds,
//! and whatever has fallen behind, run *apart* with a reading of their own, never past the live ones; where they meet they join them. Live
//! goes first in every round, and everything else (commands, a swap, a stop) happens between batches.

mod rounds;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plaudit_event::TenantId;
use plaudit_log::{Log, Partition, Position};
use plaudit_read_models::{Context, Generations, Progress};
use plaudit_store::Store;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::catalog::Catalog;
use crate::dead_letters::{Redo, Redone};
use crate::feed::Feed;
use crate::lag::Lag;
use crate::metrics::RunnerMetrics;
use crate::model::Model;
use crate::projection::{Filter, Projection};
use crate::retry::Retry;
use crate::status::Board;
use crate::{Clock, Entry, ProjectorError, ProjectorMetrics, State};

/// How long a runner sleeps when nothing happens.
const NAP: Duration = Duration::from_secs(1);

/// What all runners use.
pub(crate) struct Shared {
    pub log: Arc<dyn Log>,
    pub store: Arc<dyn Store>,
    pub generations: Generations,
    pub progress: Progress,
    pub clock: Clock,
    pub time_zone: jiff::tz::TimeZone,
    pub metrics: ProjectorMetrics,
    pub catalog: Catalog,
    pub board: Board,
}

/// What a runner can be told.
pub(crate) enum Command {
    /// Do something about the parked learner with that key.
    Redo { key: Vec<u8>, redo: Redo, reply: oneshot::Sender<Result<Redone, ProjectorError>> },
    /// Change no row until `release` is dropped.
    Hold { held: oneshot::Sender<()>, release: oneshot::Receiver<()> },
}

/// Drives the projections of one read model along one partition.
pub(crate) struct Runner {
    shared: Arc<Shared>,
    model: Model,
    partition: Partition,
    live: Vec<Projection>,
    /// Up to where the live ones have absorbed everything.
    position: Position,
    feed: Feed,
    apart: Vec<Apart>,
    /// Until then live batches are likely.
    busy_until: Instant,
    /// Applies to the one that serves all tenants.
    filter: Filter,
    wanted: BTreeSet<TenantId>,
    lag: Lag,
    metrics: RunnerMetrics,
    retry: Retry,
    commands: mpsc::UnboundedReceiver<Command>,
    changes: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
    wake: Arc<Notify>,
}

/// A projection that is behind the live ones.
struct Apart {
    projection: Projection,
    feed: Feed,
    retry: Retry,
    not_before: Instant,
}

impl Runner {
    /// Takes up the projections of `model` where their rows are.
    pub async fn open(
        shared: Arc<Shared>,
        model: Model,
        partition: Partition,
        lag: Lag,
        commands: mpsc::UnboundedReceiver<Command>,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, ProjectorError> {
        let mut changes = shared.catalog.changes();
        changes.mark_changed();
        let serving = shared.catalog.active(model.name).into_iter().find(Entry::serves_all);
        let serving = serving.expect("the catalog gives every read model one that serves all tenants");
        let projection = open_projection(&shared, &model, partition, serving).await?;
        let position = projection.next();
        let wake = Arc::new(Notify::new());
        let feed = start_feed(&shared, partition, position, &wake)?;
        let metrics = shared.metrics.of_runner(model.name, partition);
        Ok(Self {
            shared,
            model,
            partition,
            live: vec![projection],
            position,
            feed,
            apart: Vec::new(),
            busy_until: Instant::now(),
            filter: Filter::default(),
            wanted: BTreeSet::new(),
            lag,
            metrics,
            retry: Retry::new("projection"),
            commands,
            changes,
            stop,
            wake,
        })
    }

    /// Runs until it is told to stop.
    pub async fn run(mut self) {
        self.report();
        while !*self.stop.borrow() {
            if self.changes.has_changed().unwrap_or(false) {
                self.changes.mark_unchanged();
                self.until_it_works(async |runner| runner.reconcile().await).await;
            }
            while let Ok(command) = self.commands.try_recv() {
                self.obey(command).await;
            }
            let worked = self.round().await;
            if !worked {
                self.wait().await;
            }
        }
    }

    /// Waits until there may be something to do.
    async fn wait(&mut self) {
        let needed = self.feed.present().map(plaudit_log::Records::next);
        let ahead = async {
            match needed {
                Some(next) => wait_for(&self.shared.progress, self.model.after, self.partition, next).await,
                None => std::future::pending().await,
            }
        };
        let command = tokio::select! {
            () = ahead => None,
            () = self.wake.notified() => None,
            command = self.commands.recv() => command,
            _ = self.changes.changed() => { self.changes.mark_changed(); None }
            _ = self.stop.changed() => None,
            () = tokio::time::sleep(NAP) => None,
        };
        if let Some(command) = command {
            self.obey(command).await;
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Hold { held, release } => {
                let _ = held.send(());
                tokio::select! {
                    _ = release => {}
                    _ = self.stop.changed() => {}
                }
            }
            Command::Redo { key, redo, reply } => {
                let _ = reply.send(self.redo(&key, redo).await);
            }
        }
    }

    async fn redo(&mut self, key: &[u8], redo: Redo) -> Result<Redone, ProjectorError> {
        let mut done = Redone::default();
        let apart = self.apart.iter_mut().map(|apart| &mut apart.projection);
        for projection in self.live.iter_mut().chain(apart) {
            if projection.parked.contains(key) {
                done += projection.redo(&*self.shared.log, key, redo).await?;
                self.shared.board.show(projection);
            }
        }
        Ok(done)
    }

    /// Makes the projections here those that the catalog has.
    async fn reconcile(&mut self) -> Result<(), ProjectorError> {
        let entries = self.shared.catalog.active(self.model.name);
        let find = |entry: &Entry| entries.iter().find(|other| other.same(entry)).cloned();
        self.live.retain_mut(|projection| renew(projection, find(&projection.entry), &self.shared.board));
        self.apart.retain_mut(|apart| {
            let entry = find(&apart.projection.entry);
            renew(&mut apart.projection, entry, &self.shared.board)
        });
        for entry in &entries {
            let here = |projection: &Projection| projection.entry.same(entry);
            if !self.live.iter().any(here) && !self.apart.iter().any(|apart| here(&apart.projection)) {
                self.take_up(entry.clone()).await?;
            }
        }
        let serving = entries.iter().filter(|entry| entry.state == State::Serving);
        self.filter.tenants = serving.filter_map(|entry| entry.tenant.clone()).collect();
        Ok(())
    }

    async fn take_up(&mut self, entry: Entry) -> Result<(), ProjectorError> {
        let projection = open_projection(&self.shared, &self.model, self.partition, entry).await?;
        self.shared.board.show(&projection);
        if projection.entry.state == State::Building {
            self.metrics.rebuilds.inc();
        }
        let feed = start_feed(&self.shared, self.partition, projection.next(), &self.wake)?;
        let retry = Retry::new("build");
        self.apart.push(Apart { projection, feed, retry, not_before: Instant::now() });
        Ok(())
    }

    /// Tries something until it works or the runner is to stop.
    async fn until_it_works(
        &mut self,
        mut what: impl AsyncFnMut(&mut Self) -> Result<(), ProjectorError>,
    ) -> bool {
        loop {
            let Err(error) = what(self).await else {
                self.retry.succeeded();
                return true;
            };
            self.metrics.failures.inc();
            self.retry.failed(&error);
            let pause = tokio::time::sleep(self.retry.pause());
            tokio::select! {
                () = pause => {}
                _ = self.stop.changed() => {}
            }
            if *self.stop.borrow() {
                return false;
            }
        }
    }
}

/// Takes over what the catalog says of a projection; false when it is no longer there.
fn renew(projection: &mut Projection, entry: Option<Entry>, board: &Board) -> bool {
    let Some(entry) = entry else {
        board.hide(&projection.entry, projection.partition);
        return false;
    };
    projection.entry = entry;
    true
}

async fn open_projection(
    shared: &Shared,
    model: &Model,
    partition: Partition,
    entry: Entry,
) -> Result<Projection, ProjectorError> {
    let context = Context {
        partition,
        generation: entry.number,
        tenant: entry.tenant.clone(),
        store: shared.store.clone(),
        generations: shared.generations.clone(),
        time_zone: shared.time_zone.clone(),
    };
    Projection::open(model, entry, context, shared.clock.clone()).await
}

fn start_feed(
    shared: &Shared,
    partition: Partition,
    from: Position,
    wake: &Arc<Notify>,
) -> Result<Feed, ProjectorError> {
    Feed::start(shared.log.clone(), partition, from, wake.clone(), shared.metrics.of_feed())
}

/// Waits until all of `models` have absorbed everything before `next`, or a while.
async fn wait_for(progress: &Progress, models: &[&'static str], partition: Partition, next: Position) {
    for model in models {
        progress.wait(model, partition, next, NAP).await;
    }
}
