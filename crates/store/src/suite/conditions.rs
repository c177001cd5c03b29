//! Compare and set.

use std::sync::Arc;

use super::Factory;
use super::given::{Given, assert_mismatch};
use crate::{Access, Column, Condition, Generation, Kind, Row, Store, Table, Value};

static COUNTERS: Table = Table {
    name: "suite_counters",
    version: 1,
    doc: "Numbers by name.",
    access: Access::Ordered,
    partition_key: &[Column::new("name", Kind::Text, "Of what.")],
    clustering_key: &[],
    columns: &[Column::new("number", Kind::Int, "How many."), Column::new("by", Kind::Int, "Who set it.")],
};

fn counter(number: i64) -> Row {
    vec!["clicks".into(), number.into(), Value::Null]
}

/// A row is set where there is none; where there is one, it stays and is returned.
pub async fn an_absent_row_is_set_once(factory: &impl Factory) {
    let given = Given::tables(factory, &[&COUNTERS]).await;
    let set =
        |number| given.store.compare_and_set(&COUNTERS, given.generation, counter(number), Condition::Absent);
    assert_eq!(set(1).await.expect("asked"), Ok(()));
    assert_eq!(set(2).await.expect("asked"), Err(Some(counter(1))));
    assert_eq!(given.get(&COUNTERS, vec!["clicks".into()]).await, Some(counter(1)));
    given.delete(&COUNTERS, vec!["clicks".into()]).await;
    assert_eq!(set(3).await.expect("asked"), Ok(()));
    let given = given.reopened().await;
    assert_eq!(given.get(&COUNTERS, vec!["clicks".into()]).await, Some(counter(3)));
}

/// A row is replaced if a column has the expected value, and not if there is no row.
pub async fn a_present_row_is_set_if_it_equals(factory: &impl Factory) {
    let given = Given::tables(factory, &[&COUNTERS]).await;
    let set = async |expected: Value, number| {
        let condition = Condition::Equals { column: "number", value: &expected };
        given.store.compare_and_set(&COUNTERS, given.generation, counter(number), condition).await
    };
    assert_eq!(set(0.into(), 1).await.expect("asked"), Err(None));
    given.put(&COUNTERS, [counter(1)]).await;
    assert_eq!(set(0.into(), 2).await.expect("asked"), Err(Some(counter(1))));
    assert_eq!(set(1.into(), 2).await.expect("asked"), Ok(()));
    assert_eq!(set(Value::Null, 3).await.expect("asked"), Err(Some(counter(2))));
    let condition = Condition::Equals { column: "by", value: &Value::Null };
    let answer = given.store.compare_and_set(&COUNTERS, given.generation, counter(4), condition).await;
    assert_eq!(answer.expect("asked"), Ok(()));
    assert_eq!(given.get(&COUNTERS, vec!["clicks".into()]).await, Some(counter(4)));
    let condition = Condition::Equals { column: "nobody", value: &Value::Null };
    assert_mismatch(given.store.compare_and_set(&COUNTERS, given.generation, counter(5), condition).await);
}

/// Increments by many at once are all counted.
pub async fn concurrent_increments_all_count(factory: &impl Factory) {
    const WRITERS: i64 = 32;
    let given = Given::tables(factory, &[&COUNTERS]).await;
    given.put(&COUNTERS, [counter(0)]).await;
    let writers: Vec<_> =
        (0..WRITERS).map(|_| tokio::spawn(increment(given.store.clone(), given.generation))).collect();
    for writer in writers {
        writer.await.expect("an increment does not panic");
    }
    assert_eq!(given.get(&COUNTERS, vec!["clicks".into()]).await, Some(counter(WRITERS)));
}

/// Of many who set the same absent row at once, one succeeds and the others get its row.
pub async fn concurrent_claims_have_one_winner(factory: &impl Factory) {
    let given = Given::tables(factory, &[&COUNTERS]).await;
    let claims: Vec<_> = (0..16)
        .map(|number| {
            let (store, generation) = (given.store.clone(), given.generation);
            tokio::spawn(async move {
                store.compare_and_set(&COUNTERS, generation, counter(number), Condition::Absent).await
            })
        })
        .collect();
    let (mut winners, mut seen) = (0, Vec::new());
    for claim in claims {
        match claim.await.expect("a claim does not panic").expect("asked") {
            Ok(()) => winners += 1,
            Err(present) => seen.push(present),
        }
    }
    let row = given.get(&COUNTERS, vec!["clicks".into()]).await;
    assert_eq!(winners, 1);
    assert!(seen.iter().all(|present| *present == row), "{seen:?} are all {row:?}");
}

async fn increment(store: Arc<impl Store>, generation: Generation) {
    let mut number = 0;
    loop {
        let condition = Condition::Equals { column: "number", value: &Value::Int(number) };
        let answer = store.compare_and_set(&COUNTERS, generation, counter(number + 1), condition).await;
        match answer.expect("asked") {
            Ok(()) => return,
            Err(present) => {
                let present = present.expect("the counter is never deleted");
                number = present[1].as_int().expect("a number");
            }
        }
    }
}
