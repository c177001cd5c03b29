//! Activities and their definitions (1.0.3 Data 2.4.4.1). Only the id bears meaning: definitions may change.

use std::borrow::Cow;

use super::extensions::extensions;
use super::interaction::Interaction;
use super::language_map::language_map;
use super::{Read, Seen, unknown};
use crate::fingerprint::{Digest, Sum, Tag};
use crate::invalid::Fault;
use crate::json::Cursor;
use crate::statement::{Activity, RawJson};

const ACTIVITY: &str = "xAPI 1.0.3 Data 2.4.4.1";

/// An activity where nothing else is possible, as in context activities.
pub(super) fn activity<'a>(cursor: &mut Cursor<'a>) -> Read<Activity<'a>> {
    let mut open = cursor.object()?;
    let mut seen = Seen::default();
    let mut id = None;
    let mut definition = None;
    while let Some(key) = cursor.key(&mut open)? {
        match &*key.value {
            "objectType" => {
                seen.once(0, &key)?;
                cursor.object_type("Activity", ACTIVITY)?;
            }
            "id" => {
                seen.once(1, &key)?;
                id = Some(cursor.iri(ACTIVITY)?);
            }
            "definition" => {
                seen.once(2, &key)?;
                definition = Some(self::definition(cursor)?);
            }
            _ => return unknown(&key, "an activity", ACTIVITY),
        }
    }
    let id = id.ok_or_else(|| Fault::new(open.start, "an activity needs an id", ACTIVITY))?;
    let digest = meaning(cursor.digest, &id);
    Ok((assemble(id, definition), digest))
}

/// What an activity means: its id.
pub(super) fn meaning(digest: Digest, id: &str) -> u128 {
    let mut sum = Sum::default();
    sum.add(Tag::Activity, digest.text(id));
    sum.object()
}

/// The activity of `id` and `definition`.
pub(super) fn assemble<'a>(id: Cow<'a, str>, definition: Option<Definition<'a>>) -> Activity<'a> {
    match definition {
        None => Activity { id, kind: None, definition: None, extensions: None },
        Some(Definition { raw, kind, extensions }) => {
            Activity { id, kind, definition: Some(raw), extensions }
        }
    }
}

/// What is kept of a definition.
pub(super) struct Definition<'a> {
    raw: RawJson<'a>,
    kind: Option<Cow<'a, str>>,
    extensions: Option<RawJson<'a>>,
}

/// A definition. Nothing in it is digested.
pub(super) fn definition<'a>(cursor: &mut Cursor<'a>) -> Result<Definition<'a>, Fault> {
    let wanted = std::mem::replace(&mut cursor.digest, Digest::Skipped);
    let mut open = cursor.object()?;
    let mut seen = Seen::default();
    let mut interaction = Interaction::default();
    let (mut kind, mut extensions_seen) = (None, None);
    while let Some(key) = cursor.key(&mut open)? {
        match &*key.value {
            "name" => {
                seen.once(0, &key)?;
                language_map(cursor)?;
            }
            "description" => {
                seen.once(1, &key)?;
                language_map(cursor)?;
            }
            "type" => {
                seen.once(2, &key)?;
                kind = Some(cursor.iri(ACTIVITY)?);
            }
            "moreInfo" => {
                seen.once(3, &key)?;
                cursor.irl(ACTIVITY)?;
            }
            "extensions" => {
                seen.once(4, &key)?;
                extensions_seen = Some(extensions(cursor)?.0);
            }
            _ if interaction.take(cursor, &key)? => {}
            _ => return unknown(&key, "an activity definition", ACTIVITY),
        }
    }
    interaction.finish(open.start)?;
    cursor.digest = wanted;
    Ok(Definition { raw: cursor.since(open.start), kind, extensions: extensions_seen })
}
