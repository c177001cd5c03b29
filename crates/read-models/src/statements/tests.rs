//! What the rows say. That queries find what the standard says is tested where queries are.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use plaudit_event::{Event, StatementEvent};
use plaudit_store::{Generation, RecordSource, Store};
use plaudit_store_embedded::{EmbeddedStore, Options};
use plaudit_xapi::{Fingerprint, StatementId, Timestamp, read_stored};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::{Generations, Position};

const GENERATION: Generation = Generation(3);

fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn id(number: u32) -> StatementId {
    Uuid::from_u128(number.into())
}

/// A statement whose verb names it.
fn plain(number: u32) -> String {
    statement(number, &format!("http://v/{number}"), r#"{"id":"http://a/1"}"#)
}

fn referring(number: u32, target: u32) -> String {
    statement(number, &format!("http://v/{number}"), &reference(target))
}

fn voiding(number: u32, target: u32) -> String {
    statement(number, plaudit_xapi::VOIDED, &reference(target))
}

fn reference(target: u32) -> String {
    format!(r#"{{"objectType":"StatementRef","id":"{}"}}"#, id(target))
}

fn statement(number: u32, verb: &str, object: &str) -> String {
    format!(
        r#"{{"id":"{}","actor":{{"mbox":"mailto:a@x"}},"verb":{{"id":"{verb}"}},"object":{object}}}"#,
        id(number)
    )
}

struct Ledger(HashMap<(u32, u64), Bytes>);

#[async_trait::async_trait]
impl RecordSource for Ledger {
    async fn values(&self, places: &[(u32, u64)]) -> Result<Vec<Bytes>, StoreError> {
        Ok(places.iter().map(|place| self.0[place].clone()).collect())
    }
}

/// A log and its rows.
struct World {
    store: Arc<dyn Store>,
    _dir: TempDir,
}

impl World {
    /// Applies the statements in batches of `per_batch`.
    async fn of(bodies: &[String], per_batch: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ledger = (0..).zip(bodies).map(|(position, body)| ((0, position), Bytes::from(body.clone())));
        let ledger = Arc::new(Ledger(ledger.collect()));
        let store: Arc<dyn Store> =
            Arc::new(EmbeddedStore::open(dir.path(), Options::default(), Some(ledger)).unwrap());
        let mut model = Statements::new(Context {
            partition: 0,
            generation: GENERATION,
            tenant: None,
            store: store.clone(),
            generations: Generations::default(),
            time_zone: jiff::tz::TimeZone::UTC,
        });
        let recorded: Vec<Recorded<'_>> = (0..).zip(bodies).map(recorded).collect();
        for batch in recorded.chunks(per_batch) {
            let mut rows = Rows::new(store.clone(), GENERATION);
            model.apply(batch, &mut rows).await.unwrap();
            store.write(rows.into_writes()).await.unwrap();
        }
        Self { store, _dir: dir }
    }

    async fn is_voided(&self, number: u32) -> bool {
        voided(self.store.as_ref(), GENERATION, &tenant(), &[id(number)]).await.unwrap()[0]
    }

    /// The rows of both lists of a term.
    async fn rows(&self, term: Term) -> Vec<Vec<u64>> {
        let tenant = tenant();
        let mut rows = Vec::new();
        for lane in [Lane::Ordered, Lane::Late] {
            let order = Order::Ascending;
            let of = List {
                tenant: &tenant,
                term,
                lane,
                partition: 0,
                from: 0,
                to: u64::MAX,
                order,
                limit: usize::MAX,
            };
            rows.extend(
                list(self.store.as_ref(), GENERATION, of).await.unwrap().into_iter().map(|(_, row)| row),
            );
        }
        rows
    }

    async fn positions(&self, verb: u32) -> BTreeSet<u64> {
        let term = Term::iri(TermKind::Verb, &format!("http://v/{verb}"));
        self.rows(term).await.into_iter().flatten().collect()
    }
}

fn recorded((position, body): (u64, &String)) -> Recorded<'_> {
    Recorded {
        partition: 0,
        position: Position(position),
        event: Event::Statement(StatementEvent {
            tenant: tenant(),
            learner: "",
            stored: Timestamp::from_micros(1000 + position.cast_signed()),
            fingerprint: Fingerprint(position.into()),
            body: body.as_bytes(),
        }),
        statement: Some(read_stored(body.as_bytes()).unwrap()),
    }
}

#[tokio::test]
async fn the_first_record_with_an_id_counts() {
    let bodies = [plain(1), plain(2), referring(1, 2), plain(2)];
    for per_batch in [1, 4] {
        let world = World::of(&bodies, per_batch).await;
        let store = world.store.as_ref();
        let found = by_ids(store, GENERATION, &tenant(), &[id(2), id(9), id(1)]).await.unwrap();
        assert!(found[1].is_none());
        let expected = StoredStatement {
            fingerprint: Fingerprint(0),
            stored: Timestamp::from_micros(1000),
            partition: 0,
            position: Position(0),
            body: bodies[0].clone().into(),
        };
        assert_eq!(found[2], Some(expected));
        let all = duplicates(store, GENERATION, 0, Position(0)..Position(9)).await.unwrap();
        assert_eq!(all, [Position(2), Position(3)]);
        assert_eq!(duplicates(store, GENERATION, 0, Position(0)..Position(3)).await.unwrap(), [Position(2)]);
        assert_eq!(world.rows(Term::ALL).await, [[0, 1]]);
    }
}

#[tokio::test]
async fn a_statement_is_voided_in_any_order_of_arrival() {
    for per_batch in [1, 9] {
        let world = World::of(&[plain(1), voiding(2, 1), voiding(4, 3), plain(3)], per_batch).await;
        assert!(world.is_voided(1).await && world.is_voided(3).await);
        assert_eq!(world.rows(Term::VOIDED).await.concat(), [0, 3]);
    }
}

#[tokio::test]
async fn a_voiding_statement_is_never_voided() {
    let bodies = [plain(1), voiding(2, 1), voiding(3, 2), voiding(5, 4), voiding(4, 1), voiding(6, 6)];
    let world = World::of(&bodies, 2).await;
    for number in 2..=6 {
        assert!(!world.is_voided(number).await, "{number}");
    }
    assert!(world.is_voided(1).await);
    assert_eq!(world.rows(Term::VOIDED).await.concat(), [0]);
}

#[tokio::test]
async fn references_are_followed_so_far_and_no_further() {
    let last = u32::try_from(REFERENCE_STEPS_MAX).unwrap() + 5;
    let mut chain: Vec<String> = (1..=last).map(|number| referring(number, number - 1)).collect();
    chain.insert(0, plain(0));
    // Statement n is at position n, and finds its verb in those that are at most so many steps away.
    let forward = World::of(&chain, 7).await;
    let expected: BTreeSet<u64> = (0..=REFERENCE_STEPS_MAX as u64).collect();
    assert_eq!(forward.positions(0).await, expected);
    chain.reverse();
    let backward = World::of(&chain, 7).await;
    let expected: BTreeSet<u64> = expected.iter().map(|position| u64::from(last) - position).collect();
    assert_eq!(backward.positions(0).await, expected);
}

#[tokio::test]
async fn a_statement_is_once_in_the_lists_of_a_term() {
    // All have their actor in common, before and after the last makes a circle of them.
    let bodies = [referring(1, 2), referring(3, 1), referring(4, 3), referring(2, 4)];
    let world = World::of(&bodies, 3).await;
    let rows = world.rows(Term::ifi(TermKind::Agent, &plaudit_xapi::Ifi::Mbox("mailto:a@x".into()))).await;
    assert_eq!(rows.concat(), [0, 1, 2, 3]);
    for verb in 1..=4 {
        let rows = world.rows(Term::iri(TermKind::Verb, &format!("http://v/{verb}"))).await;
        assert_eq!(rows.concat().len(), 4, "{rows:?}");
    }
}

#[tokio::test]
async fn lists_are_cut_into_rows() {
    let bodies: Vec<String> = (0..600).map(plain).collect();
    for per_batch in [1, 100, 600] {
        let rows = World::of(&bodies, per_batch).await.rows(Term::ALL).await;
        assert_eq!(rows.iter().map(Vec::len).collect::<Vec<_>>(), [256, 256, 88]);
        assert!(rows.concat().iter().copied().eq(0..600));
    }
}

#[tokio::test]
async fn a_record_that_is_no_statement_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(dir.path(), Options::default(), None).unwrap());
    let mut model = Statements::new(Context {
        partition: 0,
        generation: GENERATION,
        tenant: None,
        store: store.clone(),
        generations: Generations::default(),
        time_zone: jiff::tz::TimeZone::UTC,
    });
    let body = plain(1);
    let mut record = recorded((7, &body));
    record.statement = None;
    let result = model.apply(&[record], &mut Rows::new(store, GENERATION)).await;
    assert!(matches!(result, Err(ApplyError::Poison { position: Position(7), .. })), "{result:?}");
}
