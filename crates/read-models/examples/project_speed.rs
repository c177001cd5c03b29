//! How fast the read model `statements` takes up a log, and what each part of it costs.
//!
//! `cargo run --release -p plaudit-read-models --example project_speed -- [statements] [statements per batch]`

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use plaudit_event::{Event, StatementEvent, TenantId};
use plaudit_read_models::statements::Statements;
use plaudit_read_models::{Context, Generations, Position, ReadModel, Recorded, Rows};
use plaudit_store::{Generation, RecordSource, Store, StoreError};
use plaudit_store_embedded::{EmbeddedStore, Options};
use plaudit_xapi::{Fingerprint, Timestamp, read_stored};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LEARNERS: u64 = 10_000;
const ACTIVITIES: u64 = 200;
const VERBS: u64 = 20;
/// Learners follow one course after the other.
const STATEMENTS_PER_REGISTRATION: u64 = 40;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |at: usize, otherwise: u64| {
        std::env::args().nth(at).map_or(Ok(otherwise), |number| number.parse::<u64>())
    };
    let (statements, per_batch) = (argument(1, 1_000_000)?, argument(2, 8192)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let costs = runtime.block_on(project(statements, per_batch))?;
    let mut out = std::io::stdout();
    let per_statement = |time: Duration| time.as_nanos() / u128::from(statements);
    for (name, time) in [("parse", costs.parse), ("apply", costs.apply), ("write", costs.write)] {
        writeln!(out, "{name}: {} ns per statement", per_statement(time))?;
    }
    writeln!(out, "{:.1} rows per statement", costs.rows as f64 / statements as f64)?;
    let rate = statements as f64 / (costs.apply + costs.write).as_secs_f64();
    writeln!(out, "apply and write: {rate:.0} statements/s; {} bytes of rows", costs.bytes)?;
    Ok(())
}

#[derive(Default)]
struct Costs {
    parse: Duration,
    apply: Duration,
    write: Duration,
    rows: usize,
    bytes: u64,
}

async fn project(statements: u64, per_batch: u64) -> Result<Costs, Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir_in(".")?;
    let store: Arc<dyn Store> =
        Arc::new(EmbeddedStore::open(dir.path(), Options::default(), Some(Arc::new(NoLog)))?);
    let context = Context {
        partition: 0,
        generation: Generation::default(),
        tenant: None,
        store: store.clone(),
        generations: Generations::default(),
        time_zone: jiff::tz::TimeZone::UTC,
    };
    let mut model = Statements::new(context);
    store.create(model.tables()).await?;
    let tenant = TenantId::new("acme")?;
    let mut costs = Costs::default();
    for first in (0..statements).step_by(usize::try_from(per_batch)?) {
        let bodies: Vec<String> = (first..statements.min(first + per_batch)).map(body).collect();
        let start = Instant::now();
        let events = recorded(first, &bodies, &tenant)?;
        costs.parse += start.elapsed();
        let start = Instant::now();
        let mut rows = Rows::new(store.clone(), Generation::default());
        model.apply(&events, &mut rows).await?;
        let writes = rows.into_writes();
        costs.apply += start.elapsed();
        costs.rows += writes.len();
        let start = Instant::now();
        store.write(writes).await?;
        costs.write += start.elapsed();
    }
    store.persist().await?;
    costs.bytes = bytes_in(dir.path())?;
    Ok(costs)
}

fn recorded<'a>(
    first: u64,
    bodies: &'a [String],
    tenant: &TenantId,
) -> Result<Vec<Recorded<'a>>, plaudit_xapi::Invalid> {
    let record = |(position, body): (u64, &'a String)| {
        Ok(Recorded {
            partition: 0,
            position: Position(position),
            event: Event::Statement(StatementEvent {
                tenant: tenant.clone(),
                learner: "",
                stored: stored(position),
                fingerprint: Fingerprint(u128::from(position)),
                body: body.as_bytes(),
            }),
            statement: Some(read_stored(body.as_bytes())?),
        })
    };
    (first..).zip(bodies).map(record).collect()
}

fn stored(number: u64) -> Timestamp {
    Timestamp::from_micros(1_760_000_000_000_000 + number.cast_signed() * 37)
}

fn body(number: u64) -> String {
    let mixed = mix(number);
    let (learner, activity, verb) = (mixed % LEARNERS, (mixed >> 20) % ACTIVITIES, (mixed >> 40) % VERBS);
    let registration = mix((learner << 32) + number / (LEARNERS * STATEMENTS_PER_REGISTRATION));
    let stored = stored(number);
    format!(
        r#"{{"id":"{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}","actor":{{"objectType":"Agent","name":"Learner {learner}","account":{{"homePage":"https://people.example.com","name":"employee-{learner}"}}}},"verb":{{"id":"https://verbs.example.com/xapi/verb-{verb}","display":{{"en":"verb {verb}"}}}},"object":{{"id":"https://lms.example.com/course/{}/module/{activity}","definition":{{"name":{{"en":"Module {activity}"}},"type":"http://adlnet.gov/expapi/activities/module"}}}},"result":{{"score":{{"scaled":0.8}},"duration":"PT12M"}},"context":{{"registration":"{:08x}-0000-4000-8000-{:012x}","contextActivities":{{"parent":[{{"id":"https://lms.example.com/course/{}"}}],"grouping":[{{"id":"https://lms.example.com/programme/{}"}}],"category":[{{"id":"https://w3id.org/xapi/cmi5/context/categories/cmi5"}},{{"id":"https://lms.example.com/goal/{}"}}]}},"platform":"lms"}},"timestamp":"{stored}","stored":"{stored}","authority":{{"objectType":"Agent","account":{{"homePage":"https://lms.example.com","name":"lms"}}}},"version":"1.0.3"}}"#,
        mixed >> 32,
        mixed >> 16 & 0xffff,
        mixed & 0xfff,
        mixed >> 5 & 0xfff,
        number,
        activity / 10,
        registration >> 32,
        registration & 0xffff_ffff_ffff,
        activity / 10,
        activity / 50,
        activity % 7,
    )
}

fn mix(number: u64) -> u64 {
    let mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb) ^ mixed >> 31
}

fn bytes_in(dir: &std::path::Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() { bytes_in(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}

/// Nothing here refers to a statement that is only in the log.
struct NoLog;

#[async_trait::async_trait]
impl RecordSource for NoLog {
    async fn values(&self, _: &[(u32, u64)]) -> Result<Vec<Bytes>, StoreError> {
        Err(StoreError::Backend("the log is not at hand".into()))
    }
}
