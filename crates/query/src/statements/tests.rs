//! Answers are those of a slow, obvious model, however the statements came.

mod model;
mod world;

use plaudit_xapi::{Ifi, Timestamp};
use proptest::prelude::*;

use self::model::Model;
use self::world::{Made, World, agent_ifi, id, made, run, tenant};
use super::{BODIES_BYTES_MAX, Format, Settings, StatementQuery};
use crate::QueryError;

/// What is asked after each history: each filter, and pairs of them.
fn queries() -> Vec<StatementQuery<'static>> {
    let none = StatementQuery::default;
    let mut queries = vec![none()];
    for number in 0..3_u8 {
        let agent = Some(agent_ifi(number));
        let activity = Some(format!("http://a/{number}"));
        let verb = Some(format!("http://v/{number}"));
        queries.extend([
            StatementQuery { agent: agent.clone(), ..none() },
            StatementQuery { agent: agent.clone(), related_agents: true, ..none() },
            StatementQuery { activity: activity.clone(), ..none() },
            StatementQuery { activity: activity.clone(), related_activities: true, ..none() },
            StatementQuery { verb: verb.clone(), ..none() },
            StatementQuery { registration: Some(id(100 + number)), ..none() },
            StatementQuery { agent: agent.clone(), verb: verb.clone(), ..none() },
            StatementQuery { agent, activity, related_activities: true, related_agents: true, ..none() },
        ]);
    }
    queries.push(StatementQuery { verb: Some(plaudit_xapi::VOIDED.to_owned()), ..none() });
    queries
}

async fn check_all(world: &World, model: &Model, limits: &[u32]) {
    for query in queries() {
        for ascending in [false, true] {
            for limit in limits {
                let query = StatementQuery { ascending, limit: *limit, ..query.clone() };
                check(world, model, query).await;
            }
        }
    }
    for number in 0..20 {
        let settings = Settings::default();
        let found = world.statements.by_id(&tenant(), id(number), &settings, None).await.unwrap();
        assert_eq!(found, model.by_id(id(number), false), "by id {number}");
        let found = world.statements.voided_by_id(&tenant(), id(number), &settings, None).await.unwrap();
        assert_eq!(found, model.by_id(id(number), true), "voided by id {number}");
    }
}

/// All pages of the query, and those between two instants, are what the model says.
async fn check(world: &World, model: &Model, query: StatementQuery<'static>) {
    assert_eq!(world.pages(&query).await, model.find(&query), "{query:?}");
    let Some((since, until)) = model.middle() else { return };
    for (since, until) in [(Some(since), None), (None, Some(until)), (Some(since), Some(until))] {
        let query = StatementQuery { since, until, ..query.clone() };
        assert_eq!(world.pages(&query).await, model.find(&query), "{query:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_those_of_the_model(made in prop::collection::vec(made(), 1..40), seed: u64) {
        run(async {
            let world = World::new(1, made.clone()).await;
            world.project(seed).await;
            check_all(&world, &Model::of(&world), &[0, 3]).await;
        });
    }

    #[test]
    fn several_partitions_and_clocks_are_merged(made in prop::collection::vec(made(), 1..40), seed: u64) {
        run(async {
            let made: Vec<Made> = made.into_iter().map(Made::within_partition).collect();
            let world = World::with_clocks(3, made, seed).await;
            world.project(seed).await;
            check_all(&world, &Model::of(&world), &[0, 2]).await;
        });
    }

}

proptest! {
    // Every comparison makes the store seal its tables, which waits for the disk.
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn rows_depend_on_nothing_but_the_log(made in prop::collection::vec(made(), 1..40), one: u64, two: u64) {
        run(async {
            let world = World::new(1, made.clone()).await;
            world.project(one).await;
            let other = World::new(1, made).await;
            other.project(two).await;
            assert_eq!(world.rows().await, other.rows().await);
        });
    }
}

#[test]
fn long_lists_are_read_row_by_row() {
    let made: Vec<Made> = (0..1500_u32).map(Made::numbered).collect();
    run(async {
        let world = World::new(1, made).await;
        world.project(7).await;
        check_all(&world, &Model::of(&world), &[0]).await;
    });
}

#[test]
fn statements_of_many_chunks_are_voided() {
    let plain = (0..20).map(|number| Made::in_own_chunk(number, None));
    let voiding =
        (0..20).filter(|number| number % 7 != 3).map(|number| Made::in_own_chunk(number + 50, Some(number)));
    run(async {
        let world = World::new(1, plain.chain(voiding).collect()).await;
        world.project(3).await;
        check_all(&world, &Model::of(&world), &[0, 2]).await;
    });
}

#[test]
fn a_cursor_goes_on_on_another_server_and_for_its_tenant_only() {
    run(async {
        let world = World::new(1, (0..30).map(Made::numbered).collect()).await;
        world.project(1).await;
        let query = StatementQuery { limit: 5, ..StatementQuery::default() };
        let page = world.statements.find(&tenant(), &query, None).await.unwrap();
        let more = page.more.unwrap();
        let again = world.server().find_more(&tenant(), &more, None).await.unwrap();
        assert_eq!(again, world.statements.find_more(&tenant(), &more, None).await.unwrap());
        assert_eq!(again.statements, Model::of(&world).find(&query)[5..10]);
        let other = plaudit_event::TenantId::new("other").unwrap();
        let refused = world.statements.find_more(&other, &more, None).await;
        assert!(matches!(refused, Err(QueryError::Cursor)), "{refused:?}");
        let nothing = world.statements.find(&other, &query, None).await.unwrap();
        assert!(nothing.statements.is_empty() && nothing.more.is_none());
    });
}

#[test]
fn a_page_ends_early_when_its_statements_are_large() {
    let large = (0..5).map(|number| Made::in_own_chunk(number, None).padded(BODIES_BYTES_MAX / 2 - 1000));
    let larger = (5..7).map(|number| Made::in_own_chunk(number, None).padded(BODIES_BYTES_MAX + 1));
    run(async {
        let world = World::new(1, large.chain(larger).collect()).await;
        world.project(1).await;
        let query = StatementQuery { ascending: true, ..StatementQuery::default() };
        let mut page = world.statements.find(&tenant(), &query, None).await.unwrap();
        let mut lengths = vec![page.statements.len()];
        while let Some(more) = &page.more {
            page = world.statements.find_more(&tenant(), more, None).await.unwrap();
            lengths.push(page.statements.len());
        }
        assert_eq!(lengths, [2, 2, 1, 1, 1]);
        assert_eq!(world.pages(&query).await, Model::of(&world).find(&query));
    });
}

#[test]
fn every_page_has_the_format_of_the_query() {
    run(async {
        let world = World::new(1, (0..9).map(Made::numbered).collect()).await;
        world.project(1).await;
        let settings = Settings { format: Format::Ids, attachments: true, language: "de".into() };
        let query = StatementQuery { limit: 5, settings: settings.clone(), ..StatementQuery::default() };
        let first = world.statements.find(&tenant(), &query, None).await.unwrap();
        let second = world.statements.find_more(&tenant(), &first.more.unwrap(), None).await.unwrap();
        assert_eq!((&first.settings, &second.settings), (&settings, &settings));
        let all = Model::of(&world).find(&query);
        for (found, stored) in first.statements.iter().chain(&second.statements).zip(all) {
            let mut expected = Vec::new();
            plaudit_xapi::append_ids(&stored, &mut expected);
            assert_eq!(*found, expected);
        }
    });
}

#[test]
fn a_scope_sees_what_it_asserted() {
    run(async {
        let world = World::new(1, (0..30).map(Made::numbered).collect()).await;
        world.project(1).await;
        let query = StatementQuery { limit: 4, ..StatementQuery::default() };
        let scope = Ifi::Mbox("mailto:authority1@x".into());
        let mut page = world.statements.find(&tenant(), &query, Some(&scope)).await.unwrap();
        let mut seen = page.statements.clone();
        while let Some(more) = &page.more {
            page = world.statements.find_more(&tenant(), more, Some(&scope)).await.unwrap();
            seen.extend(page.statements.clone());
        }
        let mut all = Model::of(&world).find(&StatementQuery::default());
        all.retain(|body| std::str::from_utf8(body).unwrap().contains("authority1@x"));
        assert!(!all.is_empty());
        assert_eq!(seen, all);
    });
}

#[test]
fn answers_are_consistent_through_what_is_absorbed() {
    run(async {
        let world = World::new(1, (0..3).map(Made::numbered).collect()).await;
        let at = |micros| Timestamp::from_micros(micros);
        let patience = std::time::Duration::from_millis(1);
        assert_eq!(world.statements.consistent_through().await.unwrap(), at(0), "nothing is absorbed");
        assert!(!world.statements.wait_for_head(patience).await.unwrap());
        world.project(1).await;
        assert!(world.statements.wait_for_head(patience).await.unwrap());
        assert_eq!(world.statements.consistent_through().await.unwrap(), world::NOW);
    });
}
