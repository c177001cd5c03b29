//! Rows of some learners who do this and that.

use std::sync::Arc;

use jiff::tz::TimeZone;
use plaudit_event::{DefinitionEvent, DefinitionKind, Event, StatementEvent, TenantId};
use plaudit_log::Position;
use plaudit_read_models::definitions::Definitions;
use plaudit_read_models::statements::Statements;
use plaudit_read_models::{
    Context, Generations, ReadModel, Recorded, Rows, definitions, engagement, statements,
};
use plaudit_store::{Generation, Store};
use plaudit_store_embedded::{EmbeddedStore, Options};
use plaudit_xapi::{Fingerprint, Timestamp, read_stored};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::engagement::Engagement;

const GENERATION: Generation = Generation(1);
const LEARNERS: u64 = 40;
const STATEMENTS: u64 = 600;
const DAY_MICROS: i64 = 86_400_000_000;
/// 2026-01-01T00:00:00Z.
const START_MICROS: i64 = 1_767_225_600_000_000;
/// Over which the statements are spread.
const DAYS: i64 = 120;

const COURSE: &str = r#"{"id":"course","title":"The course","dormant_after":"P15D","stages":[
    {"id":"in","title":"In"},
    {"id":"half","match":{"verb":["http://v.example/answered"]},"count":3},
    {"id":"out","match":{"verb":["http://v.example/passed"]},"within":"P12D"}]}"#;
const ANYHOW: &str = r#"{"id":"anyhow","order":"any","stages":[
    {"id":"asked","match":{"verb":["http://v.example/asked"]}},
    {"id":"passed","match":{"verb":["http://v.example/passed"]}}]}"#;
const PAIR: &str =
    r#"{"id":"pair","match":{"verb":["http://v.example/passed"]},"count":2,"repeatable":true,"points":3}"#;
const ONE: &str = r#"{"id":"one","match":{"verb":["http://v.example/asked"]},"count":1}"#;
const SOON: &str = r#"{"id":"soon","due_within":"P10D","match":{"verb":["http://v.example/praised"]}}"#;

/// Rows, and what answers from them.
pub(super) struct World {
    pub(super) queries: Engagement,
    pub(super) tenant: TenantId,
    _dir: TempDir,
}

pub(super) fn instant(day: i64) -> Timestamp {
    Timestamp::from_micros(START_MICROS + day * DAY_MICROS)
}

impl World {
    pub(super) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(EmbeddedStore::open(dir.path(), Options::default(), None).unwrap());
        let generations = Generations::default();
        for model in [statements::NAME, definitions::NAME, engagement::NAME] {
            generations.serve(model, None, GENERATION);
        }
        let context = Context {
            partition: 0,
            generation: GENERATION,
            tenant: None,
            store: store.clone(),
            generations: generations.clone(),
            time_zone: TimeZone::UTC,
        };
        let tenant = TenantId::new("acme").unwrap();
        let bodies: Vec<String> = (0..STATEMENTS).map(body).collect();
        let events = events(&tenant, &bodies);
        let models: [&mut dyn ReadModel; 3] = [
            &mut Statements::new(context.clone()),
            &mut Definitions,
            &mut engagement::Engagement::new(context),
        ];
        for model in models {
            let mut rows = Rows::new(store.clone(), GENERATION);
            model.apply(&events, &mut rows).await.unwrap();
            store.write(rows.into_writes()).await.unwrap();
        }
        Self { queries: Engagement::new(store, generations), tenant, _dir: dir }
    }
}

fn events<'a>(tenant: &TenantId, bodies: &'a [String]) -> Vec<Recorded<'a>> {
    let definitions = [
        (DefinitionKind::Funnel, "course", COURSE),
        (DefinitionKind::Funnel, "anyhow", ANYHOW),
        (DefinitionKind::Achievement, "pair", PAIR),
        (DefinitionKind::Achievement, "one", ONE),
        (DefinitionKind::Recognition, "soon", SOON),
    ];
    let definition = |(kind, id, document): (DefinitionKind, &str, &str)| {
        let document = Some(RawValue::from_string(document.to_owned()).unwrap());
        let (tenant, id, at) = (tenant.clone(), id.to_owned(), Timestamp::default());
        (Event::Definition(DefinitionEvent { tenant, kind, id, version: 1, at, document }), None)
    };
    let statement = |body: &'a String| {
        let statement = read_stored(body.as_bytes()).unwrap();
        let event = Event::Statement(StatementEvent {
            tenant: tenant.clone(),
            learner: "",
            stored: statement.stored.unwrap(),
            fingerprint: Fingerprint(1),
            body: body.as_bytes(),
        });
        (event, Some(statement))
    };
    let all = definitions.into_iter().map(definition).chain(bodies.iter().map(statement));
    let recorded = |((event, statement), position)| Recorded {
        partition: 0,
        position: Position(position),
        event,
        statement,
    };
    all.zip(0..).map(recorded).collect()
}

fn body(number: u64) -> String {
    let mixed = mix(number);
    let verb = ["asked", "answered", "answered", "answered", "passed", "passed", "praised", "voided"]
        [(mixed >> 8) as usize % 8];
    let day = (mixed >> 16) as i64 % DAYS;
    let mut body = json!({
        "id": id(number),
        "actor": agent(mixed % LEARNERS),
        "verb": { "id": format!("http://v.example/{verb}") },
        "object": { "id": format!("http://a.example/{}", mixed % 5) },
        "timestamp": instant(day).to_string(),
        "stored": Timestamp::from_micros(instant(DAYS).as_micros() + number as i64).to_string(),
    });
    // Some do it in German.
    if mixed.is_multiple_of(3) {
        body["context"] = json!({ "language": "de" });
    }
    let target = mixed >> 24;
    match verb {
        "praised" if target.is_multiple_of(2) => body["object"] = agent(target % LEARNERS),
        "praised" => body["object"] = reference(target % STATEMENTS),
        "voided" => {
            body["verb"] = json!({ "id": "http://adlnet.gov/expapi/verbs/voided" });
            body["object"] = reference(target % STATEMENTS);
        }
        _ => {}
    }
    body.to_string()
}

fn agent(number: u64) -> Value {
    json!({ "objectType": "Agent", "mbox": format!("mailto:{number}@a.example") })
}

fn reference(number: u64) -> Value {
    json!({ "objectType": "StatementRef", "id": id(number) })
}

fn id(number: u64) -> uuid::Uuid {
    uuid::Uuid::from_u128(0x4000_8000 << 64 | u128::from(number))
}

fn mix(number: u64) -> u64 {
    let mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb) >> 1
}
