//! Holds the rows against the log: replays it into a scratch store, up to where the rows are, and compares.
//!
//! A projector that runs meanwhile goes on during most of the replay, and pauses for the last stretch and the comparison.

mod compare;

use std::sync::Arc;

use plaudit_log::{Log, Partition};
use plaudit_read_models::{Context, Generations};
use plaudit_store::{Store, Write};
use serde::Serialize;
use tracing::info;

use crate::catalog::load;
use crate::dead_letters::letters;
use crate::decode::Decoded;
use crate::feed::READ_BYTES;
use crate::model::Model;
use crate::projection::{self, Filter, Projection};
use crate::projector::{Held, context};
use crate::{Clock, Entry, Make, Models, Projector, ProjectorError, State};

/// More differences than anybody reads.
const DIFFERENCES_MAX: usize = 100;
/// Rows that are copied at once; they hold documents.
const FIXED_PAGE_ROWS: usize = 256;

/// What a verification needs.
pub struct Verify {
    /// The log.
    pub log: Arc<dyn Log>,
    /// The rows.
    pub store: Arc<dyn Store>,
    /// An empty store for the replay.
    pub scratch: Arc<dyn Store>,
    /// The read models, each after those it waits for.
    pub models: Vec<Make>,
    /// Tells the time.
    pub clock: Clock,
    /// Where days and months begin.
    pub time_zone: jiff::tz::TimeZone,
}

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Projections that were replayed.
    pub projections: u64,
    /// Records that were replayed, added up over the projections.
    pub records: u64,
    /// Rows that were compared.
    pub rows: u64,
    /// How many rows differ.
    pub different: u64,
    /// The first of them.
    pub differences: Vec<Difference>,
}

/// A row that is not what the log says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Name of the read model.
    pub model: &'static str,
    /// Generation of the rows.
    pub generation: u32,
    /// Name of the table.
    pub table: &'static str,
    /// The row's key.
    pub key: String,
    /// The row as it is; nothing: it is missing.
    pub running: Option<String>,
    /// The row as it should be; nothing: it should not be there.
    pub expected: Option<String>,
}

/// Replays everything that serves, up to where its rows are. When a projector runs on them, they stay as they are until the answer is dropped.
///
/// # Errors
/// When log or store do not answer, or a read model cannot be replayed.
pub async fn replay(options: Verify, running: Option<&Projector>) -> Result<Replayed, ProjectorError> {
    let (check, mut replays) = open(options).await?;
    check.advance(&mut replays).await?;
    let held = match running {
        Some(projector) => Some(projector.hold().await?),
        None => None,
    };
    check.advance(&mut replays).await?;
    Ok(Replayed { check, replays, _held: held })
}

/// Rows as they are and as they should be, ready to be compared.
pub struct Replayed {
    check: Check,
    replays: Vec<Replay>,
    _held: Option<Held>,
}

impl Replayed {
    /// Compares them. Only the places of records count if a store leaves the bodies out.
    ///
    /// # Errors
    /// When a store does not answer.
    pub async fn compare(&self) -> Result<Report, ProjectorError> {
        self.check.report(&self.replays).await
    }
}

async fn open(options: Verify) -> Result<(Check, Vec<Replay>), ProjectorError> {
    let Verify { log, store, scratch, models, clock, time_zone } = options;
    let generations = Generations::default();
    let models = Models::new(models, &context(&scratch, &generations, &time_zone));
    models.create_tables(&*scratch).await?;
    models.create_tables(&*store).await?;
    let mut replays = Vec::new();
    for entry in serving(&*store, &models).await? {
        generations.serve(entry.model, entry.tenant.as_ref(), entry.number);
        let model = models.named(Some(entry.model))?[0].clone();
        copy_fixed(&*store, &*scratch, &model, &entry).await?;
        for partition in 0..log.partitions() {
            let context = Context {
                partition,
                generation: entry.number,
                tenant: entry.tenant.clone(),
                store: scratch.clone(),
                generations: generations.clone(),
                time_zone: time_zone.clone(),
            };
            let projection = Projection::open(&model, entry.clone(), context, clock.clone()).await?;
            let model = model.clone();
            replays.push(Replay { model, projection, filter: Filter::default() });
        }
    }
    Ok((Check { log, store, scratch }, replays))
}

/// A serving projection and the one that replays it.
struct Replay {
    model: Model,
    projection: Projection,
    filter: Filter,
}

struct Check {
    log: Arc<dyn Log>,
    store: Arc<dyn Store>,
    scratch: Arc<dyn Store>,
}

impl Check {
    /// Replays up to where the rows are now. In the order of the read models: who looks up the rows of another needs them there.
    async fn advance(&self, replays: &mut [Replay]) -> Result<(), ProjectorError> {
        let entries: Vec<Entry> = replays.iter().map(|replay| replay.projection.entry.clone()).collect();
        for replay in replays {
            let (entry, partition) = (&replay.projection.entry, replay.projection.partition);
            let until = projection::place(&*self.store, entry, partition).await?.reached.next;
            replay.filter = self.filter(entry, partition, &entries).await?;
            info!(model = entry.model, generation = entry.number.0, log.position = until.0, "replaying");
            while replay.projection.next() < until {
                let from = replay.projection.next();
                let records = self.log.read(partition, from, READ_BYTES).await?;
                let target = records.next().min(until);
                let parse = replay.projection.reads_statements();
                let decoded = Decoded::new(partition, &records, from..target, parse);
                replay.projection.absorb(&decoded, target, &replay.filter).await?;
            }
        }
        Ok(())
    }

    /// What the running projection has left out: tenants that have their own, and parked records.
    async fn filter(
        &self,
        entry: &Entry,
        partition: Partition,
        entries: &[Entry],
    ) -> Result<Filter, ProjectorError> {
        let parked = letters(&*self.store, entry).await?;
        let left_out = parked.into_iter().filter(|letter| letter.partition == partition);
        let left_out = left_out.map(|letter| letter.position).collect();
        let others = entries.iter().filter(|other| entry.tenant.is_none() && other.model == entry.model);
        let tenants = others.filter_map(|other| other.tenant.clone()).collect();
        Ok(Filter { tenants, left_out })
    }

    async fn report(&self, replays: &[Replay]) -> Result<Report, ProjectorError> {
        let mut report = Report::default();
        for replay in replays {
            report.records += replay.projection.place.events;
        }
        for replay in replays.iter().filter(|replay| replay.projection.partition == 0) {
            report.projections += 1;
            for table in replay.model.tables {
                let entry = &replay.projection.entry;
                let pair = compare::Pair { running: &*self.store, expected: &*self.scratch, table, entry };
                pair.compare(&replay.filter.tenants, &mut report).await?;
            }
        }
        Ok(report)
    }
}

impl Report {
    fn add(&mut self, difference: Difference) {
        self.different += 1;
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(difference);
        }
    }
}

/// The replay begins with what says by what the generation is made.
async fn copy_fixed(
    store: &dyn Store,
    scratch: &dyn Store,
    model: &Model,
    entry: &Entry,
) -> Result<(), ProjectorError> {
    let generation = entry.number;
    for table in model.fixed_tables {
        let mut after = None;
        loop {
            let page = store.scan(table, generation, after.as_ref(), FIXED_PAGE_ROWS).await?;
            let put = |row| Write::Put { table, generation, row };
            scratch.write(page.rows.into_iter().map(put).collect()).await?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(())
}

async fn serving(store: &dyn Store, models: &Models) -> Result<Vec<Entry>, ProjectorError> {
    let mut serving = Vec::new();
    for model in models.iter() {
        let mut entries = load(store, model.name).await?;
        entries.retain(|entry| entry.state == State::Serving && entry.layout == model.layout());
        // Who serves all tenants comes first, because it ends what tenants had of their own.
        entries.sort_by_key(|entry| entry.tenant.is_some());
        serving.extend(entries);
    }
    Ok(serving)
}
