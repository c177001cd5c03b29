//! Verifying finds rows that are not what the log says, and nothing else.

use plaudit_store::{Generation, Store, Write};
use plaudit_xapi::Timestamp;

use crate::tests::world::{COUNTS, World, caught_up, learner};
use crate::{Projector, Redo, Report, Verify, replay};

async fn check(world: &World, running: Option<&Projector>) -> Report {
    let options = Verify {
        log: world.log.clone(),
        store: world.store.clone(),
        scratch: world.scratch(),
        models: vec![world.make()],
        clock: std::sync::Arc::new(|| Timestamp::from_micros(1)),
        time_zone: jiff::tz::TimeZone::UTC,
    };
    replay(options, running).await.unwrap().compare().await.unwrap()
}

async fn tamper(world: &World, writes: Vec<Write>) {
    world.store.write(writes).await.unwrap();
}

#[tokio::test]
async fn good_rows_do_not_differ() {
    let mut world = World::new();
    world.append_many("t", 10, 1000).await;
    let projector = world.start().await;
    caught_up(&projector).await;
    let report = check(&world, Some(&projector)).await;
    assert_eq!((report.projections, report.records, report.rows, report.different), (1, 1000, 10, 0));
    world.append("t", &[&learner("l1")]).await;
    caught_up(&projector).await;
    projector.stop().await.unwrap();
}

#[tokio::test]
async fn changed_missing_and_added_rows_are_found() {
    let mut world = World::new();
    world.append("t", &[&learner("a"), &learner("b"), &learner("c")]).await;
    let projector = world.start().await;
    caught_up(&projector).await;
    projector.stop().await.unwrap();
    let generation = Generation(1);
    let row = |name: &str, count: i64| vec!["t".into(), learner(name).into(), count.into(), 0.into()];
    tamper(
        &world,
        vec![
            Write::Put { table: &COUNTS, generation, row: row("a", 7) },
            Write::Delete { table: &COUNTS, generation, key: row("b", 0)[..2].to_vec() },
            Write::Put { table: &COUNTS, generation, row: row("x", 1) },
        ],
    )
    .await;
    let report = check(&world, None).await;
    let mut found: Vec<_> = report
        .differences
        .iter()
        .map(|it| (it.key.as_str(), it.running.as_deref(), it.expected.as_deref()))
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("t, mailto:a@x.example", Some("7, 0"), Some("1, 0")),
            ("t, mailto:b@x.example", None, Some("1, 1")),
            ("t, mailto:x@x.example", Some("1, 0"), None),
        ]
    );
    assert_eq!((report.different, report.rows), (3, 3));
}

#[tokio::test]
async fn parked_and_skipped_records_are_no_differences() {
    let mut world = World::new();
    world.behaviour.poison.lock().extend([learner("p"), learner("s")]);
    world.append("t", &[&learner("a"), &learner("p"), &learner("s"), &learner("s")]).await;
    let projector = world.start().await;
    caught_up(&projector).await;
    world.behaviour.poison.lock().clear();
    projector.redo(None, "t", &learner("s"), Redo::Skip).await.unwrap();
    let report = check(&world, Some(&projector)).await;
    assert_eq!((report.different, report.rows), (0, 2));
    projector.stop().await.unwrap();
}
