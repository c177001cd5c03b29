//! What ingest promises, over the embedded log and logs that fail.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::{join, join_all};
use parking_lot::Mutex;
use plaudit_event::{DefinitionEvent, DefinitionKind, Event, TenantId};
use plaudit_log::{Appended, Batch, Confirmation, Log, LogError, Partition, Position, Records};
use plaudit_log_embedded::{EmbeddedLog, Options};
use plaudit_xapi::{Fingerprint, StatementId, Timestamp, Version, parse_statements, read_stored};
use proptest::prelude::*;
use tokio::sync::Semaphore;

use crate::{
    Absorbed, Handles, Ingest, IngestError, KnownStatements, Limits, LookupError, Metrics, Parts, Request,
};

const AUTHORITY: &[u8] =
    br#"{"objectType":"Agent","account":{"homePage":"http://plaudit.test","name":"key"}}"#;

/// Rows that show as much of the log as the test lets them.
#[derive(Default)]
struct Rows {
    absorbed: Mutex<Absorbed>,
    fingerprints: Mutex<HashMap<StatementId, Fingerprint>>,
    fails: AtomicBool,
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
    async fn absorb(&self, log: &dyn Log) {
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

struct World {
    _dir: tempfile::TempDir,
    log: Arc<dyn Log>,
    rows: Arc<Rows>,
    open: Arc<Semaphore>,
    fails: Arc<AtomicBool>,
    now: Arc<AtomicI64>,
    ingest: Arc<Ingest>,
}

/// A world whose log confirms at once.
async fn world() -> World {
    let world = gated(Limits::default()).await;
    world.open.add_permits(1_000_000);
    world
}

async fn gated(limits: Limits) -> World {
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

fn over(log: Arc<dyn Log>, rows: Arc<Rows>, now: Arc<AtomicI64>, limits: Limits) -> Ingest {
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
async fn in_flight(world: &World) {
    while world.ingest.metrics.in_flight.get() == 0 {
        tokio::task::yield_now().await;
    }
}

/// Ids with what each statement says.
type Sent<'a> = &'a [(u128, u8)];

fn body(sent: Sent<'_>) -> String {
    let statement = |&(id, says): &(u128, u8)| {
        let id = StatementId::from_u128(id);
        format!(
            r#"{{"id":"{id}","actor":{{"mbox":"mailto:a@b.c"}},"verb":{{"id":"http://v/{says}"}},"object":{{"id":"http://o/1"}}}}"#
        )
    };
    format!("[{}]", sent.iter().map(statement).collect::<Vec<_>>().join(","))
}

async fn store(ingest: &Ingest, body: &str) -> Result<Vec<StatementId>, IngestError> {
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

async fn send(world: &World, sent: Sent<'_>) -> Result<Vec<StatementId>, IngestError> {
    store(&world.ingest, &body(sent)).await
}

/// (id, verb, stored) of each statement in the log.
async fn logged(log: &dyn Log) -> Vec<(u128, String, i64)> {
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

fn ids(logged: &[(u128, String, i64)]) -> Vec<u128> {
    logged.iter().map(|(id, ..)| *id).collect()
}

fn conflict(outcome: Result<Vec<StatementId>, IngestError>) -> u128 {
    match outcome {
        Err(IngestError::Conflict { id }) => id.as_u128(),
        other => panic!("expected a conflict, got {other:?}"),
    }
}

#[tokio::test]
async fn what_is_stored_is_what_was_sent_with_the_servers_properties() {
    let world = world().await;
    let sent = r#"{"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://v/1"},"object":{"id":"http://o/1"},
        "result":{"score":{"raw":1.2300000000000000000001}}}"#;
    let ids = store(&world.ingest, sent).await.unwrap();
    let records = world.log.read(0, Position(0), usize::MAX).await.unwrap();
    let (_, record) = records.iter().next().unwrap();
    let text = std::str::from_utf8(record.value).unwrap();
    assert!(text.contains("1.2300000000000000000001"), "{text}");
    let statement = read_stored(record.value).unwrap();
    assert_eq!(statement.id, Some(ids[0]));
    assert_eq!(statement.timestamp, statement.stored);
    assert_eq!(statement.stored, Some(Timestamp::from_micros(1_000_000)));
    assert!(statement.authority.is_some());
}

#[tokio::test]
async fn an_equal_statement_is_accepted_and_not_written_again() {
    let world = world().await;
    send(&world, &[(1, 1), (2, 1)]).await.unwrap();
    let again = send(&world, &[(2, 1), (3, 1), (1, 1)]).await.unwrap();
    assert_eq!(again.iter().map(StatementId::as_u128).collect::<Vec<_>>(), [2, 3, 1]);
    assert_eq!(ids(&logged(&*world.log).await), [1, 2, 3]);
}

#[tokio::test]
async fn a_different_statement_is_refused_with_its_whole_batch() {
    let world = world().await;
    send(&world, &[(1, 1)]).await.unwrap();
    assert_eq!(conflict(send(&world, &[(5, 1), (1, 2)]).await), 1);
    assert_eq!(ids(&logged(&*world.log).await), [1]);
    // Nothing of it stayed claimed.
    send(&world, &[(5, 3)]).await.unwrap();
}

#[tokio::test]
async fn statements_that_only_the_rows_know_count_as_known() {
    let world = world().await;
    send(&world, &[(1, 1), (2, 1)]).await.unwrap();
    world.rows.absorb(&*world.log).await;
    send(&world, &[(7, 1), (1, 1), (8, 1)]).await.unwrap();
    assert_eq!(world.ingest.metrics.recents.get(), 2, "those before are forgotten");
    assert_eq!(conflict(send(&world, &[(9, 1), (2, 2)]).await), 2);
    assert_eq!(ids(&logged(&*world.log).await), [1, 2, 7, 8]);
}

#[tokio::test]
async fn without_an_answer_from_the_rows_nothing_is_written() {
    let world = world().await;
    world.rows.fails.store(true, Ordering::Relaxed);
    assert!(matches!(send(&world, &[(1, 1)]).await, Err(IngestError::Lookup(_))));
    world.rows.fails.store(false, Ordering::Relaxed);
    send(&world, &[(1, 2)]).await.unwrap();
    assert_eq!(ids(&logged(&*world.log).await), [1]);
}

#[tokio::test]
async fn an_id_in_flight_is_decided_by_how_it_ends() {
    let world = gated(Limits::default()).await;
    let first = send(&world, &[(1, 1)]);
    let same = send(&world, &[(1, 1)]);
    let other = send(&world, &[(1, 2)]);
    let later = async {
        in_flight(&world).await;
        world.open.add_permits(1);
    };
    let (first, (same, (other, ()))) = join(first, join(same, join(other, later))).await;
    first.unwrap();
    same.unwrap();
    assert_eq!(conflict(other), 1);
    assert_eq!(ids(&logged(&*world.log).await), [1]);
    assert!(world.ingest.metrics.id_waits.get() >= 2);
}

#[tokio::test]
async fn ids_of_a_failed_append_are_free_again() {
    let world = world().await;
    world.fails.store(true, Ordering::Relaxed);
    let failed = send(&world, &[(1, 1), (2, 1)]).await;
    assert!(matches!(failed, Err(IngestError::Log(LogError::Full(_)))));
    world.fails.store(false, Ordering::Relaxed);
    send(&world, &[(2, 2), (1, 2)]).await.unwrap();
    assert_eq!(ids(&logged(&*world.log).await), [2, 1]);
}

#[tokio::test]
async fn a_client_that_leaves_does_not_take_its_append_back() {
    let world = gated(Limits::default()).await;
    tokio::select! {
        _ = send(&world, &[(1, 1)]) => panic!("nothing is confirmed yet"),
        () = in_flight(&world) => {}
    }
    assert!(world.ingest.floor() < Timestamp::from_micros(1_000_000), "still in flight");
    world.open.add_permits(2);
    // Waits for the outcome of the first, then finds it stored.
    assert_eq!(conflict(send(&world, &[(1, 2)]).await), 1);
    assert_eq!(ids(&logged(&*world.log).await), [1]);
    assert!(world.ingest.floor() >= Timestamp::from_micros(1_000_000));
}

#[tokio::test]
async fn past_the_limit_writes_are_refused_until_the_rows_have_caught_up() {
    let world = gated(Limits { recents_max: 3, ..Limits::default() }).await;
    world.open.add_permits(10);
    send(&world, &[(1, 1), (2, 1)]).await.unwrap();
    let refused = send(&world, &[(3, 1), (4, 1)]).await;
    assert!(matches!(refused, Err(IngestError::Behind { waiting: 2, waiting_max: 3 })));
    world.rows.absorb(&*world.log).await;
    send(&world, &[(3, 1), (4, 1)]).await.unwrap();
}

#[tokio::test]
async fn after_a_start_the_tail_of_the_log_is_known() {
    let world = world().await;
    send(&world, &[(1, 1)]).await.unwrap();
    world.rows.absorb(&*world.log).await;
    send(&world, &[(2, 1), (3, 1)]).await.unwrap();
    // The clock of the next process is behind.
    let now = Arc::new(AtomicI64::new(5));
    let next = over(Arc::clone(&world.log), Arc::clone(&world.rows), now, Limits::default());
    assert!(matches!(store(&next, &body(&[(9, 1)])).await, Err(IngestError::Starting)));
    next.recover().await.unwrap();
    assert_eq!(conflict(store(&next, &body(&[(3, 2)])).await), 3);
    store(&next, &body(&[(2, 1), (1, 1), (4, 1)])).await.unwrap();
    let logged = logged(&*world.log).await;
    assert_eq!(ids(&logged), [1, 2, 3, 4]);
    assert!(logged.is_sorted_by_key(|(_, _, stored)| *stored) && logged[3].2 > logged[2].2);
}

#[tokio::test]
async fn the_floor_stays_below_what_is_in_flight_and_never_goes_back() {
    let world = gated(Limits::default()).await;
    let before = world.ingest.floor();
    assert_eq!(before, Timestamp::from_micros(1_000_000), "now, without traffic");
    world.now.store(500, Ordering::Relaxed);
    assert_eq!(world.ingest.floor(), before, "although the clock went back");
    let check = async {
        in_flight(&world).await;
        assert_eq!(world.ingest.floor(), before, "stamped right above what the floor promised");
        world.now.store(2_000_000, Ordering::Relaxed);
        assert_eq!(world.ingest.floor(), before);
        world.open.add_permits(1);
    };
    let (stored, ()) = join(send(&world, &[(1, 1), (2, 1)]), check).await;
    stored.unwrap();
    assert_eq!(world.ingest.floor(), Timestamp::from_micros(2_000_000));
    let stamps: Vec<i64> = logged(&*world.log).await.into_iter().map(|(_, _, stored)| stored).collect();
    assert_eq!(stamps, [1_000_001, 1_000_002]);
}

#[tokio::test]
async fn definitions_are_appended_one_writer_at_a_time() {
    let world = world().await;
    let event = |version| DefinitionEvent {
        tenant: TenantId::new("t").unwrap(),
        kind: DefinitionKind::Funnel,
        id: "onboarding".into(),
        version,
        at: Timestamp::from_micros(1),
        document: None,
    };
    let turn = world.ingest.definition_turn().await;
    let soon = Duration::from_millis(5);
    assert!(tokio::time::timeout(soon, world.ingest.definition_turn()).await.is_err());
    let appended: Appended = turn.append(&event(1)).await.unwrap();
    assert_eq!(appended.spans, [(0, Position(0), Position(1))]);
    drop(turn);
    world.ingest.definition_turn().await.append(&event(2)).await.unwrap();
    assert_eq!(world.log.head(0).await.unwrap(), Position(2));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Many tasks send batches of few ids, in any order and with two meanings; rows absorb meanwhile.
    #[test]
    fn each_id_is_stored_once_with_the_meaning_that_came_first(
        batches in prop::collection::vec(prop::collection::btree_map(0_u128..12, 0_u8..2, 1..6), 1..40),
        reversed in prop::collection::vec(any::<bool>(), 40),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_all().build().unwrap();
        runtime.block_on(race(batches, reversed));
    }
}

async fn race(batches: Vec<BTreeMap<u128, u8>>, reversed: Vec<bool>) {
    let world = Arc::new(world().await);
    let task = |(batch, reversed): (BTreeMap<u128, u8>, bool)| {
        let world = Arc::clone(&world);
        let mut sent: Vec<(u128, u8)> = batch.into_iter().collect();
        if reversed {
            sent.reverse();
        }
        tokio::spawn(async move {
            let outcome = send(&world, &sent).await;
            world.rows.absorb_some(&*world.log).await;
            (sent, outcome)
        })
    };
    let tasks: Vec<_> = batches.into_iter().zip(reversed).map(task).collect();
    let deadline = Duration::from_secs(20);
    let outcomes = tokio::time::timeout(deadline, join_all(tasks)).await.expect("nobody waits for ever");
    let logged = logged(&*world.log).await;
    let stored: HashMap<u128, String> = logged.iter().map(|(id, says, _)| (*id, says.clone())).collect();
    assert_eq!(stored.len(), logged.len(), "each id once");
    assert!(logged.windows(2).all(|pair| pair[0].2 < pair[1].2), "stored grows in the order of the log");
    for outcome in outcomes {
        let (sent, outcome) = outcome.unwrap();
        match outcome {
            Ok(_) => assert!(sent.iter().all(|(id, says)| stored[id] == says.to_string()), "{sent:?}"),
            Err(IngestError::Conflict { id }) => {
                let differs =
                    |(sent, says): &(u128, u8)| *sent == id.as_u128() && stored[sent] != says.to_string();
                assert!(sent.iter().any(differs), "{sent:?} {id}");
            }
            Err(other) => panic!("{other}"),
        }
    }
}

impl Rows {
    /// Absorbs as several tasks may at once: the furthest wins.
    async fn absorb_some(&self, log: &dyn Log) {
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
