//! Contexts (1.0.3 Data 2.4.6), with the agents and groups that 2.0 adds (IEEE 9274.1.1 4.2.2.5).

use std::borrow::Cow;

use smallvec::SmallVec;

use super::activity::activity;
use super::actor::{actor, agent, group};
use super::extensions::extensions;
use super::object::statement_ref;
use super::{Read, Seen, unknown};
use crate::fingerprint::{List, Sum, Tag, integer};
use crate::invalid::Fault;
use crate::json::{Cursor, Text};
use crate::stamp::EditKind;
use crate::statement::{Activity, Actor, Context, Group};

const CONTEXT: &str = "xAPI 1.0.3 Data 2.4.6";
const ACTIVITIES: &str = "xAPI 1.0.3 Data 2.4.6.2";
const RELATED: &str = "xAPI 2.0 (IEEE 9274.1.1) 4.2.2.5";

pub(super) fn context<'a>(cursor: &mut Cursor<'a>) -> Read<Context<'a>> {
    let mut open = cursor.object()?;
    let mut parts = ContextParts::default();
    while let Some(key) = cursor.key(&mut open)? {
        if !parts.person(cursor, &key)? && !parts.detail(cursor, &key)? {
            return unknown(&key, "a context", CONTEXT);
        }
    }
    Ok((parts.context, parts.sum.object()))
}

#[derive(Default)]
struct ContextParts<'a> {
    context: Context<'a>,
    seen: Seen,
    sum: Sum,
}

impl<'a> ContextParts<'a> {
    /// Properties that name people and groups.
    fn person(&mut self, cursor: &mut Cursor<'a>, key: &Text<'a>) -> Result<bool, Fault> {
        match &*key.value {
            "instructor" => {
                self.seen.once(0, key)?;
                let (value, digest) = actor(cursor)?;
                self.sum.add(Tag::Instructor, digest);
                self.context.instructor = Some(value);
            }
            "team" => {
                self.seen.once(1, key)?;
                let (value, digest) = group(cursor, CONTEXT)?;
                self.sum.add(Tag::Team, digest);
                self.context.team = Some(value);
            }
            "contextAgents" | "contextGroups" if !cursor.rules.allows_2_0 => {
                let rule = format!("{} is a property of xAPI 2.0, this request speaks 1.0.3", key.value);
                return Err(Fault::new(key.at, rule, CONTEXT));
            }
            "contextAgents" => {
                self.seen.once(2, key)?;
                let (value, digest) = context_agents(cursor)?;
                self.sum.add(Tag::ContextAgents, digest);
                self.context.context_agents = value;
            }
            "contextGroups" => {
                self.seen.once(3, key)?;
                let (value, digest) = context_groups(cursor)?;
                self.sum.add(Tag::ContextGroups, digest);
                self.context.context_groups = value;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// All other properties.
    fn detail(&mut self, cursor: &mut Cursor<'a>, key: &Text<'a>) -> Result<bool, Fault> {
        match &*key.value {
            "registration" => {
                self.seen.once(4, key)?;
                let id = cursor.uuid("xAPI 1.0.3 Data 2.4.6.1")?;
                self.sum.add(Tag::Registration, integer(id.as_u128()));
                self.context.registration = Some(id);
            }
            "contextActivities" => {
                self.seen.once(5, key)?;
                let digest = context_activities(cursor, &mut self.context)?;
                self.sum.add(Tag::ContextActivities, digest);
            }
            "revision" => {
                self.seen.once(6, key)?;
                self.context.revision = Some(self.text(cursor, Tag::Revision)?);
            }
            "platform" => {
                self.seen.once(7, key)?;
                self.context.platform = Some(self.text(cursor, Tag::Platform)?);
            }
            "language" => {
                self.seen.once(8, key)?;
                let tag = cursor.language_tag(CONTEXT)?;
                self.sum.add(Tag::Language, cursor.digest.caseless(&tag));
                self.context.language = Some(tag);
            }
            "statement" => {
                self.seen.once(9, key)?;
                let (id, digest) = statement_ref(cursor)?;
                self.sum.add(Tag::Statement, digest);
                self.context.statement = Some(id);
            }
            "extensions" => {
                self.seen.once(10, key)?;
                let (raw, digest) = extensions(cursor)?;
                self.sum.add(Tag::Extensions, digest);
                self.context.extensions = Some(raw);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn text(&mut self, cursor: &mut Cursor<'a>, tag: Tag) -> Result<Cow<'a, str>, Fault> {
        let text = cursor.string()?.value;
        self.sum.add(tag, cursor.digest.text(&text));
        Ok(text)
    }
}

/// Four lists of activities; a single activity counts as a list of one (1.0.3 Data 2.4.6.2).
fn context_activities<'a>(cursor: &mut Cursor<'a>, context: &mut Context<'a>) -> Result<u128, Fault> {
    let mut open = cursor.object()?;
    let mut seen = Seen::default();
    let mut sum = Sum::default();
    while let Some(key) = cursor.key(&mut open)? {
        let (bit, tag, slot) = match &*key.value {
            "parent" => (0, Tag::Parent, &mut context.parent),
            "grouping" => (1, Tag::Grouping, &mut context.grouping),
            "category" => (2, Tag::Category, &mut context.category),
            "other" => (3, Tag::Other, &mut context.other),
            _ => return unknown(&key, "contextActivities", ACTIVITIES),
        };
        seen.once(bit, &key)?;
        sum.add(tag, activities(cursor, slot)?);
    }
    Ok(sum.object())
}

fn activities<'a>(cursor: &mut Cursor<'a>, slot: &mut SmallVec<[Activity<'a>; 1]>) -> Result<u128, Fault> {
    let mut list = List::default();
    match cursor.peek() {
        Some(b'{') => {
            let start = cursor.at();
            let (value, digest) = activity(cursor)?;
            list.push(digest);
            slot.push(value);
            // It must be returned as an array, so its brackets are added when it is stored.
            cursor.edits.note(EditKind::Wrap, start, cursor.at());
        }
        Some(b'[') => {
            let mut open = cursor.array()?;
            while cursor.item(&mut open)? {
                let (value, digest) = activity(cursor)?;
                list.push(digest);
                slot.push(value);
            }
        }
        _ => return Err(cursor.unexpected("an activity or an array of activities")),
    }
    Ok(list.finish())
}

fn context_agents<'a>(cursor: &mut Cursor<'a>) -> Read<Vec<Actor<'a>>> {
    let mut open = cursor.array()?;
    let mut list = List::default();
    let mut agents = Vec::new();
    while cursor.item(&mut open)? {
        let (value, digest) = related(cursor, "contextAgent", "agent", |cursor| agent(cursor, RELATED))?;
        list.push(digest);
        agents.push(Actor::Agent(value));
    }
    Ok((agents, list.finish()))
}

fn context_groups<'a>(cursor: &mut Cursor<'a>) -> Read<Vec<Group<'a>>> {
    let mut open = cursor.array()?;
    let mut list = List::default();
    let mut groups = Vec::new();
    while cursor.item(&mut open)? {
        let (value, digest) = related(cursor, "contextGroup", "group", |cursor| group(cursor, RELATED))?;
        list.push(digest);
        groups.push(value);
    }
    Ok((groups, list.finish()))
}

/// A `contextAgent` or `contextGroup`: objectType, who it is, and optionally which types make it relevant.
fn related<'a, T>(
    cursor: &mut Cursor<'a>,
    object_type: &'static str,
    property: &'static str,
    read: fn(&mut Cursor<'a>) -> Read<T>,
) -> Read<T> {
    let mut open = cursor.object()?;
    let mut seen = Seen::default();
    let mut sum = Sum::default();
    let (mut is_typed, mut who) = (false, None);
    while let Some(key) = cursor.key(&mut open)? {
        match &*key.value {
            "objectType" => {
                seen.once(0, &key)?;
                cursor.object_type(object_type, RELATED)?;
                is_typed = true;
            }
            "relevantTypes" => {
                seen.once(1, &key)?;
                sum.add(Tag::RelevantTypes, relevant_types(cursor)?);
            }
            name if name == property => {
                seen.once(2, &key)?;
                let (value, digest) = read(cursor)?;
                sum.add(Tag::Member, digest);
                who = Some(value);
            }
            _ => return unknown(&key, &format!("a {object_type}"), RELATED),
        }
    }
    match who {
        Some(who) if is_typed => Ok((who, sum.object())),
        _ => Err(Fault::new(open.start, format!("a {object_type} needs objectType and {property}"), RELATED)),
    }
}

fn relevant_types(cursor: &mut Cursor<'_>) -> Result<u128, Fault> {
    let mut open = cursor.array()?;
    let mut list = List::default();
    let mut is_empty = true;
    while cursor.item(&mut open)? {
        is_empty = false;
        let iri = cursor.iri(RELATED)?;
        list.push(cursor.digest.text(&iri));
    }
    if is_empty {
        return Err(Fault::new(open.start, "relevantTypes must not be empty", RELATED));
    }
    Ok(list.finish())
}
