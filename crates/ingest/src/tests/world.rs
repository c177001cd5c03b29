//! A log that confirms when the test lets it, rows that show what the test lets them, and statements in short form.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use plaudit_event::{Event, TenantId};
use plaudit_log::{Batch, Confirmation, Log, LogError, Partition, Position, Records};
use plaudit_log_embedded::{EmbeddedLog, Options};
use plaudit_xapi::{Fingerprint, StatementId, Timestamp, Version, parse_statements, read_stored};
use tokio::sync::Semaphore;

use crate::{
    Absorbed, Handles, Ingest, IngestError, KnownStatements, Limits, LookupError, Metrics, Parts, Request,
};

const AUTHORITY: &[u8] =
    br#"{"objectType":"Agent","account":{"homePage":"http://plaudit.test","name":"key"}}"#;

/// Rows that show as much of the log as the test lets them.
#[derive(Default)]
pub(super) struct Rows {
    absorbed: Mutex<Absorbed>,
    fingerprints: Mutex<HashMap<StatementId, Fingerprint>>,
    pub(super) fails: AtomicBool,
}

#[async_trait::async_trait]
impl KnownStatements for Rows {
    fn absorbed(&self, _: Partition) -> Absorbed {
        *self.absorbed.lock()
    }

    async fn fingerprints(
        &self,
        _: &TenantId,
        ids: &[StatementId],
    ) -> Result<Vec<Option<Fingerprint>>, LookupError> {
        tokio::task::yield_now().await;
        if self.fails.load(Ordering::Relaxed) {
            return Err("the rows are away".into());
        }
        let known = self.fingerprints.lock();
        Ok(ids.iter().map(|id| known.get(id).copied()).collect())
    }
}

impl Rows {
    /// Absorbs everything that the log has.
    pub(super) async fn absorb(&self, log: &dyn Log) {
        let records = log.read(0, self.absorbed(0).next, usize::MAX).await.unwrap();
        for (_, record) in records.iter() {
            let Event::Statement(event) = Event::decode(&record).unwrap() else { continue };
            let id = read_stored(event.body).unwrap().id.unwrap();
            self.fingerprints.lock().entry(id).or_insert(event.fingerprint);
            self.absorbed.lock().stored = event.stored;
        }
        self.absorbed.lock().next = records.next();
    }
}

/// A log that confirms when the test lets it, and fails when the test says so.
struct Gate {
    log: Arc<dyn Log>,
    open: Arc<Semaphore>,
    fails: Arc<AtomicBool>,
}

#[async_trait::async_trait]
impl Log for Gate {
    fn partitions(&self) -> u32 {
        self.log.partitions()
    }

    fn append(&self, batch: Batch) -> Confirmation {
        let (open, fails) = (Arc::clone(&self.open), self.fails.load(Ordering::Relaxed));
        let inner = (!fails).then(|| self.log.append(batch));
        Box::pin(async move {
            open.acquire().await.expect("never closed").forget();
            match inner {
                Some(inner) => inner.await,
                None => Err(LogError::Full(None)),
            }
        })
    }

    async fn read(&self, partition: Partition, from: Position, bytes: usize) -> Result<Records, LogError> {
        self.log.read(partition, from, bytes).await
    }

    async fn head(&self, partition: Partition) -> Result<Position, LogError> {
        self.log.head(partition).await
    }

    async fn wait_past(
        &self,
        partition: Partition,
        position: Position,
        patience: Duration,
    ) -> Result<Position, LogError> {
        self.log.wait_past(partition, position, patience).await
    }
}

pub(super) struct World {
    _dir: tempfile::TempDir,
    pub(super) log: Arc<dyn Log>,
    pub(super) rows: Arc<Rows>,
    pub(super) open: Arc<Semaphore>,
    pub(super) fails: Arc<AtomicBool>,
    pub(super) now: Arc<AtomicI64>,
    pub(super) ingest: Arc<Ingest>,
}

/// A world whose log confirms at once.
pub(super) async fn world() -> World {
    let world = gated(Limits::default()).await;
    world.open.add_permits(1_000_000);
    world
}

pub(super) async fn gated(limits: Limits) -> World {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { segment_bytes: 1 << 20, ..Options::default() };
    let log: Arc<dyn Log> = Arc::new(EmbeddedLog::open(dir.path(), options).unwrap());
    let rows = Arc::new(Rows::default());
    let open = Arc::new(Semaphore::new(0));
    let fails = Arc::new(AtomicBool::new(false));
    let now = Arc::new(AtomicI64::new(1_000_000));
    let gate = Gate { log: Arc::clone(&log), open: Arc::clone(&open), fails: Arc::clone(&fails) };
    let ingest = Arc::new(over(Arc::new(gate), Arc::clone(&rows), Arc::clone(&now), limits));
    ingest.recover().await.unwrap();
    World { _dir: dir, log, rows, open, fails, now, ingest }
}

pub(super) fn over(log: Arc<dyn Log>, rows: Arc<Rows>, now: Arc<AtomicI64>, limits: Limits) -> Ingest {
    let ids = AtomicU64::new(1);
    let handles = Handles {
        clock: Arc::new(move || Timestamp::from_micros(now.load(Ordering::Relaxed))),
        new_id: Arc::new(move || {
            StatementId::from_u128(0xf000_0000 + u128::from(ids.fetch_add(1, Ordering::Relaxed)))
        }),
    };
    let metrics = Metrics::new(&prometheus::Registry::new()).unwrap();
    Ingest::new(Parts { log, known: rows, handles, limits, metrics })
}

/// Waits until something is appended and not confirmed.
pub(super) async fn in_flight(world: &World) {
    while world.ingest.metrics.in_flight.get() == 0 {
        tokio::task::yield_now().await;
    }
}

/// Ids with what each statement says.
pub(super) type Sent<'a> = &'a [(u128, u8)];

pub(super) fn body(sent: Sent<'_>) -> String {
    let statement = |&(id, says): &(u128, u8)| {
        let id = StatementId::from_u128(id);
        format!(
            r#"{{"id":"{id}","actor":{{"mbox":"mailto:a@b.c"}},"verb":{{"id":"http://v/{says}"}},"object":{{"id":"http://o/1"}}}}"#
        )
    };
    format!("[{}]", sent.iter().map(statement).collect::<Vec<_>>().join(","))
}

pub(super) async fn store(ingest: &Ingest, body: &str) -> Result<Vec<StatementId>, IngestError> {
    let tenant = TenantId::new("t").unwrap();
    let batch = parse_statements(body.as_bytes(), Version::V1_0_3).unwrap();
    let request = Request {
        tenant: &tenant,
        authority: AUTHORITY,
        version: Version::V1_0_3,
        id: None,
        statements: &batch.statements,
    };
    ingest.store(request).await
}

pub(super) async fn send(world: &World, sent: Sent<'_>) -> Result<Vec<StatementId>, IngestError> {
    store(&world.ingest, &body(sent)).await
}

/// (id, verb, stored) of each statement in the log.
pub(super) async fn logged(log: &dyn Log) -> Vec<(u128, String, i64)> {
    let records = log.read(0, Position(0), usize::MAX).await.unwrap();
    let read = |(_, record)| {
        let Event::Statement(event) = Event::decode(&record).unwrap() else { return None };
        let statement = read_stored(event.body).unwrap();
        assert_eq!(statement.stored, Some(event.stored), "the header says what the body says");
        let verb = statement.verb.trim_start_matches("http://v/").to_owned();
        Some((statement.id.unwrap().as_u128(), verb, event.stored.as_micros()))
    };
    records.iter().filter_map(read).collect()
}

pub(super) fn ids(logged: &[(u128, String, i64)]) -> Vec<u128> {
    logged.iter().map(|(id, ..)| *id).collect()
}

impl Rows {
    /// Absorbs as several tasks may at once: the furthest wins.
    pub(super) async fn absorb_some(&self, log: &dyn Log) {
        let records = log.read(0, Position(0), usize::MAX).await.unwrap();
        for (_, record) in records.iter() {
            let Event::Statement(event) = Event::decode(&record).unwrap() else { continue };
            let id = read_stored(event.body).unwrap().id.unwrap();
            self.fingerprints.lock().entry(id).or_insert(event.fingerprint);
        }
        let mut absorbed = self.absorbed.lock();
        absorbed.next = absorbed.next.max(records.next());
    }
}
