//! Interaction activities (1.0.3 Data 2.4.4.1, Interaction Activities): their type, patterns and components.
//!
//! A server may also check that patterns and component lists suit the interaction type. We do not: widely used
//! authoring tools send, say, choices with a true-false question, and the standard leaves that to us.

use super::language_map::language_map;
use super::{Seen, unknown};
use crate::invalid::Fault;
use crate::json::{Cursor, Keys, Text};

const INTERACTION: &str = "xAPI 1.0.3 Data 2.4.4.1 Interaction Activities";
const COMPONENT: &str = "xAPI 1.0.3 Data 2.4.4.1 Interaction Components";

const TYPES: [&str; 10] = [
    "true-false",
    "choice",
    "fill-in",
    "long-fill-in",
    "matching",
    "performance",
    "sequencing",
    "likert",
    "numeric",
    "other",
];

/// The interaction properties of one definition.
#[derive(Default)]
pub(super) struct Interaction {
    seen: Seen,
}

const INTERACTION_TYPE: u32 = 0;

impl Interaction {
    /// Reads the value of `key` if interactions have such a property.
    pub(super) fn take(&mut self, cursor: &mut Cursor<'_>, key: &Text<'_>) -> Result<bool, Fault> {
        match &*key.value {
            "interactionType" => {
                self.seen.once(INTERACTION_TYPE, key)?;
                interaction_type(cursor)?;
            }
            "correctResponsesPattern" => {
                self.seen.once(1, key)?;
                strings(cursor)?;
            }
            "choices" => {
                self.seen.once(2, key)?;
                components(cursor)?;
            }
            "scale" => {
                self.seen.once(3, key)?;
                components(cursor)?;
            }
            "source" => {
                self.seen.once(4, key)?;
                components(cursor)?;
            }
            "target" => {
                self.seen.once(5, key)?;
                components(cursor)?;
            }
            "steps" => {
                self.seen.once(6, key)?;
                components(cursor)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Interaction properties need a type.
    pub(super) fn finish(self, at: usize) -> Result<(), Fault> {
        if self.seen.any(u32::MAX) && !self.seen.any(1 << INTERACTION_TYPE) {
            return Err(Fault::new(at, "interaction properties need an interactionType", INTERACTION));
        }
        Ok(())
    }
}

fn interaction_type(cursor: &mut Cursor<'_>) -> Result<(), Fault> {
    let text = cursor.string()?;
    if TYPES.contains(&&*text.value) {
        return Ok(());
    }
    Err(Fault::new(text.at, format!("interactionType must be one of {}", TYPES.join(", ")), INTERACTION))
}

fn strings(cursor: &mut Cursor<'_>) -> Result<(), Fault> {
    let mut open = cursor.array()?;
    while cursor.item(&mut open)? {
        cursor.string()?;
    }
    Ok(())
}

/// A list of components with distinct ids.
fn components(cursor: &mut Cursor<'_>) -> Result<(), Fault> {
    let mut open = cursor.array()?;
    let mut ids = Keys::default();
    while cursor.item(&mut open)? {
        let id = component(cursor)?;
        ids.add(&id.value, id.at);
    }
    match ids.repeated() {
        None => Ok(()),
        Some(at) => Err(Fault::new(at, "two components of one list have the same id", COMPONENT)),
    }
}

fn component<'a>(cursor: &mut Cursor<'a>) -> Result<Text<'a>, Fault> {
    let mut open = cursor.object()?;
    let mut seen = Seen::default();
    let mut id = None;
    while let Some(key) = cursor.key(&mut open)? {
        match &*key.value {
            "id" => {
                seen.once(0, &key)?;
                id = Some(cursor.string()?);
            }
            "description" => {
                seen.once(1, &key)?;
                language_map(cursor)?;
            }
            _ => return unknown(&key, "an interaction component", COMPONENT),
        }
    }
    id.ok_or_else(|| Fault::new(open.start, "an interaction component needs an id", COMPONENT))
}
