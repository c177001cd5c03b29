//! How fast the read model `engagement` takes up a log, with the default definitions.
//!
//! `cargo run --release -p plaudit-read-models --example engagement_speed -- [statements] [statements per batch] [learners]`

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plaudit_event::{Event, StatementEvent, TenantId};
use plaudit_read_models::engagement::Engagement;
use plaudit_read_models::{Context, Generations, Position, ReadModel, Recorded, Rows};
use plaudit_store::{Generation, Store};
use plaudit_store_embedded::{EmbeddedStore, Options};
use plaudit_xapi::{Fingerprint, Timestamp, read_stored};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ACTIVITIES: u64 = 200;
const VERBS: [&str; 8] =
    ["experienced", "launched", "attempted", "answered", "progressed", "completed", "passed", "shared"];
/// The log spans about a year, whatever its length.
const SPAN_MICROS: u64 = 365 * 86_400_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |at: usize, otherwise: u64| {
        std::env::args().nth(at).map_or(Ok(otherwise), |number| number.parse::<u64>())
    };
    let play = Play {
        statements: argument(1, 500_000)?,
        per_batch: argument(2, 65_536)?,
        learners: argument(3, 10_000)?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(project(&play))
}

struct Play {
    statements: u64,
    per_batch: u64,
    learners: u64,
}

async fn project(play: &Play) -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir_in(".")?;
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(dir.path(), Options::default(), None)?);
    let context = Context {
        partition: 0,
        generation: Generation::default(),
        tenant: None,
        store: store.clone(),
        generations: Generations::default(),
        time_zone: jiff::tz::TimeZone::UTC,
    };
    let mut model = Engagement::new(context);
    store.create(model.tables()).await?;
    let (tenant, mut out) = (TenantId::new("acme")?, std::io::stdout());
    let (mut apply, mut write, mut rows_written) = (Duration::ZERO, Duration::ZERO, 0);
    for first in (0..play.statements).step_by(usize::try_from(play.per_batch)?) {
        let numbers = first..play.statements.min(first + play.per_batch);
        let bodies: Vec<String> = numbers.map(|number| play.body(number)).collect();
        let events = play.recorded(first, &bodies, &tenant)?;
        let start = Instant::now();
        let mut rows = Rows::new(store.clone(), Generation::default());
        model.apply(&events, &mut rows).await?;
        let writes = rows.into_writes();
        apply += start.elapsed();
        rows_written += writes.len();
        let start = Instant::now();
        store.write(writes).await?;
        write += start.elapsed();
        if (first / play.per_batch).is_multiple_of((play.statements / play.per_batch / 8).max(1)) {
            let done = first + events.len() as u64;
            writeln!(out, "{done}: apply {} ns, write {} ns", per(apply, done), per(write, done))?;
        }
    }
    let rate = play.statements as f64 / (apply + write).as_secs_f64();
    writeln!(out, "{rate:.0} statements/s, {rows_written} rows")?;
    Ok(())
}

fn per(time: Duration, statements: u64) -> u128 {
    time.as_nanos() / u128::from(statements.max(1))
}

impl Play {
    fn recorded<'a>(
        &self,
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
                    stored: self.time(position),
                    fingerprint: Fingerprint(u128::from(position)),
                    body: body.as_bytes(),
                }),
                statement: Some(read_stored(body.as_bytes())?),
            })
        };
        (first..).zip(bodies).map(record).collect()
    }

    fn time(&self, number: u64) -> Timestamp {
        let micros = SPAN_MICROS / self.statements.max(1) * number;
        Timestamp::from_micros(1_700_000_000_000_000 + micros.cast_signed())
    }

    fn body(&self, number: u64) -> String {
        let mixed = mix(number);
        let (learner, activity) = (mixed % self.learners, (mixed >> 20) % ACTIVITIES);
        let verb = VERBS[usize::try_from((mixed >> 40) % VERBS.len() as u64).unwrap_or_default()];
        let time = self.time(number);
        format!(
            r#"{{"id":"00000000-0000-4000-8000-{number:012x}","actor":{{"account":{{"homePage":"https://people.example.com","name":"employee-{learner}"}}}},"verb":{{"id":"http://adlnet.gov/expapi/verbs/{verb}"}},"object":{{"id":"https://lms.example.com/module/{activity}","definition":{{"type":"http://adlnet.gov/expapi/activities/module"}}}},"result":{{"score":{{"scaled":0.{}}}}},"context":{{"contextActivities":{{"parent":[{{"id":"https://lms.example.com/course/{}"}}]}},"platform":"lms"}},"timestamp":"{time}","stored":"{time}","version":"1.0.3"}}"#,
            mixed % 9,
            activity / 10,
        )
    }
}

fn mix(number: u64) -> u64 {
    let mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb) ^ mixed >> 31
}
