//! A projector that ends at any point, or whose store fails for a while, loses nothing and counts nothing twice.

use std::sync::Arc;

use crate::tests::faults::{Fault, Faulty};
use crate::tests::world::{PATIENCE, World, caught_up, counts, learner, until};

/// More store calls than the records below take in batches of one.
const CALLS: i64 = 12;

#[tokio::test]
async fn rows_follow_the_log() {
    let mut world = World::new();
    world.append("t", &[&learner("a"), &learner("b"), &learner("a")]).await;
    let projector = world.start().await;
    caught_up(&projector).await;
    assert_eq!(world.counts("t").await, counts(&[("a", 2), ("b", 1)]));
    world.append("t", &[&learner("b")]).await;
    caught_up(&projector).await;
    assert_eq!(world.counts("t").await, counts(&[("a", 2), ("b", 2)]));
    projector.stop().await.unwrap();
}

#[tokio::test]
async fn a_crash_at_any_call_of_the_store_counts_nothing_twice() {
    for fault in [Fault::Before, Fault::Halfway, Fault::After] {
        let mut world = World::new();
        let mut expected = 0;
        for calls in 0..CALLS {
            let faulty = Arc::new(Faulty::new(world.store.clone(), fault, i64::MAX));
            let projector = world.start_over(faulty.clone()).await;
            caught_up(&projector).await;
            faulty.allow(calls);
            // One batch at a time, each with calls of its own, until the calls run out.
            while !faulty.has_failed() {
                world.append("t", &[&learner("a"), &learner("b")]).await;
                expected += 1;
                let head = 2 * u64::try_from(expected).unwrap();
                let absorbed = || world.progress.reached("counts", 0).next.0 >= head;
                until("rows follow or the store fails", async || faulty.has_failed() || absorbed()).await;
            }
            projector.stop().await.unwrap();
        }
        let projector = world.start().await;
        caught_up(&projector).await;
        assert_eq!(world.counts("t").await, counts(&[("a", expected), ("b", expected)]), "{fault:?}");
        projector.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_store_that_fails_for_a_while_holds_rows_up_and_no_more() {
    let mut world = World::new();
    let faulty = Arc::new(Faulty::new(world.store.clone(), Fault::Halfway, i64::MAX));
    let projector = world.start_over(faulty.clone()).await;
    faulty.allow(0);
    world.append("t", &[&learner("a"), &learner("a")]).await;
    until("the store fails", async || faulty.has_failed()).await;
    assert_eq!(world.progress.reached("counts", 0).next.0, 0);
    faulty.allow(i64::MAX);
    caught_up(&projector).await;
    assert_eq!(world.counts("t").await, counts(&[("a", 2)]));
    projector.stop().await.unwrap();
}

#[tokio::test]
async fn rows_of_another_log_are_built_again() {
    let mut world = World::new();
    world.append("t", &[&learner("a"), &learner("a")]).await;
    let projector = world.start().await;
    caught_up(&projector).await;
    projector.stop().await.unwrap();

    let other = World::new();
    other.append("t", &[&learner("z")]).await;
    world.log = other.log.clone();
    let projector = world.start().await;
    caught_up(&projector).await;
    assert_eq!(world.counts("t").await, counts(&[("z", 1)]));
    projector.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_absorbed_is_told_with_its_stored_time() {
    let mut world = World::new();
    world.append_many("t", 3, 10).await;
    let projector = world.start().await;
    assert!(world.progress.wait("counts", 0, plaudit_log::Position(10), PATIENCE).await);
    let reached = world.progress.reached("counts", 0);
    assert_eq!((reached.next.0, reached.stored.as_micros()), (10, 9));
    projector.refresh_metrics().await.unwrap();
    let status = &projector.status().await.unwrap()[0];
    assert_eq!((status.next, status.head, status.lag_positions, status.events), (10, 10, 0, 10));
    projector.stop().await.unwrap();
    assert_eq!(projector.check(), Err("the runner of `counts/0` has ended".to_owned()));
}
