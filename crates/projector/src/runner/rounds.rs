//! One round of a runner: a live batch, then a batch of each build.

use std::time::{Duration, Instant};

use plaudit_log::Position;
use plaudit_read_models::Reached;

use crate::decode::{Decoded, first_stored};
use crate::feed::READ_BYTES;
use crate::projection::{Filter, Projection, Staged, Trouble};
use crate::runner::Runner;
use crate::{ProjectorError, State};

/// After a live batch another is likely for so long, and builds take small steps.
const BUSY_FOR: Duration = Duration::from_secs(1);
/// Positions of such a step: some tens of milliseconds, which a live batch may have to wait.
const STEP_BESIDE_LIVE: u64 = 2048;

impl Runner {
    /// Does what there is to do; false when that was nothing.
    pub(super) async fn round(&mut self) -> bool {
        let lived = self.live_batch().await;
        let mut built = false;
        for index in (0..self.apart.len()).rev() {
            built |= self.apart_batch(index).await;
        }
        lived || built
    }

    /// Lets the live projections absorb the next records, if they are there and the read models that come first have them.
    async fn live_batch(&mut self) -> bool {
        self.ask_for_rebuilds().await;
        let Some(records) = self.feed.present().cloned() else {
            self.lag.at(None);
            self.begin_wanted().await;
            return false;
        };
        self.lag.at(first_stored(&records));
        let until = records.next();
        if !self.may_absorb(until) {
            return false;
        }
        let began = Instant::now();
        let range = self.position..until;
        let decoded = Decoded::new(self.partition, &records, range, self.model.reads_statements);
        if !self.until_it_works(async |runner| runner.absorb_live(&decoded, until).await).await {
            return false;
        }
        self.position = until;
        self.feed.done(until);
        self.busy_until = Instant::now() + BUSY_FOR;
        self.metrics.batch_seconds.observe(began.elapsed().as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "a batch has no 2^53 records")]
        self.metrics.batch_records.observe(records.len() as f64);
        self.metrics.events.inc_by(records.len() as u64);
        self.report();
        if records.bytes_len() < READ_BYTES / 2 {
            self.begin_wanted().await;
        }
        true
    }

    /// All live projections absorb a batch in one write; when a record cannot be applied, each by itself.
    async fn absorb_live(&mut self, decoded: &Decoded<'_>, until: Position) -> Result<(), ProjectorError> {
        match self.try_absorb_live(decoded, until).await {
            Ok(()) => Ok(()),
            Err(Trouble::Wait(error)) => {
                self.live.iter_mut().for_each(Projection::forget);
                Err(error)
            }
            Err(Trouble::Record(_)) => {
                self.live.iter_mut().for_each(Projection::remake);
                for projection in &mut self.live {
                    let filter = filter_of(projection, &self.filter);
                    projection.absorb(decoded, until, filter).await?;
                }
                Ok(())
            }
        }
    }

    async fn try_absorb_live(&mut self, decoded: &Decoded<'_>, until: Position) -> Result<(), Trouble> {
        let mut writes = Vec::new();
        let mut staged: Vec<Staged> = Vec::with_capacity(self.live.len());
        for projection in &mut self.live {
            let filter = filter_of(projection, &self.filter);
            let mut changes = projection.stage(decoded, until, filter).await?;
            writes.append(&mut changes.writes);
            staged.push(changes);
        }
        self.shared.store.write(writes).await?;
        for (projection, staged) in self.live.iter_mut().zip(staged) {
            projection.commit(staged);
        }
        Ok(())
    }

    /// Lets one projection that is behind absorb a batch, up to where the live ones are. There it joins them.
    async fn apart_batch(&mut self, index: usize) -> bool {
        if self.apart[index].not_before > Instant::now() {
            return false;
        }
        let worked = match self.try_apart_batch(index).await {
            Ok(worked) => worked,
            Err(error) => {
                let apart = &mut self.apart[index];
                self.metrics.failures.inc();
                apart.retry.failed(&error);
                apart.not_before = Instant::now() + apart.retry.pause();
                return false;
            }
        };
        self.apart[index].retry.succeeded();
        self.shared.board.show(&self.apart[index].projection);
        if self.apart[index].projection.next() >= self.position {
            self.join(index).await;
        }
        worked
    }

    async fn try_apart_batch(&mut self, index: usize) -> Result<bool, ProjectorError> {
        let apart = &mut self.apart[index];
        let Some(records) = apart.feed.present().cloned() else { return Ok(false) };
        let from = apart.projection.next();
        let mut until = records.next().min(self.position);
        if self.busy_until > Instant::now() {
            until = until.min(Position(from.0 + STEP_BESIDE_LIVE));
        }
        if until <= from {
            return Ok(false);
        }
        let decoded = Decoded::new(self.partition, &records, from..until, self.model.reads_statements);
        let filter = filter_of(&apart.projection, &self.filter);
        apart.projection.absorb(&decoded, until, filter).await?;
        apart.feed.done(until);
        self.metrics.events.inc_by(decoded.range(from, until).len() as u64);
        Ok(true)
    }

    /// A projection that has come as far as the live ones goes on with them.
    async fn join(&mut self, index: usize) {
        let entry = self.apart[index].projection.entry.clone();
        if entry.state == State::Building
            && let Err(error) = self.shared.catalog.ready(&entry, self.partition).await
        {
            let apart = &mut self.apart[index];
            apart.retry.failed(&error);
            apart.not_before = Instant::now() + apart.retry.pause();
            return;
        }
        let apart = self.apart.swap_remove(index);
        self.live.push(apart.projection);
    }

    /// Asks the read model which tenants want a rebuild: at the start, and after each batch.
    async fn ask_for_rebuilds(&mut self) {
        for projection in self.live.iter_mut().filter(|projection| projection.entry.state == State::Serving) {
            if projection.asked {
                continue;
            }
            match projection.wants_rebuild().await {
                Ok(tenants) => {
                    projection.asked = true;
                    self.wanted.extend(tenants);
                    self.retry.succeeded();
                }
                Err(error) => self.retry.failed(&error),
            }
        }
    }

    /// Begins the rebuilds that are wanted; called when the live projections have caught up.
    async fn begin_wanted(&mut self) {
        while let Some(tenant) = self.wanted.pop_first() {
            if let Err(error) = self.shared.catalog.begin(&self.model, Some(tenant.clone())).await {
                self.retry.failed(&error);
                self.wanted.insert(tenant);
                return;
            }
        }
    }

    /// Whether every read model that comes first has absorbed the records before `until`.
    fn may_absorb(&self, until: Position) -> bool {
        let there = |model: &&'static str| self.shared.progress.reached(model, self.partition).next >= until;
        self.model.after.iter().all(there)
    }

    /// Lets everybody know how far the rows are.
    pub(super) fn report(&mut self) {
        let mut reached: Option<Reached> = None;
        for projection in &mut self.live {
            projection.asked = false;
            self.shared.board.show(projection);
            if projection.entry.state == State::Serving {
                let place = projection.place.reached;
                reached = Some(reached.map_or(place, |reached| reached.min(place)));
            }
        }
        // A serving projection that has fallen behind the others holds all of them back.
        let behind = self.apart.iter().filter(|apart| apart.projection.entry.state == State::Serving);
        let reached = behind.map(|apart| apart.projection.place.reached).chain(reached).min();
        if let Some(reached) = reached {
            self.shared.progress.advance(self.model.name, self.partition, reached);
        }
    }
}

/// The one that serves all tenants leaves out those that another serves.
fn filter_of<'a>(projection: &Projection, filter: &'a Filter) -> &'a Filter {
    static NOTHING: std::sync::LazyLock<Filter> = std::sync::LazyLock::new(Filter::default);
    if projection.entry.serves_all() { filter } else { &NOTHING }
}
