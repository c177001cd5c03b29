//! Which projections there are.
//!
//! A rebuild is blue/green: [`Catalog::begin`] adds an entry that is `building`; the runners of its read model notice, replay the log into
//! its rows, and say [`Catalog::ready`] once it keeps pace with what serves. When every partition is ready it serves and what it replaces is
//! `retired`: one row change for who restarts, one change of [`Generations`] for who reads. Its rows go with [`Catalog::drop_retired`].

mod entry;

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;
use plaudit_event::TenantId;
use plaudit_log::{Partition, Position};
use plaudit_read_models::Generations;
use plaudit_store::{Generation, Store, Write};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::model::Model;
use crate::tables::OWN;
use crate::{Clock, Models, PROJECTIONS, ProjectorError};

pub use entry::{Entry, State};
pub(crate) use entry::{load, rows_of};

/// The projections of all read models.
pub(crate) struct Catalog {
    store: Arc<dyn Store>,
    generations: Generations,
    clock: Clock,
    entries: Mutex<Vec<Entry>>,
    ready: Mutex<HashSet<(&'static str, Generation, Partition)>>,
    partitions: u32,
    /// Held while entries change, so that changes are written in the order in which they are decided.
    changing: tokio::sync::Mutex<()>,
    changes: watch::Sender<u64>,
}

impl Catalog {
    /// Reads what there is, and sees to it that every read model has rows that serve. `heads` are the heads of the log's partitions.
    pub async fn open(
        store: Arc<dyn Store>,
        generations: Generations,
        clock: Clock,
        models: &Models,
        heads: &[Position],
    ) -> Result<Self, ProjectorError> {
        let partitions = u32::try_from(heads.len()).expect("partitions are numbered in 32 bits");
        let catalog = Self {
            store,
            generations,
            clock,
            entries: Mutex::default(),
            ready: Mutex::default(),
            partitions,
            changing: tokio::sync::Mutex::default(),
            changes: watch::Sender::default(),
        };
        for model in models.iter() {
            catalog.open_model(model, heads).await?;
        }
        Ok(catalog)
    }

    /// The projections of a read model that have a runner.
    pub fn active(&self, model: &str) -> Vec<Entry> {
        self.find(|entry| entry.model == model && entry.state != State::Retired)
    }

    /// All of them.
    pub fn all(&self) -> Vec<Entry> {
        self.find(|_| true)
    }

    /// Changes whenever [`active`](Self::active) may.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Begins a build; one that runs for the same tenants is given up.
    pub async fn begin(&self, model: &Model, tenant: Option<TenantId>) -> Result<Entry, ProjectorError> {
        let _turn = self.changing.lock().await;
        let given_up = self.find(|entry| {
            entry.model == model.name && entry.state == State::Building && entry.tenant == tenant
        });
        let entry = self.fresh(model, tenant, State::Building);
        info!(model = model.name, generation = entry.number.0, tenant.id = ?entry.tenant, "rebuild begun");
        let mut changed: Vec<Entry> = given_up.into_iter().map(Entry::retired).collect();
        changed.push(entry.clone());
        self.change(changed).await?;
        Ok(entry)
    }

    /// Says that a build keeps pace in one partition. When it does in all, it serves from now on.
    pub async fn ready(&self, entry: &Entry, partition: Partition) -> Result<(), ProjectorError> {
        let all = {
            let mut ready = self.ready.lock();
            ready.insert((entry.model, entry.number, partition));
            (0..self.partitions).all(|partition| ready.contains(&(entry.model, entry.number, partition)))
        };
        if all { self.swap(entry).await } else { Ok(()) }
    }

    /// Gives the rows of retired projections back, but for those in `running`; returns what was dropped.
    pub async fn drop_retired(
        &self,
        models: &[&Model],
        running: &HashSet<(&'static str, Generation)>,
    ) -> Result<Vec<Entry>, ProjectorError> {
        let _turn = self.changing.lock().await;
        let mut dropped = Vec::new();
        for model in models {
            let old = self.find(|entry| {
                let runs = running.contains(&(entry.model, entry.number));
                entry.model == model.name && entry.state == State::Retired && !runs
            });
            for entry in old {
                self.drop_one(model, &entry).await?;
                dropped.push(entry);
            }
        }
        Ok(dropped)
    }

    async fn open_model(&self, model: &Model, heads: &[Position]) -> Result<(), ProjectorError> {
        let mut changed = Vec::new();
        for entry in load(&*self.store, model.name).await? {
            let stale = entry.state == State::Building && entry.version != model.version;
            let retire = stale || self.is_foreign(&entry, model, heads).await?;
            if retire && entry.state != State::Retired {
                changed.push(entry.clone().retired());
            }
            self.entries.lock().push(if retire { entry.retired() } else { entry });
        }
        let serving = self.active(model.name).into_iter().find(|entry| entry.serves_all());
        let building = self.active(model.name).iter().any(|entry| entry.builds_all());
        match serving {
            None => changed.push(self.fresh(model, None, State::Serving)),
            Some(serving) if serving.version != model.version && !building => {
                info!(
                    model = model.name,
                    from = serving.version,
                    to = model.version,
                    "rebuild for a new version"
                );
                changed.push(self.fresh(model, None, State::Building));
            }
            Some(_) => {}
        }
        self.change(changed).await?;
        self.announce(model.name);
        Ok(())
    }

    /// Whether the rows are laid out as this program does not write them, or are of another log than this one.
    async fn is_foreign(
        &self,
        entry: &Entry,
        model: &Model,
        heads: &[Position],
    ) -> Result<bool, ProjectorError> {
        if entry.layout != model.layout() {
            return Ok(true);
        }
        for (partition, head) in (0..).zip(heads) {
            let place = crate::projection::place(&*self.store, entry, partition).await?;
            if place.reached.next > *head {
                warn!(
                    model = model.name,
                    generation = entry.number.0,
                    log.position = place.reached.next.0,
                    log.head = head.0,
                    "rows are ahead of the log, they are built again"
                );
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn swap(&self, entry: &Entry) -> Result<(), ProjectorError> {
        let _turn = self.changing.lock().await;
        let still = self.find(|other| other.same(entry) && other.state == State::Building);
        let Some(serving) = still.into_iter().next().map(Entry::serving) else { return Ok(()) };
        let mut changed: Vec<Entry> =
            self.find(|other| serving.replaces(other)).into_iter().map(Entry::retired).collect();
        changed.push(serving);
        self.change(changed).await?;
        self.generations.serve(entry.model, entry.tenant.as_ref(), entry.number);
        info!(model = entry.model, generation = entry.number.0, tenant.id = ?entry.tenant, "rebuild serves");
        Ok(())
    }

    async fn drop_one(&self, model: &Model, entry: &Entry) -> Result<(), ProjectorError> {
        model.drop_rows(&*self.store, entry.number).await?;
        let mut writes = rows_of(&*self.store, entry).await?;
        writes.push(Write::Delete { table: &PROJECTIONS, generation: OWN, key: entry.key() });
        self.store.write(writes).await?;
        self.entries.lock().retain(|other| !other.same(entry));
        info!(model = entry.model, generation = entry.number.0, "old rows dropped");
        Ok(())
    }

    /// Writes the entries, and only then lets them be seen.
    async fn change(&self, changed: Vec<Entry>) -> Result<(), ProjectorError> {
        if changed.is_empty() {
            return Ok(());
        }
        let put = |entry: &Entry| Write::Put { table: &PROJECTIONS, generation: OWN, row: entry.to_row() };
        self.store.write(changed.iter().map(put).collect()).await?;
        let mut entries = self.entries.lock();
        for entry in changed {
            entries.retain(|other| !other.same(&entry));
            entries.push(entry);
        }
        drop(entries);
        self.changes.send_modify(|change| *change += 1);
        Ok(())
    }

    fn announce(&self, model: &'static str) {
        let mut serving = self.find(|entry| entry.model == model && entry.state == State::Serving);
        // Who serves all tenants comes first, because it ends what tenants had of their own.
        serving.sort_by_key(|entry| entry.tenant.is_some());
        for entry in serving {
            self.generations.serve(model, entry.tenant.as_ref(), entry.number);
        }
    }

    fn fresh(&self, model: &Model, tenant: Option<TenantId>, state: State) -> Entry {
        let used = self.find(|entry| entry.model == model.name);
        let last = used.iter().map(|entry| entry.number.0).max().unwrap_or_default();
        Entry {
            model: model.name,
            number: Generation(last + 1),
            tenant,
            state,
            version: model.version,
            layout: model.layout(),
            created_at: (self.clock)(),
        }
    }

    fn find(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        self.entries.lock().iter().filter(|entry| wanted(entry)).cloned().collect()
    }
}
