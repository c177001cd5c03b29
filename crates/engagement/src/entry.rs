//! The entries of a learner's timeline: one for each way in which a statement touches that learner.

use std::borrow::Cow;
use std::collections::BTreeMap;

use plaudit_xapi::{Actor, Agent, Object, Statement, StatementId, Timestamp, VOIDED};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::mark::Mark;

/// One statement, in one of the ways in which it touches a learner. A statement that does so in several ways has
/// an entry for each; the same entry again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Event time: `timestamp`, or `stored` if there is none.
    pub time: Timestamp,
    /// When it was stored.
    pub stored: Timestamp,
    /// The statement.
    pub id: StatementId,
    /// The way.
    pub kind: EntryKind,
}

/// How a statement touches a learner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// The learner is its actor.
    Own(Mark),
    /// The learner is a member of the group that acted; counts where a definition says `"members": true`.
    Member(Mark),
    /// It may recognise the learner. Whether it does is for [`crate::evaluate`] to say, so that it is safe to
    /// add one for every statement that names the learner or refers to one of their statements.
    Recognition(Recognition),
    /// It voids a statement that is on this timeline, or may come to be.
    Void {
        /// The statement that is voided.
        target: StatementId,
    },
}

/// A statement that may recognise the learner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognition {
    /// What it means to the definitions.
    pub mark: Mark,
    /// Its actor ([`Actor::learner`]). What a learner says about themselves does not count.
    pub by: String,
    /// In what way it points to the learner.
    pub via: RecognitionTarget,
    /// The achievement that it names, see [`Concerns::named`].
    pub named: Option<String>,
}

/// What a recognition points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecognitionTarget {
    /// The learner: the object, or the actor of the sub-statement.
    Learner,
    /// A group that the learner is an identified member of.
    Member,
    /// A statement.
    Evidence(StatementId),
}

/// Whom and what a statement concerns. Learners are in canonical text; they are listed as the statement names them,
/// so one may be there twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Concerns<'s> {
    /// Whose own statement it is.
    pub actor: Cow<'s, str>,
    /// The members of the group that acted.
    pub members: Vec<Cow<'s, str>>,
    /// Who may be recognised: the object if it is an agent or an identified group, or the actor of the
    /// sub-statement. Never the actor.
    pub learner: Option<Cow<'s, str>>,
    /// The members of a group in that place. Never the actor.
    pub learner_members: Vec<Cow<'s, str>>,
    /// The statement that the object refers to. Whoever it belongs to may be recognised, or loses it if
    /// [`Concerns::voids`].
    pub refers_to: Option<StatementId>,
    /// Whether it voids the statement that it refers to.
    pub voids: bool,
    /// The achievement that its context extension [`ACHIEVEMENT_EXTENSION`] names, if somebody may be recognised. A
    /// name that is no string is the empty one, which no achievement has.
    pub named: Option<String>,
}

/// The context extension by which a recognition names one achievement.
pub const ACHIEVEMENT_EXTENSION: &str = "urn:plaudit:achievement";

/// Whom and what the statement concerns.
#[must_use]
pub fn concerns<'s>(statement: &'s Statement<'_>) -> Concerns<'s> {
    let actor = statement.actor.learner();
    let recognised = match &statement.object {
        Object::Actor(object) => Some(object),
        Object::SubStatement(inner) => Some(&inner.actor),
        Object::Activity(_) | Object::StatementRef(_) => None,
    };
    let mut learner_members: Vec<_> = recognised.map(members).unwrap_or_default();
    learner_members.retain(|member| *member != actor);
    Concerns {
        named: recognised.and_then(|_| named_achievement(statement)),
        members: members(&statement.actor),
        learner: recognised.filter(|it| is_identified(it)).map(Actor::learner).filter(|it| *it != actor),
        learner_members,
        refers_to: reference(statement),
        voids: voids(statement),
        actor,
    }
}

/// Whether the statement voids another.
pub(crate) fn voids(statement: &Statement<'_>) -> bool {
    statement.verb == VOIDED && reference(statement).is_some()
}

fn reference(statement: &Statement<'_>) -> Option<StatementId> {
    if let Object::StatementRef(id) = statement.object { Some(id) } else { None }
}

const fn is_identified(actor: &Actor<'_>) -> bool {
    match actor {
        Actor::Agent(_) => true,
        Actor::Group(group) => group.ifi.is_some(),
    }
}

fn members<'s>(actor: &'s Actor<'_>) -> Vec<Cow<'s, str>> {
    let Actor::Group(group) = actor else { return Vec::new() };
    group.members.iter().map(|member: &Agent<'_>| member.ifi.canonical()).collect()
}

fn named_achievement(statement: &Statement<'_>) -> Option<String> {
    let raw = statement.context.as_ref()?.extensions?;
    let extensions: BTreeMap<String, &RawValue> = serde_json::from_slice(raw).ok()?;
    match serde_json::from_str(extensions.get(ACHIEVEMENT_EXTENSION)?.get()).ok()? {
        Value::Null => None,
        Value::String(name) => Some(name),
        _ => Some(String::new()),
    }
}
