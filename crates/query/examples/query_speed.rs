//! How long queries take as the number of statements grows.
//!
//! `cargo run --release -p plaudit-query --example query_speed -- [statements]`
//!
//! The bodies are made when they are read, so what is measured is the index: finding the places of a page of 50.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use plaudit_event::{Event, StatementEvent, TenantId};
use plaudit_log::{Batch, Confirmation, Log, LogError, Partition, Position, Records};
use plaudit_query::{Settings, StatementQuery, Statements, StatementsOptions};
use plaudit_read_models::{Context, Generations, Progress, ReadModel, Recorded, Rows, statements};
use plaudit_store::{Generation, RecordSource, Store, StoreError};
use plaudit_store_embedded::{EmbeddedStore, Options};
use plaudit_xapi::{Fingerprint, Ifi, Timestamp, read_stored};
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LEARNERS: u64 = 10_000;
const ACTIVITIES: u64 = 200;
const VERBS: u64 = 20;
const STATEMENTS_PER_BATCH: u64 = 16_384;
const RUNS: u64 = 300;
const MICROS_PER_STATEMENT: i64 = 37;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let count = std::env::args().nth(1).map_or(Ok(1_000_000), |number| number.parse::<u64>())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure(count))
}

async fn measure(count: u64) -> Result<(), Failure> {
    let dir = tempfile::tempdir_in(".")?;
    let store: Arc<dyn Store> =
        Arc::new(EmbeddedStore::open(dir.path(), Options::default(), Some(Arc::new(Made)))?);
    let tenant = TenantId::new("acme")?;
    project(&store, &tenant, count).await?;
    let statements = Statements::new(StatementsOptions {
        store,
        log: Arc::new(Head(count)),
        generations: Generations::default(),
        progress: Progress::default(),
        in_flight: Arc::new(|| Timestamp::from_micros(0)),
    });
    let mut out = std::io::stdout();
    let settings = Settings::default();
    let mut times = Vec::new();
    for run in 0..RUNS {
        let id = id(mix(run) % count);
        let start = Instant::now();
        let found = statements.by_id(&tenant, id, &settings, None).await?;
        times.push(start.elapsed());
        found.ok_or("a statement is not there")?;
    }
    report(&mut out, "by id", times, RUNS as usize)?;
    for (name, query) in QUERIES {
        let (mut times, mut found) = (Vec::new(), 0);
        for run in 0..RUNS {
            let query = query(mix(run), count);
            let start = Instant::now();
            let page = statements.find(&tenant, &query, None).await?;
            times.push(start.elapsed());
            found += page.statements.len();
        }
        report(&mut out, name, times, found)?;
    }
    Ok(())
}

type MakeQuery = fn(u64, u64) -> StatementQuery<'static>;

const QUERIES: [(&str, MakeQuery); 7] = [
    ("newest", |_, _| page()),
    ("agent", |mixed, _| StatementQuery { agent: Some(agent(mixed)), ..page() }),
    ("related agent", |mixed, _| StatementQuery {
        agent: Some(agent(mixed)),
        related_agents: true,
        ..page()
    }),
    ("verb since", |mixed, count| StatementQuery {
        verb: Some(verb(mixed)),
        since: Some(stored(mixed % count)),
        ..page()
    }),
    ("verb since, ascending", |mixed, count| StatementQuery {
        verb: Some(verb(mixed)),
        since: Some(stored(mixed % count)),
        ascending: true,
        ..page()
    }),
    ("agent and verb", |mixed, _| StatementQuery {
        agent: Some(agent(mixed)),
        verb: Some(verb(mixed)),
        ..page()
    }),
    ("verb and activity", |mixed, _| StatementQuery {
        verb: Some(verb(mixed)),
        activity: Some(activity(mixed >> 30)),
        ..page()
    }),
];

fn page() -> StatementQuery<'static> {
    StatementQuery { limit: 50, ..StatementQuery::default() }
}

fn report(out: &mut impl Write, name: &str, mut times: Vec<Duration>, found: usize) -> std::io::Result<()> {
    times.sort_unstable();
    let part = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_micros();
    let per_query = found as f64 / times.len() as f64;
    writeln!(out, "{name}: p50 {} µs, p99 {} µs, {per_query:.1} statements each", part(50), part(99))
}

async fn project(store: &Arc<dyn Store>, tenant: &TenantId, count: u64) -> Result<(), Failure> {
    let mut model = statements::Statements::new(Context {
        partition: 0,
        generation: Generation::default(),
        tenant: None,
        store: store.clone(),
        generations: Generations::default(),
        time_zone: jiff::tz::TimeZone::UTC,
    });
    store.create(model.tables()).await?;
    for first in (0..count).step_by(STATEMENTS_PER_BATCH as usize) {
        let bodies: Vec<String> = (first..count.min(first + STATEMENTS_PER_BATCH)).map(body).collect();
        let mut events = Vec::with_capacity(bodies.len());
        for (position, body) in (first..).zip(&bodies) {
            events.push(recorded(tenant, position, body)?);
        }
        let mut rows = Rows::new(store.clone(), Generation::default());
        model.apply(&events, &mut rows).await?;
        store.write(rows.into_writes()).await?;
    }
    Ok(store.persist().await?)
}

fn recorded<'a>(tenant: &TenantId, position: u64, body: &'a str) -> Result<Recorded<'a>, Failure> {
    let event = StatementEvent {
        tenant: tenant.clone(),
        learner: "",
        stored: stored(position),
        fingerprint: Fingerprint(position.into()),
        body: body.as_bytes(),
    };
    Ok(Recorded {
        partition: 0,
        position: Position(position),
        event: Event::Statement(event),
        statement: Some(read_stored(body.as_bytes())?),
    })
}

fn body(number: u64) -> String {
    let mixed = mix(number);
    format!(
        r#"{{"id":"{}","actor":{{"account":{{"homePage":"https://people.example.com","name":"{}"}}}},"verb":{{"id":"{}"}},"object":{{"id":"{}"}},"context":{{"contextActivities":{{"parent":[{{"id":"https://lms.example.com/course/{}"}}]}}}},"authority":{{"account":{{"homePage":"https://lms.example.com","name":"lms"}}}}}}"#,
        id(number),
        mixed % LEARNERS,
        verb(mixed >> 20),
        activity(mixed >> 40),
        (mixed >> 40) % 20,
    )
}

fn id(number: u64) -> Uuid {
    Uuid::from_u64_pair(mix(number ^ 77), number | 1 << 63)
}

fn agent(number: u64) -> Ifi<'static> {
    let name = (number % LEARNERS).to_string().into();
    Ifi::Account { home_page: "https://people.example.com".into(), name }
}

fn verb(number: u64) -> String {
    format!("https://verbs.example.com/xapi/verb-{}", number % VERBS)
}

fn activity(number: u64) -> String {
    format!("https://lms.example.com/module/{}", number % ACTIVITIES)
}

fn stored(number: u64) -> Timestamp {
    Timestamp::from_micros(1_760_000_000_000_000 + number.cast_signed() * MICROS_PER_STATEMENT)
}

fn mix(number: u64) -> u64 {
    let mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) ^ (mixed >> 31)
}

/// Makes the body of each position again.
struct Made;

#[async_trait::async_trait]
impl RecordSource for Made {
    async fn values(&self, places: &[(u32, u64)]) -> Result<Vec<Bytes>, StoreError> {
        Ok(places.iter().map(|(_, position)| body(*position).into()).collect())
    }
}

/// A log of which only the head is asked.
struct Head(u64);

#[async_trait::async_trait]
impl Log for Head {
    fn partitions(&self) -> u32 {
        1
    }

    fn append(&self, _: Batch) -> Confirmation {
        Box::pin(async { Err(LogError::Unconfirmed(None)) })
    }

    async fn read(&self, _: Partition, _: Position, _: usize) -> Result<Records, LogError> {
        Ok(Records::default())
    }

    async fn head(&self, _: Partition) -> Result<Position, LogError> {
        Ok(Position(self.0))
    }

    async fn wait_past(&self, _: Partition, _: Position, _: Duration) -> Result<Position, LogError> {
        Ok(Position(self.0))
    }
}
