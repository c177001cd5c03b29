//! What statements and sub-statements have in common (1.0.3 Data 2.4, 2.4.4.3).

use std::borrow::Cow;

use super::Seen;
use super::actor::actor;
use super::attachment::attachments;
use super::context::context;
use super::object::{Nesting, object};
use super::result::result;
use super::verb::verb;
use crate::fingerprint::{List, Sum, Tag, integer};
use crate::invalid::Fault;
use crate::json::{Cursor, Text};
use crate::statement::{Actor, Attachment, Context, Object, StatementResult, SubStatement, VOIDED};
use crate::time::Timestamp;

const STATEMENT: &str = "xAPI 1.0.3 Data 2.4";

/// The properties read so far.
#[derive(Default)]
pub(super) struct EventParts<'a> {
    seen: Seen,
    sum: Sum,
    actor: Option<Actor<'a>>,
    verb: Option<Cow<'a, str>>,
    object: Option<Object<'a>>,
    result: Option<StatementResult<'a>>,
    context: Option<Context<'a>>,
    context_at: usize,
    object_at: usize,
    timestamp: Option<Timestamp>,
    attachments: Vec<Attachment<'a>>,
}

/// All properties, checked against each other.
pub(super) struct Event<'a> {
    /// The meaning without the attachments.
    pub(super) sum: Sum,
    pub(super) actor: Actor<'a>,
    pub(super) verb: Cow<'a, str>,
    pub(super) object: Object<'a>,
    pub(super) result: Option<StatementResult<'a>>,
    pub(super) context: Option<Context<'a>>,
    pub(super) timestamp: Option<Timestamp>,
    pub(super) attachments: Vec<Attachment<'a>>,
}

impl<'a> EventParts<'a> {
    /// Reads the value of `key` if it is one of these properties.
    #[inline]
    pub(super) fn take(
        &mut self,
        cursor: &mut Cursor<'a>,
        key: &Text<'a>,
        nesting: Nesting,
    ) -> Result<bool, Fault> {
        match &*key.value {
            "actor" => {
                self.seen.once(0, key)?;
                let (value, digest) = actor(cursor)?;
                self.sum.add(Tag::Actor, digest);
                self.actor = Some(value);
            }
            "verb" => {
                self.seen.once(1, key)?;
                let (value, digest) = verb(cursor)?;
                self.sum.add(Tag::Verb, digest);
                self.verb = Some(value);
            }
            "object" => {
                self.seen.once(2, key)?;
                cursor.peek();
                self.object_at = cursor.at();
                let (value, digest) = object(cursor, nesting)?;
                self.sum.add(Tag::Object, digest);
                self.object = Some(value);
            }
            "result" => {
                self.seen.once(3, key)?;
                let (value, digest) = result(cursor)?;
                self.sum.add(Tag::Result, digest);
                self.result = Some(value);
            }
            "context" => {
                self.seen.once(4, key)?;
                cursor.peek();
                self.context_at = cursor.at();
                let (value, digest) = context(cursor)?;
                self.sum.add(Tag::Context, digest);
                self.context = Some(value);
            }
            "timestamp" => {
                self.seen.once(5, key)?;
                let value = cursor.timestamp("xAPI 1.0.3 Data 2.4.7")?;
                self.sum.add(Tag::Timestamp, integer(value.as_micros().cast_unsigned().into()));
                self.timestamp = Some(value);
            }
            "attachments" => {
                self.seen.once(6, key)?;
                self.attachments = attachments(cursor)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Checks what is required and what depends on each other; the object began at `at`.
    pub(super) fn finish(self, at: usize) -> Result<Event<'a>, Fault> {
        let missing = |name| Fault::new(at, format!("{name} is missing"), STATEMENT);
        let event = Event {
            sum: self.sum,
            actor: self.actor.ok_or_else(|| missing("actor"))?,
            verb: self.verb.ok_or_else(|| missing("verb"))?,
            object: self.object.ok_or_else(|| missing("object"))?,
            result: self.result,
            context: self.context,
            timestamp: self.timestamp,
            attachments: self.attachments,
        };
        if event.verb == VOIDED && !matches!(event.object, Object::StatementRef(_)) {
            let rule = "the object of a voiding statement must be a StatementRef";
            return Err(Fault::new(self.object_at, rule, "xAPI 1.0.3 Data 2.3.2"));
        }
        if let Some(context) = &event.context
            && (context.revision.is_some() || context.platform.is_some())
            && !matches!(event.object, Object::Activity(_))
        {
            let rule = "revision and platform are allowed only if the object is an activity";
            return Err(Fault::new(self.context_at, rule, "xAPI 1.0.3 Data 2.4.6"));
        }
        Ok(event)
    }
}

impl<'a> Event<'a> {
    /// The whole meaning.
    pub(super) fn digest(&self) -> u128 {
        let mut sum = self.sum;
        add_attachments(&mut sum, self.attachments.iter());
        sum.object()
    }

    pub(super) fn into_sub_statement(self) -> SubStatement<'a> {
        SubStatement {
            actor: self.actor,
            verb: self.verb,
            object: self.object,
            result: self.result,
            context: self.context,
            timestamp: self.timestamp,
            attachments: self.attachments,
        }
    }
}

/// Adds the attachments to what a statement means; none at all and an empty list are the same.
pub(crate) fn add_attachments<'s, 'a: 's>(
    sum: &mut Sum,
    attachments: impl Iterator<Item = &'s Attachment<'a>>,
) {
    let mut list = List::default();
    let mut is_empty = true;
    for attachment in attachments {
        is_empty = false;
        list.push(attachment.meaning);
    }
    if !is_empty {
        sum.add(Tag::Attachments, list.finish());
    }
}
