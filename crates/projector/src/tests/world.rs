//! A log, a store, and a read model that counts each learner's statements.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use plaudit_event::{DefinitionEvent, DefinitionKind, Event, LearnerId, StatementEvent, TenantId};
use plaudit_log::{Batch, Log};
use plaudit_log_embedded::EmbeddedLog;
use plaudit_read_models::{ApplyError, Context, Generations, Progress, ReadModel, Recorded, Rows};
use plaudit_store::{Access, Column, Generation, Kind, Store, Table, Value};
use plaudit_store_embedded::EmbeddedStore;
use plaudit_xapi::{Fingerprint, Timestamp};
use tempfile::TempDir;

use crate::{Make, Projector, ProjectorMetrics, ProjectorOptions};

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub static COUNTS: Table = Table {
    name: "counts",
    version: 1,
    doc: "How many statements a learner has.",
    access: Access::Ordered,
    partition_key: &[Column::new("tenant", Kind::Text, "Whose.")],
    clustering_key: &[Column::new("learner", Kind::Text, "Who.")],
    columns: &[
        Column::new("count", Kind::Int, "How many."),
        Column::new("position", Kind::Int, "The last one counted."),
    ],
};

/// How the read model of a test behaves.
#[derive(Default)]
pub struct Behaviour {
    pub version: AtomicU32,
    /// Learners with a verb that cannot be applied.
    pub poison: Mutex<BTreeSet<String>>,
    /// Learners whose statements make it panic.
    pub panics: Mutex<BTreeSet<String>>,
    /// Tenants to be rebuilt.
    pub wanted: Mutex<Vec<TenantId>>,
    /// Added to every count, so that a rebuild leads to other rows.
    pub bonus: AtomicU32,
}

struct Counts {
    context: Context,
    behaviour: Arc<Behaviour>,
    bonus: i64,
}

#[async_trait::async_trait]
impl ReadModel for Counts {
    fn name(&self) -> &'static str {
        "counts"
    }

    fn version(&self) -> u32 {
        self.behaviour.version.load(Ordering::Relaxed)
    }

    fn tables(&self) -> &'static [&'static Table] {
        static TABLES: [&Table; 1] = [&COUNTS];
        &TABLES
    }

    async fn apply(&mut self, events: &[Recorded<'_>], rows: &mut Rows) -> Result<(), ApplyError> {
        for recorded in events {
            let Event::Statement(event) = &recorded.event else { continue };
            let tenant = &event.tenant;
            assert!(self.context.tenant.as_ref().is_none_or(|mine| mine == tenant), "somebody else's record");
            assert!(!self.behaviour.panics.lock().contains(event.learner), "this learner is too much");
            if self.behaviour.poison.lock().contains(event.learner) {
                let Recorded { partition, position, .. } = *recorded;
                return Err(ApplyError::Poison { partition, position, reason: "bad verb".to_owned() });
            }
            let key = [Value::from(tenant.as_str()), Value::from(event.learner)];
            let row = rows.get(&COUNTS, &key).await?;
            let position = recorded.position.0.cast_signed();
            let (count, last) =
                row.map_or((self.bonus, -1), |row| (row[2].as_int().unwrap(), row[3].as_int().unwrap()));
            if position > last {
                let [tenant, learner] = key;
                rows.put(&COUNTS, vec![tenant, learner, (count + 1).into(), position.into()]);
            }
        }
        Ok(())
    }

    fn forget(&mut self) {}

    async fn wants_rebuild(&mut self) -> Result<Vec<TenantId>, ApplyError> {
        Ok(std::mem::take(&mut *self.behaviour.wanted.lock()))
    }
}

/// A log and a store in a directory of their own.
pub struct World {
    pub log: Arc<EmbeddedLog>,
    pub store: Arc<EmbeddedStore>,
    pub behaviour: Arc<Behaviour>,
    pub generations: Generations,
    pub progress: Progress,
    stored: AtomicU32,
    directory: TempDir,
}

impl World {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = plaudit_log_embedded::Options { segment_bytes: 1 << 20, ..Default::default() };
        let log = EmbeddedLog::open(&directory.path().join("log"), options).unwrap();
        Self {
            log: Arc::new(log),
            store: Arc::new(open_store(&directory, "store")),
            behaviour: Arc::default(),
            generations: Generations::default(),
            progress: Progress::default(),
            stored: AtomicU32::new(0),
            directory,
        }
    }

    /// An empty store beside the other.
    pub fn scratch(&self) -> Arc<dyn Store> {
        Arc::new(open_store(&self.directory, "scratch"))
    }

    pub fn make(&self) -> Make {
        let behaviour = self.behaviour.clone();
        Arc::new(move |context| {
            let bonus = behaviour.bonus.load(Ordering::Relaxed).into();
            Box::new(Counts { context, behaviour: behaviour.clone(), bonus })
        })
    }

    /// Starts like a process that starts: with handles of its own.
    pub async fn start(&mut self) -> Projector {
        let store = self.store.clone();
        self.start_over(store).await
    }

    pub async fn start_over(&mut self, store: Arc<dyn Store>) -> Projector {
        (self.generations, self.progress) = Default::default();
        let options = ProjectorOptions {
            log: self.log.clone(),
            store,
            models: vec![self.make()],
            generations: self.generations.clone(),
            progress: self.progress.clone(),
            clock: Arc::new(|| Timestamp::from_micros(1)),
            time_zone: jiff::tz::TimeZone::UTC,
            metrics: ProjectorMetrics::register(&prometheus::Registry::new()).unwrap(),
        };
        Projector::start(options).await.unwrap()
    }

    /// Appends a statement of each learner of a tenant, in one batch each.
    pub async fn append(&self, tenant: &str, learners: &[&str]) {
        for learner in learners {
            let mut batch = Batch::default();
            self.push(&mut batch, tenant, learner);
            self.log.append(batch).await.unwrap();
        }
    }

    /// Appends `count` statements of `learners` learners in one batch.
    pub async fn append_many(&self, tenant: &str, learners: u32, count: u32) {
        let mut batch = Batch::default();
        for number in 0..count {
            self.push(&mut batch, tenant, &learner(&format!("l{}", number % learners)));
        }
        self.log.append(batch).await.unwrap();
    }

    pub fn push(&self, batch: &mut Batch, tenant: &str, learner: &str) {
        let stored = Timestamp::from_micros(self.stored.fetch_add(1, Ordering::Relaxed).into());
        let tenant = TenantId::new(tenant).unwrap();
        let id = uuid::Uuid::from_u128(stored.as_micros().cast_unsigned().into());
        let body = format!(
            r#"{{"id":"{id}","stored":"{stored}","timestamp":"{stored}","version":"1.0.0","actor":{{"mbox":"{learner}"}},"verb":{{"id":"http://v.example/did"}},"object":{{"id":"http://o.example/it"}},"authority":{{"mbox":"mailto:a@b.example"}}}}"#
        );
        let learner = LearnerId::from_canonical(learner);
        StatementEvent::push(batch, &tenant, &learner, Fingerprint(0), |out| {
            out.extend_from_slice(body.as_bytes())
        });
        let index = batch.len() - 1;
        StatementEvent::set_stored(batch, index, stored, &stored.to_bytes(), &[]);
    }

    pub async fn append_definition(&self, tenant: &str) {
        let event = DefinitionEvent {
            tenant: TenantId::new(tenant).unwrap(),
            kind: DefinitionKind::Funnel,
            id: "f".to_owned(),
            version: 1,
            at: Timestamp::from_micros(1),
            document: None,
        };
        let mut batch = Batch::default();
        event.push(&mut batch);
        self.log.append(batch).await.unwrap();
    }

    /// A tenant's counts as queries see them.
    pub async fn counts(&self, tenant: &str) -> BTreeMap<String, i64> {
        let generation = self.generations.serving("counts", &TenantId::new(tenant).unwrap());
        self.counts_of(tenant, generation).await
    }

    pub async fn counts_of(&self, tenant: &str, generation: Generation) -> BTreeMap<String, i64> {
        let all = plaudit_store::Slice {
            from: std::ops::Bound::Unbounded,
            to: std::ops::Bound::Unbounded,
            order: plaudit_store::Order::Ascending,
            limit: usize::MAX,
        };
        let rows = self.store.slice(&COUNTS, generation, &[tenant.into()], all).await.unwrap();
        let count = |row: Vec<Value>| (row[1].as_text().unwrap().to_owned(), row[2].as_int().unwrap());
        rows.into_iter().map(count).collect()
    }
}

/// The identity of a learner by a short name.
pub fn learner(name: &str) -> String {
    format!("mailto:{name}@x.example")
}

pub fn counts(expected: &[(&str, i64)]) -> BTreeMap<String, i64> {
    expected.iter().map(|(name, count)| (learner(name), *count)).collect()
}

pub async fn caught_up(projector: &Projector) {
    assert!(projector.wait_caught_up(PATIENCE).await.unwrap(), "the rows do not catch up");
}

/// Waits for a condition.
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !condition().await {
        assert!(std::time::Instant::now() < deadline, "never came true: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn open_store(directory: &TempDir, name: &str) -> EmbeddedStore {
    let options = plaudit_store_embedded::Options { reserve_bytes: 0, ..Default::default() };
    EmbeddedStore::open(&directory.path().join(name), options, None).unwrap()
}
