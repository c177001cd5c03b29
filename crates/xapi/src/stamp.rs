//! What is stored: the client's bytes with the server's properties spliced in.
//!
//! Nothing is serialised again. Numbers, key order, white space and extensions survive byte for byte; what the
//! standard wants changed is changed in place: `stored`, `authority`, single context activities, and in 2.0
//! timestamps that are not in UTC.

use smallvec::SmallVec;

use crate::statement::{RawJson, Statement, StatementId, Version};
use crate::time::Timestamp;

/// The server's share of a statement.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'s> {
    /// The id for a statement that came without one (1.0.3 Data 2.4.1).
    pub id: StatementId,
    /// When it is stored (1.0.3 Data 2.4.8); also its timestamp if it has none (2.4.7).
    pub stored: Timestamp,
    /// Who asserts it, as the JSON of an agent or group (1.0.3 Data 2.4.9).
    pub authority: RawJson<'s>,
    /// Whether an authority that the client sent is kept, which takes strong trust (1.0.3 Data 2.4.9).
    pub keeps_client_authority: bool,
    /// The version of the request.
    pub version: Version,
}

/// Where `stored` was written, so that the writer can set the final instant later, under its lock.
///
/// Each offset is that of [`Timestamp::TEXT_BYTES`] bytes inside quotes, counted from where the statement begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StampOffsets {
    /// The value of `stored`.
    pub stored: usize,
    /// The value of `timestamp`, if it repeats `stored`.
    pub timestamp: Option<usize>,
}

impl StampOffsets {
    /// Sets the instant in `statement`, the bytes that [`Statement::stamp`] appended.
    ///
    /// # Panics
    ///
    /// If `statement` is shorter than the stamped bytes.
    pub fn restamp(self, statement: &mut [u8], stored: Timestamp) {
        let text = stored.to_bytes();
        for at in [Some(self.stored), self.timestamp].into_iter().flatten() {
            statement[at..at + Timestamp::TEXT_BYTES].copy_from_slice(&text);
        }
    }
}

/// What stamping changes in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EditKind {
    /// The value of `stored`.
    Stored,
    /// The value of `authority`.
    Authority,
    /// A timestamp that is not in UTC.
    Timestamp(Timestamp),
    /// A context activity that must become a list (1.0.3 Data 2.4.6.2).
    Wrap,
}

/// A change of the bytes from `start` to `end` of the statement.
#[derive(Clone, Copy, Debug)]
struct Edit {
    kind: EditKind,
    start: usize,
    end: usize,
}

/// The changes of one statement in the order of its bytes. None lies inside another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edits {
    origin: usize,
    list: SmallVec<[Edit; 4]>,
    pub(crate) has_version: bool,
}

impl Edits {
    /// Starts a statement at `origin` of the body.
    pub(crate) fn begin(&mut self, origin: usize) {
        *self = Self { origin, ..Self::default() };
    }

    /// Notes a change, in offsets of the body.
    pub(crate) fn note(&mut self, kind: EditKind, start: usize, end: usize) {
        self.list.push(Edit { kind, start: start - self.origin, end: end - self.origin });
    }

    /// What was noted.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    fn has(&self, kind: EditKind) -> bool {
        self.list.iter().any(|edit| edit.kind == kind)
    }
}

impl Statement<'_> {
    /// Appends the statement as it will be stored and served to `out`.
    pub fn stamp(&self, server: &Stamp<'_>, out: &mut Vec<u8>) -> StampOffsets {
        let origin = out.len();
        out.reserve(self.raw.len() + 256 + server.authority.len());
        out.push(b'{');
        let mut offsets = self.insert_missing(server, out, origin);
        let mut copied = 1;
        for edit in &self.layout.edits.list {
            let value = &self.raw[edit.start..edit.end];
            out.extend_from_slice(&self.raw[copied..edit.start]);
            copied = edit.end;
            match edit.kind {
                EditKind::Stored => offsets.stored = push_instant(out, server.stored) - origin,
                EditKind::Authority if server.keeps_client_authority => out.extend_from_slice(value),
                EditKind::Authority => out.extend_from_slice(server.authority),
                EditKind::Timestamp(instant) if server.version == Version::V2_0_0 => {
                    push_instant(out, instant);
                }
                EditKind::Timestamp(_) => out.extend_from_slice(value),
                EditKind::Wrap => {
                    out.push(b'[');
                    out.extend_from_slice(value);
                    out.push(b']');
                }
            }
        }
        out.extend_from_slice(&self.raw[copied..]);
        offsets
    }

    /// Writes the properties that the client left out, each with a comma after it: others always follow.
    fn insert_missing(&self, server: &Stamp<'_>, out: &mut Vec<u8>, origin: usize) -> StampOffsets {
        let edits = &self.layout.edits;
        let mut offsets = StampOffsets { stored: 0, timestamp: None };
        if self.id.is_none() {
            out.extend_from_slice(b"\"id\":\"");
            let mut buffer = [0; 36];
            out.extend_from_slice(server.id.hyphenated().encode_lower(&mut buffer).as_bytes());
            out.extend_from_slice(b"\",");
        }
        if !edits.has(EditKind::Stored) {
            out.extend_from_slice(b"\"stored\":");
            offsets.stored = push_instant(out, server.stored) - origin;
            out.push(b',');
        }
        if self.timestamp.is_none() {
            out.extend_from_slice(b"\"timestamp\":");
            offsets.timestamp = Some(push_instant(out, server.stored) - origin);
            out.push(b',');
        }
        if !edits.has(EditKind::Authority) {
            out.extend_from_slice(b"\"authority\":");
            out.extend_from_slice(server.authority);
            out.push(b',');
        }
        if !edits.has_version {
            out.extend_from_slice(match server.version {
                Version::V1_0_3 => b"\"version\":\"1.0.0\",",
                Version::V2_0_0 => b"\"version\":\"2.0.0\",",
            });
        }
        offsets
    }
}

/// Writes the instant in quotes and returns where its text begins.
fn push_instant(out: &mut Vec<u8>, instant: Timestamp) -> usize {
    out.push(b'"');
    let at = out.len();
    instant.append_to(out);
    out.push(b'"');
    at
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::{parse_statement, read_stored};

    const AUTHORITY: &[u8] = br#"{"mbox":"mailto:lms@x"}"#;
    const STORED: Timestamp = Timestamp::from_micros(1_795_358_280_123_456);

    fn stamped(body: &str, version: Version, keeps_client_authority: bool) -> (String, StampOffsets) {
        let statement = parse_statement(body.as_bytes(), version).unwrap();
        let id = StatementId::from_u128(7);
        let stamp = Stamp { id, stored: STORED, authority: AUTHORITY, keeps_client_authority, version };
        let mut out = b"before".to_vec();
        let offsets = statement.stamp(&stamp, &mut out);
        let bytes = out.split_off(6);
        let read = read_stored(&bytes).unwrap();
        assert_eq!(read.stored, Some(STORED));
        assert_eq!(read.id, statement.id.or(Some(id)));
        assert_eq!(read.timestamp, statement.timestamp.or(Some(STORED)));
        assert_eq!(read.fingerprint(), None);
        drop(read);
        (String::from_utf8(bytes).unwrap(), offsets)
    }

    fn check(body: &str, version: Version, expected: &Expect) {
        let (text, offsets) = stamped(body, version, false);
        let marked = |at: usize| &text[at..at + Timestamp::TEXT_BYTES];
        assert_eq!(marked(offsets.stored), STORED.to_string());
        assert!(offsets.timestamp.is_none_or(|at| marked(at) == STORED.to_string()));
        expected.assert_eq(&text);
    }

    #[test]
    fn what_the_client_left_out_comes_first() {
        let body = r#"{ "actor":{"mbox":"mailto:a@x"},"verb":{"id":"v:1"}, "object":{"id":"a:1"} }"#;
        check(
            body,
            Version::V1_0_3,
            &expect![[
                r#"{"id":"00000000-0000-0000-0000-000000000007","stored":"2026-11-22T14:38:00.123456Z","timestamp":"2026-11-22T14:38:00.123456Z","authority":{"mbox":"mailto:lms@x"},"version":"1.0.0", "actor":{"mbox":"mailto:a@x"},"verb":{"id":"v:1"}, "object":{"id":"a:1"} }"#
            ]],
        );
        check(
            body,
            Version::V2_0_0,
            &expect![[
                r#"{"id":"00000000-0000-0000-0000-000000000007","stored":"2026-11-22T14:38:00.123456Z","timestamp":"2026-11-22T14:38:00.123456Z","authority":{"mbox":"mailto:lms@x"},"version":"2.0.0", "actor":{"mbox":"mailto:a@x"},"verb":{"id":"v:1"}, "object":{"id":"a:1"} }"#
            ]],
        );
    }

    const FULL: &str = r#"{"stored":"2001-01-01T00:00:00+02:00","id":"6690E6C9-3ef0-4ed3-8b37-7f3964730bee",
        "authority":{"mbox":"mailto:me@x"},"timestamp":"2023-05-04T12:00:00.1234567-05:00","version":"1.0.9",
        "actor":{"mbox":"mailto:a@x"},"verb":{"id":"v:1"},"result":{"score":{"raw":1.000000000000000000010e+2}},
        "object":{"objectType":"SubStatement","actor":{"mbox":"mailto:b@x"},"verb":{"id":"v:2"},
            "object":{"id":"a:1"},"context":{"contextActivities":{"parent": {"id":"a:2"} }},
            "timestamp":"2023-05-04T12:00:00+01:00"},
        "context":{"contextActivities":{"other":{"id":"a:3"},"parent":[{"id":"a:4"}]}}}"#;

    #[test]
    fn what_the_client_sent_survives_byte_for_byte() {
        check(
            FULL,
            Version::V1_0_3,
            &expect![[r#"
            {"stored":"2026-11-22T14:38:00.123456Z","id":"6690E6C9-3ef0-4ed3-8b37-7f3964730bee",
                    "authority":{"mbox":"mailto:lms@x"},"timestamp":"2023-05-04T12:00:00.1234567-05:00","version":"1.0.9",
                    "actor":{"mbox":"mailto:a@x"},"verb":{"id":"v:1"},"result":{"score":{"raw":1.000000000000000000010e+2}},
                    "object":{"objectType":"SubStatement","actor":{"mbox":"mailto:b@x"},"verb":{"id":"v:2"},
                        "object":{"id":"a:1"},"context":{"contextActivities":{"parent": [{"id":"a:2"}] }},
                        "timestamp":"2023-05-04T12:00:00+01:00"},
                    "context":{"contextActivities":{"other":[{"id":"a:3"}],"parent":[{"id":"a:4"}]}}}"#]],
        );
    }

    #[test]
    fn times_are_returned_in_utc_by_2_0() {
        check(
            FULL,
            Version::V2_0_0,
            &expect![[r#"
            {"stored":"2026-11-22T14:38:00.123456Z","id":"6690E6C9-3ef0-4ed3-8b37-7f3964730bee",
                    "authority":{"mbox":"mailto:lms@x"},"timestamp":"2023-05-04T17:00:00.123456Z","version":"1.0.9",
                    "actor":{"mbox":"mailto:a@x"},"verb":{"id":"v:1"},"result":{"score":{"raw":1.000000000000000000010e+2}},
                    "object":{"objectType":"SubStatement","actor":{"mbox":"mailto:b@x"},"verb":{"id":"v:2"},
                        "object":{"id":"a:1"},"context":{"contextActivities":{"parent": [{"id":"a:2"}] }},
                        "timestamp":"2023-05-04T11:00:00.000000Z"},
                    "context":{"contextActivities":{"other":[{"id":"a:3"}],"parent":[{"id":"a:4"}]}}}"#]],
        );
    }

    #[test]
    fn a_trusted_client_keeps_its_authority() {
        let (text, _) = stamped(FULL, Version::V1_0_3, true);
        assert!(text.contains("mailto:me@x") && !text.contains("mailto:lms@x"));
    }

    #[test]
    fn the_instant_can_be_set_later() {
        let body = r#"{"actor":{"mbox":"mailto:a@x"},"verb":{"id":"v:1"},"object":{"id":"a:1"}}"#;
        let (text, offsets) = stamped(body, Version::V1_0_3, false);
        let mut bytes = text.into_bytes();
        let later = Timestamp::from_micros(STORED.as_micros() + 1);
        offsets.restamp(&mut bytes, later);
        let read = read_stored(&bytes).unwrap();
        assert_eq!((read.stored, read.timestamp), (Some(later), Some(later)));
    }
}
