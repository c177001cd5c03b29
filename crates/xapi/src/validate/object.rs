//! The object of a statement (1.0.3 Data 2.4.4): activity, agent, group, reference or sub-statement.
//!
//! `objectType` may come last, so the properties of all kinds are read as they come and sorted out at the end.

use std::borrow::Cow;

use super::activity::{self, Definition};
use super::actor::ActorParts;
use super::event::EventParts;
use super::{Read, Seen, unknown};
use crate::fingerprint::{Sum, Tag, integer};
use crate::invalid::Fault;
use crate::iri::{is_iri, parse_uuid};
use crate::json::{Cursor, Text};
use crate::statement::Object;

const OBJECT: &str = "xAPI 1.0.3 Data 2.4.4";
const ACTIVITY: &str = "xAPI 1.0.3 Data 2.4.4.1";
const STATEMENT: &str = "xAPI 1.0.3 Data 2.4.4.3";

const NESTED: &str = "a sub-statement cannot contain a sub-statement";

/// Whether a sub-statement may stand here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Nesting {
    Allowed,
    Refused,
}

pub(super) fn object<'a>(cursor: &mut Cursor<'a>, nesting: Nesting) -> Read<Object<'a>> {
    let mut open = cursor.object()?;
    let mut parts = ObjectParts::default();
    while let Some(key) = cursor.key(&mut open)? {
        parts.take(cursor, &key, nesting)?;
    }
    parts.finish(cursor, nesting, open.start)
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Activity,
    Agent,
    Group,
    StatementRef,
    SubStatement,
}

#[derive(Default)]
struct ObjectParts<'a> {
    seen: Seen,
    kind: Kind,
    id: Option<Text<'a>>,
    definition: Option<Definition<'a>>,
    actor: ActorParts<'a>,
    event: Option<Box<EventParts<'a>>>,
    /// The first key that only agents and groups may have, only sub-statements, only activities.
    actor_key: Option<Text<'a>>,
    event_key: Option<Text<'a>>,
    definition_key: Option<Text<'a>>,
    id_key: Option<Text<'a>>,
}

impl<'a> ObjectParts<'a> {
    fn take(&mut self, cursor: &mut Cursor<'a>, key: &Text<'a>, nesting: Nesting) -> Result<(), Fault> {
        match &*key.value {
            "objectType" => {
                self.seen.once(0, key)?;
                self.kind = kind(cursor)?;
            }
            "id" => {
                self.seen.once(1, key)?;
                self.id_key = Some(key.clone());
                self.id = Some(cursor.string()?);
            }
            "definition" => {
                self.seen.once(2, key)?;
                self.definition_key = Some(key.clone());
                self.definition = Some(activity::definition(cursor)?);
            }
            _ if self.actor.take(cursor, key)? => {
                self.actor_key.get_or_insert_with(|| key.clone());
            }
            "actor" | "verb" | "object" | "result" | "context" | "timestamp" | "attachments" => {
                if nesting == Nesting::Refused {
                    // Refused before it is read, so that sub-statements in each other cannot exhaust the stack.
                    return Err(Fault::new(key.at, NESTED, STATEMENT));
                }
                let event = self.event.get_or_insert_default();
                if !event.take(cursor, key, Nesting::Refused)? {
                    return unknown(key, "a sub-statement", STATEMENT);
                }
                self.event_key.get_or_insert_with(|| key.clone());
            }
            "stored" | "version" | "authority" => return unknown(key, "a sub-statement", STATEMENT),
            _ => return unknown(key, "an object", OBJECT),
        }
        Ok(())
    }

    fn finish(self, cursor: &Cursor<'a>, nesting: Nesting, at: usize) -> Read<Object<'a>> {
        match self.kind {
            Kind::Activity => self.activity(cursor, at),
            Kind::Agent | Kind::Group => self.agent_or_group(at),
            Kind::StatementRef => self.reference(at),
            Kind::SubStatement if nesting == Nesting::Refused => Err(Fault::new(at, NESTED, STATEMENT)),
            Kind::SubStatement => self.sub_statement(at),
        }
    }

    fn activity(self, cursor: &Cursor<'a>, at: usize) -> Read<Object<'a>> {
        if let Some(key) = self.actor_key.or(self.event_key) {
            // Forgetting objectType is the usual reason (1.0.3 Data 2.4.4.2, 2.4.4.3).
            return unknown(&key, "an object without objectType is an activity, which", ACTIVITY);
        }
        let id = self.id.ok_or_else(|| Fault::new(at, "an activity needs an id", ACTIVITY))?;
        if !cursor.rules.trusted && !is_iri(&id.value) {
            let rule = "the id of an activity must be an IRI with a scheme";
            return Err(Fault::new(id.at, rule, ACTIVITY));
        }
        let digest = activity::meaning(cursor.digest, &id.value);
        Ok((Object::Activity(activity::assemble(id.value, self.definition)), digest))
    }

    fn agent_or_group(self, at: usize) -> Read<Object<'a>> {
        if let Some(key) = self.id_key.or(self.definition_key).or(self.event_key) {
            return unknown(&key, "an agent or group", "xAPI 1.0.3 Data 2.4.4.2");
        }
        let (actor, digest) = self.actor.finish(self.kind == Kind::Group, at)?;
        Ok((Object::Actor(actor), digest))
    }

    fn reference(self, at: usize) -> Read<Object<'a>> {
        if let Some(key) = self.actor_key.or(self.event_key).or(self.definition_key) {
            return unknown(&key, "a StatementRef", STATEMENT);
        }
        let id = self.id.ok_or_else(|| Fault::new(at, "a StatementRef needs an id", STATEMENT))?;
        let uuid = parse_uuid(&id.value)
            .ok_or_else(|| Fault::new(id.at, "the id of a StatementRef must be a UUID", STATEMENT))?;
        Ok((Object::StatementRef(uuid), reference_digest(uuid)))
    }

    fn sub_statement(self, at: usize) -> Read<Object<'a>> {
        if let Some(key) = self.actor_key.or(self.definition_key).or(self.id_key) {
            return unknown(&key, "a sub-statement", STATEMENT);
        }
        let event = self.event.unwrap_or_default().finish(at)?;
        let mut sum = Sum::default();
        sum.add(Tag::SubStatement, event.digest());
        Ok((Object::SubStatement(Box::new(event.into_sub_statement())), sum.object()))
    }
}

/// What a reference to the statement `id` means.
fn reference_digest(id: uuid::Uuid) -> u128 {
    let mut sum = Sum::default();
    sum.add(Tag::StatementRef, integer(id.as_u128()));
    sum.object()
}

fn kind(cursor: &mut Cursor<'_>) -> Result<Kind, Fault> {
    let text = cursor.string()?;
    match &*text.value {
        "Activity" => Ok(Kind::Activity),
        "Agent" => Ok(Kind::Agent),
        "Group" => Ok(Kind::Group),
        "StatementRef" => Ok(Kind::StatementRef),
        "SubStatement" => Ok(Kind::SubStatement),
        _ => {
            let rule = "objectType must be Activity, Agent, Group, StatementRef or SubStatement";
            Err(Fault::new(text.at, Cow::Borrowed(rule), OBJECT))
        }
    }
}

/// A reference where nothing else is possible: `context.statement`.
pub(super) fn statement_ref(cursor: &mut Cursor<'_>) -> Read<uuid::Uuid> {
    let mut open = cursor.object()?;
    let mut seen = Seen::default();
    let (mut is_typed, mut id) = (false, None);
    while let Some(key) = cursor.key(&mut open)? {
        match &*key.value {
            "objectType" => {
                seen.once(0, &key)?;
                cursor.object_type("StatementRef", STATEMENT)?;
                is_typed = true;
            }
            "id" => {
                seen.once(1, &key)?;
                id = Some(cursor.uuid(STATEMENT)?);
            }
            _ => return unknown(&key, "a StatementRef", STATEMENT),
        }
    }
    match id {
        Some(id) if is_typed => Ok((id, reference_digest(id))),
        _ => Err(Fault::new(open.start, "a StatementRef needs objectType and id", STATEMENT)),
    }
}
