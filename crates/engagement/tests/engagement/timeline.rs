//! From statements to the entries of one learner's timeline, as a caller would do it.

use plaudit_engagement::{Definitions, Entry, EntryKind, Recognition, RecognitionTarget, concerns};
use plaudit_xapi::{Statement, read_stored};
use serde_json::Value;

/// The learner that everything here is about.
pub const LEARNER: &str = "mailto:ada@example.org";

pub fn entries(definitions: &Definitions, statements: &[Value]) -> Vec<Entry> {
    statements.iter().flat_map(|statement| of_statement(definitions, statement)).collect()
}

fn of_statement(definitions: &Definitions, statement: &Value) -> Vec<Entry> {
    let bytes = serde_json::to_vec(statement).unwrap();
    let statement = read_stored(&bytes).unwrap();
    let mark = definitions.mark(&statement);
    let concerns = concerns(&statement);
    let mut kinds = Vec::new();
    if concerns.actor == LEARNER {
        kinds.push(EntryKind::Own(mark.clone()));
    }
    if concerns.members.iter().any(|member| *member == LEARNER) {
        kinds.push(EntryKind::Member(mark.clone()));
    }
    let mut recognition = |via| {
        let (by, named) = (concerns.actor.clone().into_owned(), concerns.named.clone());
        kinds.push(EntryKind::Recognition(Recognition { mark: mark.clone(), by, via, named }));
    };
    if concerns.learner.as_deref() == Some(LEARNER) {
        recognition(RecognitionTarget::Learner);
    }
    if concerns.learner_members.iter().any(|member| *member == LEARNER) {
        recognition(RecognitionTarget::Member);
    }
    if let Some(id) = concerns.refers_to {
        recognition(RecognitionTarget::Evidence(id));
    }
    if let Some(target) = concerns.refers_to.filter(|_| concerns.voids) {
        kinds.push(EntryKind::Void { target });
    }
    kinds.into_iter().map(|kind| entry(&statement, kind)).collect()
}

fn entry(statement: &Statement<'_>, kind: EntryKind) -> Entry {
    Entry {
        time: statement.timestamp.unwrap(),
        stored: statement.stored.unwrap(),
        id: statement.id.unwrap(),
        kind,
    }
}
