//! A log of made-up statements, and the rows that follow from it in batches of any size.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use plaudit_event::{Event, StatementEvent, TenantId};
use plaudit_log::{Batch, Confirmation, Log, LogError, Partition, Position, Records};
use plaudit_read_models::statements::NAME;
use plaudit_read_models::{Context, Generations, Progress, Reached, ReadModel, Recorded, Rows, statements};
use plaudit_store::{Generation, RecordSource, Row, Store, StoreError};
use plaudit_store_embedded::{EmbeddedStore, Options};
use plaudit_xapi::{Fingerprint, Ifi, StatementId, Timestamp, read_stored};
use proptest::prelude::*;
use tempfile::TempDir;
use uuid::Uuid;

use crate::cursor::Place;
use crate::{StatementQuery, Statements, StatementsOptions};

pub(super) const NOW: Timestamp = Timestamp::from_micros(9_000_000_000_000_000);

pub(super) fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

pub(super) fn id(number: u8) -> StatementId {
    Uuid::from_u128(0x4000_8000 << 64 | u128::from(number))
}

pub(super) fn agent_ifi(number: u8) -> Ifi<'static> {
    match number {
        0 => Ifi::Account { home_page: "http://h".into(), name: "0".into() },
        _ => Ifi::Mbox(format!("mailto:{number}@x").into()),
    }
}

fn agent(number: u8) -> String {
    match number {
        0 => r#"{"account":{"homePage":"http://h","name":"0"}}"#.to_owned(),
        _ => format!(r#"{{"mbox":"mailto:{number}@x"}}"#),
    }
}

/// Runs without the runtime's threads.
pub(super) fn run(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future);
}

/// A statement to be written.
#[derive(Clone, Debug)]
pub(super) struct Made {
    id: Uuid,
    actor: u8,
    verb: u8,
    object: MadeObject,
    context: Option<(u8, u8)>,
    registration: Option<u8>,
    /// How far its position is from the one before.
    step: u64,
    /// Bytes that say nothing.
    padding: usize,
}

#[derive(Clone, Debug)]
enum MadeObject {
    Activity(u8),
    Agent(u8),
    Group(u8, u8),
    Ref(u8),
    Void(u8),
    Sub(u8, u8),
}

pub(super) fn made() -> impl Strategy<Value = Made> {
    let number = || 0..3_u8;
    let target = || 0..20_u8;
    let object = prop_oneof![
        number().prop_map(MadeObject::Activity),
        number().prop_map(MadeObject::Agent),
        (number(), number()).prop_map(|(one, two)| MadeObject::Group(one, two)),
        target().prop_map(MadeObject::Ref),
        target().prop_map(MadeObject::Ref),
        target().prop_map(MadeObject::Void),
        (number(), number()).prop_map(|(one, two)| MadeObject::Sub(one, two)),
    ];
    let step =
        prop_oneof![4 => Just(1_u64), 1 => Just(300_u64), 1 => Just(40_000_u64), 1 => Just(200_000_u64)];
    let context = prop::option::of((number(), number()));
    (0..20_u8, number(), number(), object, context, prop::option::of(number()), step).prop_map(
        |(number, actor, verb, object, context, registration, step)| Made {
            id: id(number),
            actor,
            verb,
            object,
            context,
            registration,
            step,
            padding: 0,
        },
    )
}

impl Made {
    /// One of many statements of which some refer to others.
    pub(super) fn numbered(number: u32) -> Self {
        let part = |of: u32| (number.wrapping_mul(2_654_435_761) >> 7) % of;
        let small = |of| part(of) as u8;
        let object = match part(50) {
            0 => MadeObject::Ref(small(20)),
            1 if number > 100 => MadeObject::Void(small(20)),
            2 => MadeObject::Sub(small(3), small(2)),
            _ => MadeObject::Activity(small(5)),
        };
        // Every hundredth has an id that others refer to.
        let id = if number % 100 == 99 {
            id((number / 100) as u8)
        } else {
            Uuid::from_u128(1 << 90 | u128::from(number))
        };
        let context = (part(3) == 0).then(|| (small(4), small(5)));
        Self {
            id,
            actor: small(7),
            verb: small(11),
            object,
            context,
            registration: None,
            step: 1 + u64::from(part(60)),
            padding: 0,
        }
    }

    /// A statement far from the one before, which may void another.
    pub(super) fn in_own_chunk(number: u8, voids: Option<u8>) -> Self {
        let object = voids.map_or(MadeObject::Activity(1), MadeObject::Void);
        let (actor, verb) = (number % 3, number % 2);
        Self {
            id: id(number),
            actor,
            verb,
            object,
            context: None,
            registration: None,
            step: 70_000,
            padding: 0,
        }
    }

    /// The same, but larger.
    pub(super) fn padded(self, padding: usize) -> Self {
        Self { padding, ..self }
    }

    /// The same, but referring to nothing outside its partition of three.
    pub(super) fn within_partition(mut self) -> Self {
        let own = (self.id.as_u128() % 3) as u8;
        let moved = |target: u8| target / 3 * 3 + own;
        self.object = match self.object {
            MadeObject::Ref(target) => MadeObject::Ref(moved(target)),
            MadeObject::Void(target) => MadeObject::Void(moved(target)),
            other => other,
        };
        self
    }

    fn body(&self, stored: i64) -> String {
        let object = match &self.object {
            MadeObject::Activity(number) => format!(r#"{{"id":"http://a/{number}"}}"#),
            MadeObject::Agent(number) => agent(*number).replacen('{', r#"{"objectType":"Agent","#, 1),
            MadeObject::Group(one, two) => {
                format!(r#"{{"objectType":"Group","member":[{},{}]}}"#, agent(*one), agent(*two))
            }
            MadeObject::Ref(target) | MadeObject::Void(target) => {
                format!(r#"{{"objectType":"StatementRef","id":"{}"}}"#, id(*target))
            }
            MadeObject::Sub(actor, activity) => format!(
                r#"{{"objectType":"SubStatement","actor":{},"verb":{{"id":"http://v/9"}},"object":{{"id":"http://a/{activity}"}}}}"#,
                agent(*actor)
            ),
        };
        let verb = match self.object {
            MadeObject::Void(_) => plaudit_xapi::VOIDED.to_owned(),
            _ => format!("http://v/{}", self.verb),
        };
        let mut context = Vec::new();
        if let Some((instructor, parent)) = self.context {
            context.push(format!(r#""instructor":{}"#, agent(instructor)));
            context.push(format!(r#""contextActivities":{{"parent":[{{"id":"http://a/{parent}"}}]}}"#));
        }
        if let Some(number) = self.registration {
            context.push(format!(r#""registration":"{}""#, id(100 + number)));
        }
        if self.padding > 0 {
            context.push(format!(r#""extensions":{{"http://padding":"{}"}}"#, "x".repeat(self.padding)));
        }
        let stored = Timestamp::from_micros(stored);
        format!(
            r#"{{"id":"{}","actor":{},"verb":{{"id":"{verb}"}},"object":{object},"context":{{{}}},"stored":"{stored}","timestamp":"{stored}","authority":{{"mbox":"mailto:authority{}@x"}},"version":"1.0.3"}}"#,
            self.id,
            agent(self.actor),
            context.join(","),
            self.verb % 2
        )
    }
}

/// A record of the log.
#[derive(Clone)]
pub(super) struct Written {
    pub(super) place: Place,
    pub(super) body: Bytes,
}

/// A log, the rows that follow from it, and what answers from them.
pub(super) struct World {
    pub(super) records: Vec<Written>,
    pub(super) statements: Statements,
    partitions: u32,
    store: Arc<dyn Store>,
    progress: Progress,
    heads: Vec<u64>,
    _dir: TempDir,
}

impl World {
    /// Statements are stored in the order of the log, some at the same instant.
    pub(super) async fn new(partitions: u32, made: Vec<Made>) -> Self {
        let stored =
            (0..made.len()).map(|number| 1_700_000_000_000_000 + (number as i64) / 2 * 1000).collect();
        Self::stored_at(partitions, made, stored).await
    }

    /// Statements are stored by clocks that differ.
    pub(super) async fn with_clocks(partitions: u32, made: Vec<Made>, seed: u64) -> Self {
        let mut dice = Dice(seed);
        let jitter = |number: usize| (number as i64) * 1000 + dice.below(6000) as i64 / 500 * 500;
        let stored = (0..made.len()).map(jitter).map(|micros| 1_700_000_000_000_000 + micros).collect();
        Self::stored_at(partitions, made, stored).await
    }

    async fn stored_at(partitions: u32, made: Vec<Made>, stored: Vec<i64>) -> Self {
        let mut heads = vec![0_u64; partitions as usize];
        let mut records = Vec::new();
        for (made, stored) in made.iter().zip(stored) {
            let partition = (made.id.as_u128() % u128::from(partitions)) as u32;
            let head = &mut heads[partition as usize];
            let position = *head + made.step - 1;
            *head = position + 1;
            records.push(Written {
                place: Place { stored, partition, position },
                body: made.body(stored).into(),
            });
        }
        let dir = tempfile::tempdir().unwrap();
        let ledger = records
            .iter()
            .map(|record| ((record.place.partition, record.place.position), record.body.clone()));
        let ledger: Arc<dyn RecordSource> = Arc::new(Ledger(ledger.collect()));
        let store: Arc<dyn Store> =
            Arc::new(EmbeddedStore::open(dir.path(), Options::default(), Some(ledger)).unwrap());
        let progress = Progress::default();
        let statements = server(&store, &progress, &heads);
        Self { records, statements, partitions, store, progress, heads, _dir: dir }
    }

    /// Another server over the same rows.
    pub(super) fn server(&self) -> Statements {
        server(&self.store, &self.progress, &self.heads)
    }

    /// Applies the log in batches that the seed decides, some of them twice, some lost and done again.
    pub(super) async fn project(&self, seed: u64) {
        let mut dice = Dice(seed);
        for partition in 0..self.partitions {
            let records: Vec<&Written> =
                self.records.iter().filter(|record| record.place.partition == partition).collect();
            let mut model = statements::Statements::new(self.context(partition));
            self.store.create(model.tables()).await.unwrap();
            let mut at = 0;
            while at < records.len() {
                let most = if records.len() > 100 { 700 } else { 8 };
                let end = (at + 1 + dice.below(most)).min(records.len());
                if dice.below(5) == 0 {
                    // A batch is applied, but its rows are not written.
                    self.apply(&mut model, &records[at..end], Outcome::Lost).await;
                    model.forget();
                }
                if dice.below(5) == 0 {
                    model.forget();
                }
                // Deliver some of what was delivered before again.
                let again = at - dice.below(3).min(at);
                self.apply(&mut model, &records[again..end], Outcome::Kept).await;
                at = end;
            }
            let stored = records.iter().map(|record| record.place.stored).max().unwrap_or_default();
            let next = Position(self.heads[partition as usize]);
            let reached = Reached { next, stored: Timestamp::from_micros(stored) };
            self.progress.advance(NAME, partition, reached);
        }
    }

    async fn apply(&self, model: &mut statements::Statements, records: &[&Written], outcome: Outcome) {
        let recorded: Vec<Recorded<'_>> = records.iter().map(|record| recorded(record)).collect();
        let mut rows = Rows::new(self.store.clone(), Generation::default());
        model.apply(&recorded, &mut rows).await.unwrap();
        if outcome == Outcome::Kept {
            self.store.write(rows.into_writes()).await.unwrap();
        }
    }

    fn context(&self, partition: Partition) -> Context {
        Context {
            partition,
            generation: Generation::default(),
            tenant: None,
            store: self.store.clone(),
            generations: Generations::default(),
            time_zone: jiff::tz::TimeZone::UTC,
        }
    }

    /// The statements of all pages.
    pub(super) async fn pages(&self, query: &StatementQuery<'_>) -> Vec<Bytes> {
        let mut page = self.statements.find(&tenant(), query, None).await.unwrap();
        let mut all = page.statements.clone();
        while let Some(more) = &page.more {
            assert!(!page.statements.is_empty());
            page = self.statements.find_more(&tenant(), more, None).await.unwrap();
            all.extend(page.statements.clone());
        }
        all
    }

    /// All rows of all tables.
    pub(super) async fn rows(&self) -> HashMap<&'static str, Vec<Row>> {
        let mut all = HashMap::new();
        for table in statements::Statements::new(self.context(0)).tables() {
            let mut rows =
                self.store.scan(table, Generation::default(), None, usize::MAX).await.unwrap().rows;
            rows.sort_by_cached_key(|row| format!("{row:?}"));
            all.insert(table.name, rows);
        }
        all
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    Kept,
    Lost,
}

fn server(store: &Arc<dyn Store>, progress: &Progress, heads: &[u64]) -> Statements {
    Statements::new(StatementsOptions {
        store: store.clone(),
        log: Arc::new(Heads(heads.to_vec())),
        generations: Generations::default(),
        progress: progress.clone(),
        in_flight: Arc::new(|| NOW),
    })
}

fn recorded(record: &Written) -> Recorded<'_> {
    let statement = read_stored(&record.body).unwrap();
    Recorded {
        partition: record.place.partition,
        position: Position(record.place.position),
        event: Event::Statement(StatementEvent {
            tenant: tenant(),
            learner: "",
            stored: Timestamp::from_micros(record.place.stored),
            fingerprint: Fingerprint(record.place.position.into()),
            body: &record.body,
        }),
        statement: Some(statement),
    }
}

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ mixed >> 27) % end as u64) as usize
    }
}

struct Ledger(HashMap<(u32, u64), Bytes>);

#[async_trait::async_trait]
impl RecordSource for Ledger {
    async fn values(&self, places: &[(u32, u64)]) -> Result<Vec<Bytes>, StoreError> {
        Ok(places.iter().map(|place| self.0[place].clone()).collect())
    }
}

/// A log of which only the heads are asked.
struct Heads(Vec<u64>);

#[async_trait::async_trait]
impl Log for Heads {
    fn partitions(&self) -> u32 {
        self.0.len() as u32
    }

    fn append(&self, _: Batch) -> Confirmation {
        Box::pin(async { Err(LogError::Unconfirmed(None)) })
    }

    async fn read(&self, _: Partition, _: Position, _: usize) -> Result<Records, LogError> {
        Ok(Records::default())
    }

    async fn head(&self, partition: Partition) -> Result<Position, LogError> {
        Ok(Position(self.0[partition as usize]))
    }

    async fn wait_past(&self, partition: Partition, _: Position, _: Duration) -> Result<Position, LogError> {
        self.head(partition).await
    }
}
