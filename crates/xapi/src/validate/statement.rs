//! Statements (1.0.3 Data 2.4).

use super::actor::authority;
use super::event::{EventParts, add_attachments};
use super::object::Nesting;
use super::{Seen, unknown};
use crate::fingerprint::{Digest, Fingerprint};
use crate::invalid::Fault;
use crate::json::Cursor;
use crate::stamp::EditKind;
use crate::statement::{Layout, Statement};

/// One statement, from `{` to `}`.
pub(crate) fn statement<'a>(cursor: &mut Cursor<'a>) -> Result<Statement<'a>, Fault> {
    let mut open = cursor.object()?;
    cursor.edits.begin(open.start);
    let mut seen = Seen::default();
    let mut event = EventParts::default();
    let (mut id, mut id_at, mut stored, mut asserted_by) = (None, 0, None, None);
    while let Some(key) = cursor.key(&mut open)? {
        if event.take(cursor, &key, Nesting::Allowed)? {
            continue;
        }
        match &*key.value {
            "id" => {
                seen.once(0, &key)?;
                id_at = value_start(cursor);
                id = Some(cursor.uuid("xAPI 1.0.3 Data 2.4.1")?);
            }
            "stored" => {
                seen.once(1, &key)?;
                let start = value_start(cursor);
                stored = Some(cursor.instant("xAPI 1.0.3 Data 2.4.8")?.instant);
                cursor.edits.note(EditKind::Stored, start, cursor.at());
            }
            "authority" => {
                seen.once(2, &key)?;
                let start = value_start(cursor);
                asserted_by = Some(authority(cursor)?);
                cursor.edits.note(EditKind::Authority, start, cursor.at());
            }
            "version" => {
                seen.once(3, &key)?;
                version(cursor)?;
                cursor.edits.has_version = true;
            }
            _ => return unknown(&key, "a statement", "xAPI 1.0.3 Data 2.4"),
        }
    }
    let event = event.finish(open.start)?;
    let meaning = (cursor.digest == Digest::Wanted).then_some(event.sum);
    let layout = Layout { id_at, edits: cursor.edits.take(), meaning };
    Ok(Statement {
        raw: cursor.since(open.start),
        id,
        actor: event.actor,
        verb: event.verb,
        object: event.object,
        result: event.result,
        context: event.context,
        timestamp: event.timestamp,
        stored,
        authority: asserted_by,
        attachments: event.attachments,
        layout,
    })
}

/// Where the next value begins.
fn value_start(cursor: &mut Cursor<'_>) -> usize {
    cursor.peek();
    cursor.at()
}

/// 1.0 or 1.0.x (1.0.3 Data 2.4.10); in 2.0 also 2.0 or 2.0.x (IEEE 9274.1.1 4.2.4.3).
fn version(cursor: &mut Cursor<'_>) -> Result<(), Fault> {
    let text = cursor.string()?;
    let is_of = |series: &str| {
        let patch = text.value.strip_prefix(series);
        patch.is_some_and(|patch| patch.is_empty() || patch.strip_prefix('.').is_some_and(is_plain))
    };
    if is_of("1.0") || cursor.rules.allows_2_0 && is_of("2.0") {
        return Ok(());
    }
    let rule = if cursor.rules.allows_2_0 {
        "version must be 2.0.x or 1.0.x"
    } else {
        "version must be 1.0 or 1.0.x"
    };
    Err(Fault::new(text.at, rule, "xAPI 1.0.3 Data 2.4.10"))
}

/// Digits without a leading zero, as semantic versions want them.
fn is_plain(number: &str) -> bool {
    let all_digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    all_digits && (number == "0" || !number.starts_with('0'))
}

impl Statement<'_> {
    /// What the statement means, or `None` if it was read by [`crate::read_stored`], which does not ask.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.fingerprint_with(|_| true)
    }

    /// What the statement means without its signatures (1.0.3 Data 2.6): a signature covers the statement as it
    /// was before the attachment with the signature was added.
    #[must_use]
    pub fn unsigned_fingerprint(&self) -> Option<Fingerprint> {
        self.fingerprint_with(|usage_type| usage_type != crate::statement::SIGNATURE)
    }

    fn fingerprint_with(&self, counts: impl Fn(&str) -> bool) -> Option<Fingerprint> {
        let mut sum = self.layout.meaning?;
        add_attachments(&mut sum, self.attachments.iter().filter(|one| counts(&one.usage_type)));
        Some(Fingerprint(sum.object()))
    }
}
