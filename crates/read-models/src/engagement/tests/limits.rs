//! What happens at a limit, and with records that are no good.

use plaudit_log::Position;

use super::statements::{Drawn, Play, chain};
use super::world::{World, reading};
use crate::ApplyError;
use crate::engagement::timeline::ENTRIES_PER_LEARNER_MAX;

fn play(statements: Vec<Drawn>) -> Play {
    let order = (0..statements.len()).collect();
    Play { documents: 0, statements, order, batches: vec![50], mishaps: vec![], ahead: true, parked: None }
}

#[test]
fn a_learner_with_too_many_statements_is_parked_and_named_by_position() {
    let world = World::new();
    let many = |count: usize| play((0..count).map(Drawn::plain).collect());
    reading(world.try_play(&many(ENTRIES_PER_LEARNER_MAX))).unwrap();
    let error = reading(world.try_play(&many(ENTRIES_PER_LEARNER_MAX + 50))).err().unwrap();
    let ApplyError::Poison { position, reason, .. } = error else { panic!("{error}") };
    assert_eq!(position, Position(ENTRIES_PER_LEARNER_MAX as u64));
    assert_eq!(reason, "more than 200 statements touch one learner");
}

#[test]
fn a_record_without_a_statement_is_parked() {
    let world = World::new();
    let error = reading(world.try_broken(&play(chain()))).unwrap_err();
    let ApplyError::Poison { position, reason, .. } = error else { panic!("{error}") };
    assert_eq!((position, reason.as_str()), (Position(3), "it is no statement"));
}
