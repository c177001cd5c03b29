//! Verbs (1.0.3 Data 2.4.3). The display bears no meaning.

use std::borrow::Cow;

use super::language_map::language_map;
use super::{Read, Seen, unknown};
use crate::fingerprint::Sum;
use crate::fingerprint::Tag;
use crate::invalid::Fault;
use crate::json::Cursor;

const VERB: &str = "xAPI 1.0.3 Data 2.4.3";

pub(super) fn verb<'a>(cursor: &mut Cursor<'a>) -> Read<Cow<'a, str>> {
    let mut open = cursor.object()?;
    let mut seen = Seen::default();
    let mut id = None;
    while let Some(key) = cursor.key(&mut open)? {
        match &*key.value {
            "id" => {
                seen.once(0, &key)?;
                id = Some(cursor.iri(VERB)?);
            }
            "display" => {
                seen.once(1, &key)?;
                language_map(cursor)?;
            }
            _ => return unknown(&key, "a verb", VERB),
        }
    }
    let id = id.ok_or_else(|| Fault::new(open.start, "a verb needs an id", VERB))?;
    let mut sum = Sum::default();
    sum.add(Tag::Id, cursor.digest.text(&id));
    Ok((id, sum.object()))
}
