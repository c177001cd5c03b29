//! What ingest promises, over the embedded log and logs that fail.

mod world;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::{join, join_all};
use plaudit_event::{DefinitionEvent, DefinitionKind, TenantId};
use plaudit_log::{Appended, LogError, Position};
use plaudit_xapi::{StatementId, Timestamp, read_stored};
use proptest::prelude::*;

use self::world::{body, gated, ids, in_flight, logged, over, send, store, world};
use crate::{IngestError, Limits};

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
