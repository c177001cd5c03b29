//! The rows must be what a direct evaluation of the whole set of statements says, however the statements came.

mod limits;
mod rebuild;
mod statements;
mod world;

use std::collections::BTreeMap;

use plaudit_engagement::{Entry, EntryKind, Outcome, Recognition, RecognitionTarget, concerns, evaluate};
use plaudit_xapi::{Statement, StatementId};
use proptest::prelude::{TestCaseError, prop_assert_eq};
use proptest::test_runner::{Config, TestRunner};

use self::statements::{Drawn, Play, chain, draw, scene};
use self::world::{World, reading};
use super::sets::DefinitionSet;

/// Cases per property: each drives two read models over an embedded store.
const CASES: u32 = 96;

#[test]
fn rows_are_what_the_set_of_statements_says() {
    let world = World::new();
    check(|play| {
        let run = reading(world.play(play));
        let expected = oracle(&play.statements, &world::set(play.documents));
        prop_assert_eq!(&reading(world.outcomes(&run)), &expected);
        prop_assert_eq!(reading(world.results(&run)), results_of(&expected));
        Ok(())
    });
}

#[test]
fn batches_failures_and_redelivery_change_no_byte() {
    let world = World::new();
    check(|play| {
        let run = reading(world.play(play));
        let smooth = Play { batches: vec![usize::MAX], mishaps: vec![], ahead: true, ..play.clone() };
        let whole = reading(world.play(&smooth));
        prop_assert_eq!(reading(world.dump(&run)), reading(world.dump(&whole)));
        Ok(())
    });
}

#[test]
fn a_record_that_was_parked_leads_to_the_same_answers_when_it_is_tried_again() {
    let world = World::new();
    check(|play| {
        let parked = play.order.iter().position(|index| *index == 0);
        let run = reading(world.play(&Play { parked, mishaps: vec![], ahead: true, ..play.clone() }));
        let expected = oracle(&play.statements, &world::set(play.documents));
        prop_assert_eq!(reading(world.results(&run)), results_of(&expected));
        Ok(())
    });
}

#[test]
fn evidence_recognition_and_voidings_may_come_in_any_order() {
    let world = World::new();
    let statements = chain();
    for order in orders(statements.len()) {
        for batch in [1, 2, 9] {
            let (statements, order) = (statements.clone(), order.clone());
            let batches = vec![batch];
            let play = Play {
                documents: 1,
                statements,
                order,
                batches,
                mishaps: vec![],
                ahead: batch == 2,
                parked: None,
            };
            let run = reading(world.play(&play));
            let expected = oracle(&play.statements, &world::set(play.documents));
            assert_eq!(reading(world.results(&run)), results_of(&expected), "{:?}", play.order);
        }
    }
}

/// All orders of the numbers below `count`.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![vec![]];
    for _ in 0..count {
        let longer = |order: &Vec<usize>| {
            let left = (0..count).filter(|next| !order.contains(next)).collect::<Vec<_>>();
            left.into_iter().map(|next| [order.as_slice(), &[next]].concat()).collect::<Vec<_>>()
        };
        orders = orders.iter().flat_map(longer).collect();
    }
    orders
}

fn check(property: impl Fn(&Play) -> Result<(), TestCaseError>) {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    if let Err(failure) = TestRunner::new(config).run(&scene(draw()), |play| property(&play)) {
        panic!("{failure}");
    }
}

/// What follows from the statements, by learner, taken together in the simplest way.
fn oracle(drawn: &[Drawn], set: &DefinitionSet) -> BTreeMap<String, Outcome> {
    let bodies: Vec<String> = drawn.iter().map(Drawn::body).collect();
    let statements: Vec<Statement<'_>> =
        bodies.iter().map(|body| plaudit_xapi::read_stored(body.as_bytes()).unwrap()).collect();
    let mut timelines: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for statement in &statements {
        add_touching(statement, &statements, set, &mut timelines);
    }
    // Only now it is known whom each voided statement concerns.
    for statement in &statements {
        let concerns = concerns(statement);
        let Some(target) = concerns.refers_to.filter(|_| concerns.voids) else { continue };
        let voiding = find(&statements, target).is_some_and(|it| plaudit_engagement::concerns(it).voids);
        for entries in timelines.values_mut() {
            if !voiding && entries.iter().any(|entry| entry.id == target) {
                entries.push(entry(statement, EntryKind::Void { target }));
            }
        }
    }
    let outcome = |learner: &str, entries: &[Entry]| evaluate(&set.compiled, learner, entries);
    timelines.iter().map(|(learner, entries)| (learner.clone(), outcome(learner, entries))).collect()
}

fn add_touching(
    statement: &Statement<'_>,
    all: &[Statement<'_>],
    set: &DefinitionSet,
    timelines: &mut BTreeMap<String, Vec<Entry>>,
) {
    let concerns = concerns(statement);
    let mark = set.compiled.mark(statement);
    let mut add = |learner: &str, kind| {
        timelines.entry(learner.to_owned()).or_default().push(entry(statement, kind));
    };
    let recognition = |via| {
        let (by, named) = (concerns.actor.to_string(), concerns.named.clone());
        EntryKind::Recognition(Recognition { mark: mark.clone(), by, via, named })
    };
    add(&concerns.actor, EntryKind::Own(mark.clone()));
    for member in concerns.members.iter().filter(|_| set.counts_members()) {
        add(member, EntryKind::Member(mark.clone()));
    }
    if let Some(learner) = &concerns.learner {
        add(learner, recognition(RecognitionTarget::Learner));
    }
    for member in concerns.learner_members.iter().filter(|_| set.recognises_members()) {
        add(member, recognition(RecognitionTarget::Member));
    }
    let evidence = concerns.refers_to.filter(|_| !concerns.voids);
    let Some(target) = evidence.and_then(|id| find(all, id)) else { return };
    let owner = plaudit_engagement::concerns(target);
    let members = owner.members.iter().filter(|_| set.counts_members());
    for learner in members.chain([&owner.actor]).filter(|it| **it != concerns.actor) {
        add(learner, recognition(RecognitionTarget::Evidence(target.id.unwrap())));
    }
}

fn find<'s, 'a>(all: &'s [Statement<'a>], id: StatementId) -> Option<&'s Statement<'a>> {
    all.iter().find(|statement| statement.id == Some(id))
}

fn entry(statement: &Statement<'_>, kind: EntryKind) -> Entry {
    let stored = statement.stored.unwrap();
    Entry { time: statement.timestamp.unwrap_or(stored), stored, id: statement.id.unwrap(), kind }
}

/// The rows of the tables that people ask for, as text.
fn results_of(outcomes: &BTreeMap<String, Outcome>) -> Vec<String> {
    let mut all = Vec::new();
    for (learner, outcome) in outcomes {
        all.extend(outcome.funnels.iter().map(|it| format!("{learner} {it:?}")));
        all.extend(outcome.achievements.iter().map(|it| format!("{learner} {it:?}")));
        all.extend(outcome.expectations.iter().map(|it| format!("{learner} {it:?}")));
    }
    all.sort();
    all
}
