//! A rebuild runs beside what serves, and takes its place in one step.

use std::sync::atomic::Ordering;

use plaudit_event::TenantId;
use plaudit_store::Generation;

use crate::State;
use crate::tests::world::{PATIENCE, World, caught_up, counts, learner, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_while_records_come_in_leads_to_the_same_rows() {
    let mut world = World::new();
    world.append_many("t", 7, 5000).await;
    let projector = world.start().await;
    caught_up(&projector).await;
    let builds = projector.rebuild(None).await.unwrap();
    let mut seen = 0;
    while !projector.wait_built(&builds, std::time::Duration::from_millis(1)).await {
        world.append_many("t", 7, 7).await;
        let total: i64 = world.counts("t").await.values().sum();
        assert!(total >= seen, "who reads meanwhile never sees less than before: {total} after {seen}");
        seen = total;
    }
    caught_up(&projector).await;
    let serving = world.generations.serving("counts", &TenantId::new("t").unwrap());
    assert_eq!(serving, Generation(2));
    let total: i64 = world.counts("t").await.values().sum();
    let head = plaudit_log::Log::head(&*world.log, 0).await.unwrap();
    assert_eq!(total, head.0.cast_signed());

    until("the runner lets the old rows go", async || projector.drop_old(None).await.unwrap().len() == 1)
        .await;
    assert!(world.counts_of("t", Generation(1)).await.is_empty());
    assert_eq!(projector.status().await.unwrap().len(), 1);
    projector.stop().await.unwrap();
}

#[tokio::test]
async fn a_build_goes_on_after_a_restart() {
    let mut world = World::new();
    world.append("t", &[&learner("a")]).await;
    let projector = world.start().await;
    caught_up(&projector).await;
    projector.stop().await.unwrap();
    // Begun when no runner runs any more, so that only the next start can go on with it.
    let builds = projector.rebuild(Some("counts")).await.unwrap();
    assert_eq!((builds[0].number, builds[0].state), (Generation(2), State::Building));
    let projector = world.start().await;
    assert!(projector.wait_built(&builds, PATIENCE).await);
    assert_eq!(world.generations.serving("counts", &TenantId::new("t").unwrap()), Generation(2));
    projector.stop().await.unwrap();
}

#[tokio::test]
async fn a_new_version_of_a_read_model_rebuilds_by_itself() {
    let mut world = World::new();
    world.append("t", &[&learner("a")]).await;
    let projector = world.start().await;
    caught_up(&projector).await;
    projector.stop().await.unwrap();
    world.behaviour.version.store(2, Ordering::Relaxed);
    world.behaviour.bonus.store(100, Ordering::Relaxed);
    let projector = world.start().await;
    let t = TenantId::new("t").unwrap();
    until("the new version serves", async || world.generations.serving("counts", &t) == Generation(2)).await;
    assert_eq!(world.counts("t").await, counts(&[("a", 101)]));
    projector.stop().await.unwrap();
}

#[tokio::test]
async fn a_tenant_with_changed_definitions_gets_rows_of_its_own() {
    let mut world = World::new();
    world.append("t", &[&learner("a")]).await;
    world.append("u", &[&learner("b")]).await;
    let projector = world.start().await;
    caught_up(&projector).await;
    let (t, u) = (TenantId::new("t").unwrap(), TenantId::new("u").unwrap());
    world.behaviour.bonus.store(10, Ordering::Relaxed);
    world.behaviour.wanted.lock().push(t.clone());
    world.append_definition("t").await;
    until("the tenant's own rows serve", async || world.generations.serving("counts", &t) == Generation(2))
        .await;
    assert_eq!(world.generations.serving("counts", &u), Generation(1));
    world.append("t", &[&learner("a")]).await;
    world.append("u", &[&learner("b")]).await;
    caught_up(&projector).await;
    assert_eq!(world.counts("t").await, counts(&[("a", 12)]));
    assert_eq!(world.counts("u").await, counts(&[("b", 2)]));
    projector.stop().await.unwrap();

    // After a restart it is still so.
    let projector = world.start().await;
    world.append("t", &[&learner("a")]).await;
    caught_up(&projector).await;
    assert_eq!(world.counts("t").await, counts(&[("a", 13)]));

    // Rows for all tenants end what the tenant had of its own.
    let builds = projector.rebuild(None).await.unwrap();
    assert!(projector.wait_built(&builds, PATIENCE).await);
    assert_eq!(world.generations.serving("counts", &t), Generation(3));
    assert_eq!(world.counts("t").await, counts(&[("a", 13)]));
    projector.stop().await.unwrap();
}

#[tokio::test]
async fn an_unknown_read_model_is_named() {
    let mut world = World::new();
    let projector = world.start().await;
    let error = projector.rebuild(Some("count")).await.expect_err("there is none");
    assert_eq!(error.to_string(), "no read model is called `count`; there are counts");
    projector.stop().await.unwrap();
}
