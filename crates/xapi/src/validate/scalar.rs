//! Strings with a form: IRIs, UUIDs, timestamps, language tags.

use std::borrow::Cow;

use uuid::Uuid;

use crate::invalid::Fault;
use crate::iri::{is_iri, is_irl, parse_uuid};
use crate::json::Cursor;
use crate::language::{self, is_language_tag};
use crate::stamp::EditKind;
use crate::time::{Offset, Parsed, Timestamp};

impl<'a> Cursor<'a> {
    /// An IRI with a scheme (1.0.3 Data 2.2, 4.3).
    pub(crate) fn iri(&mut self, section: &'static str) -> Result<Cow<'a, str>, Fault> {
        let text = self.string()?;
        if self.rules.trusted || is_iri(&text.value) {
            return Ok(text.value);
        }
        Err(Fault::new(text.at, "not an IRI with a scheme, such as https://example.com/verbs/tried", section))
    }

    /// An IRL (1.0.3 Data 2.2).
    pub(crate) fn irl(&mut self, section: &'static str) -> Result<Cow<'a, str>, Fault> {
        let text = self.string()?;
        if self.rules.trusted || is_irl(&text.value) {
            return Ok(text.value);
        }
        Err(Fault::new(text.at, "not an IRL, such as https://example.com/page", section))
    }

    /// A UUID in standard form (1.0.3 Data 4.4).
    pub(crate) fn uuid(&mut self, section: &'static str) -> Result<Uuid, Fault> {
        let text = self.string()?;
        parse_uuid(&text.value).ok_or_else(|| {
            Fault::new(
                text.at,
                "not a UUID of 36 characters, such as 6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
                section,
            )
        })
    }

    /// A timestamp (1.0.3 Data 4.5). One that is not in UTC is noted, because 2.0 returns UTC.
    pub(crate) fn timestamp(&mut self, section: &'static str) -> Result<Timestamp, Fault> {
        self.peek();
        let start = self.at();
        let Parsed { instant, offset } = self.instant(section)?;
        if offset == Offset::Other {
            self.edits.note(EditKind::Timestamp(instant), start, self.at());
        }
        Ok(instant)
    }

    /// A timestamp, and how its offset was written.
    pub(crate) fn instant(&mut self, section: &'static str) -> Result<Parsed, Fault> {
        let text = self.string()?;
        Timestamp::parse_with_offset(&text.value, self.rules.strict_time)
            .map_err(|error| Fault::new(text.at, error.to_string(), section))
    }

    /// A language tag (RFC 5646).
    pub(crate) fn language_tag(&mut self, section: &'static str) -> Result<Cow<'a, str>, Fault> {
        let text = self.string()?;
        if self.rules.trusted || is_language_tag(&text.value) {
            return Ok(text.value);
        }
        Err(Fault::new(text.at, language::fault(&text.value), section))
    }

    /// The fixed value that `objectType` must have here.
    pub(crate) fn object_type(&mut self, allowed: &'static str, section: &'static str) -> Result<(), Fault> {
        let text = self.string()?;
        if text.value == allowed {
            return Ok(());
        }
        Err(Fault::new(text.at, format!("objectType must be `{allowed}`"), section))
    }
}
