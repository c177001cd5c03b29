//! A record that cannot be applied parks its learner, and nobody else.

use plaudit_log::{Batch, Log};

use crate::tests::world::{World, caught_up, counts, learner, until};
use crate::{DeadLetter, Redo, Redone};

fn letter(position: u64, waiting: u64, reason: &str) -> DeadLetter {
    DeadLetter {
        model: "counts",
        generation: 1,
        tenant: "t".to_owned(),
        learner: learner("bad"),
        partition: 0,
        position,
        reason: reason.to_owned(),
        waiting,
        skipped: 0,
    }
}

#[tokio::test]
async fn poison_stops_one_learner() {
    let mut world = World::new();
    world.behaviour.poison.lock().insert(learner("bad"));
    world.append("t", &[&learner("a"), &learner("bad"), &learner("b"), &learner("bad"), &learner("a")]).await;
    let projector = world.start().await;
    caught_up(&projector).await;
    world.append("t", &[&learner("bad"), &learner("b")]).await;
    caught_up(&projector).await;
    assert_eq!(world.counts("t").await, counts(&[("a", 2), ("b", 2)]));
    assert_eq!(projector.dead_letters().await.unwrap(), [letter(1, 2, "bad verb")]);
    assert_eq!(projector.status().await.unwrap()[0].parked_learners, 1);
    projector.stop().await.unwrap();

    // Parked learners stay parked over a restart, and are retried in order.
    let projector = world.start().await;
    world.append("t", &[&learner("bad")]).await;
    caught_up(&projector).await;
    let retry = || projector.redo(None, "t", "mailto:bad@x.example", Redo::Retry);
    assert_eq!(retry().await.unwrap(), Redone { applied: 0, skipped: 0, parked: 4 });
    world.behaviour.poison.lock().clear();
    assert_eq!(retry().await.unwrap(), Redone { applied: 4, skipped: 0, parked: 0 });
    assert_eq!(projector.dead_letters().await.unwrap(), []);
    world.append("t", &[&learner("bad")]).await;
    caught_up(&projector).await;
    assert_eq!(world.counts("t").await, counts(&[("a", 2), ("b", 2), ("bad", 5)]));
    let nothing = retry().await.expect_err("nothing is parked");
    assert_eq!(nothing.to_string(), "nothing of learner `mailto:bad@x.example` of tenant `t` is parked");
    projector.stop().await.unwrap();
}

#[tokio::test]
async fn a_skipped_record_is_left_out_for_good() {
    let mut world = World::new();
    let mut batch = Batch::default();
    batch.push(b"t\0mailto:bad@x.example", &[("kind", b"statement"), ("version", b"1")], |_| {});
    world.log.append(batch).await.unwrap();
    world.append("t", &[&learner("bad"), &learner("a"), &learner("bad")]).await;
    let projector = world.start().await;
    caught_up(&projector).await;
    assert_eq!(world.counts("t").await, counts(&[("a", 1)]));
    let reason = "header `stored` is missing or malformed";
    assert_eq!(projector.dead_letters().await.unwrap(), [letter(0, 2, reason)]);
    let skip = projector.redo(Some("counts"), "t", "mailto:bad@x.example", Redo::Skip).await;
    assert_eq!(skip.unwrap(), Redone { applied: 2, skipped: 1, parked: 0 });
    assert_eq!(world.counts("t").await, counts(&[("a", 1), ("bad", 2)]));
    assert_eq!(projector.dead_letters().await.unwrap(), []);
    projector.stop().await.unwrap();
}

#[tokio::test]
async fn a_panic_is_poison_too() {
    let mut world = World::new();
    world.behaviour.panics.lock().insert(learner("l3"));
    world.append_many("t", 5, 1000).await;
    let projector = world.start().await;
    caught_up(&projector).await;
    let expected: &[(&str, i64)] = &[("l0", 200), ("l1", 200), ("l2", 200), ("l4", 200)];
    assert_eq!(world.counts("t").await, counts(expected));
    let letters = projector.dead_letters().await.unwrap();
    let [letter] = letters.as_slice() else { panic!("one learner is parked, not {letters:?}") };
    assert_eq!((letter.position, letter.waiting), (3, 199));
    assert_eq!(letter.reason, "the read model panicked: this learner is too much");
    projector.stop().await.unwrap();
}

#[tokio::test]
async fn a_rebuild_gives_every_record_another_chance() {
    let mut world = World::new();
    world.behaviour.poison.lock().insert(learner("bad"));
    world.append("t", &[&learner("bad")]).await;
    let projector = world.start().await;
    caught_up(&projector).await;
    world.behaviour.poison.lock().clear();
    let builds = projector.rebuild(None).await.unwrap();
    assert!(projector.wait_built(&builds, crate::tests::world::PATIENCE).await);
    until("nothing is parked", async || projector.dead_letters().await.unwrap().is_empty()).await;
    assert_eq!(world.counts("t").await, counts(&[("bad", 1)]));
    projector.stop().await.unwrap();
}
