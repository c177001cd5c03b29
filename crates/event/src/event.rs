//! Events and their records.
//!
//! | part | content |
//! |---|---|
//! | key | tenant, NUL, subject (the learner of a statement; `definition` for definitions) |
//! | header `kind`, `version` | what the value is |
//! | header `tenant` | again, for consumers that do not read keys |
//! | header `fingerprint` | statements: what it means, 16 bytes little endian |
//! | header `stored` | statements: microseconds since 1970, 8 bytes little endian |
//! | header `schema` | where the value is described |
//! | value | JSON |

use plaudit_log::{Batch, RecordRef};
use plaudit_xapi::{Fingerprint, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{EventError, LearnerId, TenantId};

const KIND: &str = "kind";
const VERSION: &str = "version";
const TENANT: &str = "tenant";
const FINGERPRINT: &str = "fingerprint";
const STORED: &str = "stored";
const SCHEMA: &str = "schema";
const DEFINITION_SUBJECT: &[u8] = b"definition";
/// Where the value of [`STORED`] stands among the headers of a statement: it is the first of them.
const STORED_AT: std::ops::Range<usize> = 1 + STORED.len() + 2..1 + STORED.len() + 2 + 8;

/// One event.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A statement was stored.
    Statement(StatementEvent<'a>),
    /// A definition was written or deleted.
    Definition(DefinitionEvent),
}

/// A stored statement.
#[derive(Clone, Debug)]
pub struct StatementEvent<'a> {
    /// Whose.
    pub tenant: TenantId,
    /// Canonical identity of the actor, as `plaudit_xapi` gives it.
    pub learner: &'a str,
    /// When it was stored.
    pub stored: Timestamp,
    /// What it means.
    pub fingerprint: Fingerprint,
    /// The statement as it is served.
    pub body: &'a [u8],
}

/// What a definition defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefinitionKind {
    /// A funnel.
    Funnel,
    /// An achievement rule.
    Achievement,
    /// A recognition rule.
    Recognition,
}

impl DefinitionKind {
    /// As in `funnel`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Funnel => "funnel",
            Self::Achievement => "achievement",
            Self::Recognition => "recognition",
        }
    }
}

/// A definition was written or deleted.
#[derive(Clone, Debug)]
pub struct DefinitionEvent {
    /// Whose.
    pub tenant: TenantId,
    /// What it defines.
    pub kind: DefinitionKind,
    /// Its id.
    pub id: String,
    /// 1 for the first, one more with each change.
    pub version: u64,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// The document as written; `None` when deleted.
    pub document: Option<Box<RawValue>>,
}

#[derive(Serialize, Deserialize)]
struct DefinitionValue<'a> {
    kind: DefinitionKind,
    id: std::borrow::Cow<'a, str>,
    version: u64,
    at_micros: i64,
    document: Option<Box<RawValue>>,
}

impl<'a> Event<'a> {
    /// Reads a record of any released kind and version.
    ///
    /// # Errors
    /// [`EventError`] saying which part is not as it should be.
    pub fn decode(record: &RecordRef<'a>) -> Result<Self, EventError> {
        let (tenant, subject) = split_key(record.key)?;
        let tenant = TenantId::new(tenant)?;
        let header = |name| text_header(record, name);
        match (header(KIND)?, header(VERSION)?) {
            ("statement", "1") => Ok(Self::Statement(StatementEvent {
                tenant,
                learner: subject,
                stored: Timestamp::from_micros(i64::from_le_bytes(bytes_header(record, STORED)?)),
                fingerprint: Fingerprint(u128::from_le_bytes(bytes_header(record, FINGERPRINT)?)),
                body: record.value,
            })),
            ("definition", "1") => decode_definition(tenant, record.value).map(Self::Definition),
            (kind, version) => Err(EventError::Unknown { kind: kind.into(), version: version.into() }),
        }
    }

    /// Whose event it is.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        match self {
            Self::Statement(event) => &event.tenant,
            Self::Definition(event) => &event.tenant,
        }
    }
}

impl StatementEvent<'_> {
    /// Adds a statement's record to `batch`; `write` appends its body. [`StatementEvent::set_stored`] has to follow.
    pub fn push<T>(
        batch: &mut Batch,
        tenant: &TenantId,
        learner: &LearnerId,
        fingerprint: Fingerprint,
        write: impl FnOnce(&mut Vec<u8>) -> T,
    ) -> T {
        let fingerprint = fingerprint.0.to_le_bytes();
        let headers: [(&str, &[u8]); 6] = [
            (STORED, &[0; 8]),
            (FINGERPRINT, &fingerprint),
            (KIND, b"statement"),
            (VERSION, b"1"),
            (TENANT, tenant.as_str().as_bytes()),
            (SCHEMA, b"urn:plaudit:schema:statement:1"),
        ];
        batch.push(&key(tenant, learner.as_str().as_bytes()), &headers, write)
    }

    /// Writes when record `index` was stored into its header and over `places` of its body, each of which holds the
    /// 27 bytes of a printed timestamp.
    pub fn set_stored(
        batch: &mut Batch,
        index: usize,
        stored: Timestamp,
        printed: &[u8; 27],
        places: &[usize],
    ) {
        let (headers, body) = batch.parts_mut(index);
        headers[STORED_AT].copy_from_slice(&stored.as_micros().to_le_bytes());
        for &place in places {
            body[place..place + printed.len()].copy_from_slice(printed);
        }
    }
}

impl DefinitionEvent {
    /// Adds the event's record to `batch`.
    pub fn push(&self, batch: &mut Batch) {
        let headers: [(&str, &[u8]); 4] = [
            (KIND, b"definition"),
            (VERSION, b"1"),
            (TENANT, self.tenant.as_str().as_bytes()),
            (SCHEMA, b"urn:plaudit:schema:definition:1"),
        ];
        let value = DefinitionValue {
            kind: self.kind,
            id: self.id.as_str().into(),
            version: self.version,
            at_micros: self.at.as_micros(),
            document: self.document.clone(),
        };
        batch.push(&key(&self.tenant, DEFINITION_SUBJECT), &headers, |out| {
            serde_json::to_writer(out, &value).expect("a definition is plain data");
        });
    }
}

/// The key of a record about `subject`: tenant, NUL, subject.
fn key(tenant: &TenantId, subject: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(tenant.as_str().len() + 1 + subject.len());
    key.extend_from_slice(tenant.as_str().as_bytes());
    key.push(0);
    key.extend_from_slice(subject);
    key
}

fn split_key(key: &[u8]) -> Result<(&str, &str), EventError> {
    let text = std::str::from_utf8(key).map_err(|_| EventError::Key)?;
    text.split_once('\0').ok_or(EventError::Key)
}

fn text_header<'a>(record: &RecordRef<'a>, name: &'static str) -> Result<&'a str, EventError> {
    record.headers.get(name).and_then(|value| std::str::from_utf8(value).ok()).ok_or(EventError::Header(name))
}

fn bytes_header<const N: usize>(record: &RecordRef<'_>, name: &'static str) -> Result<[u8; N], EventError> {
    record.headers.get(name).and_then(|value| value.try_into().ok()).ok_or(EventError::Header(name))
}

fn decode_definition(tenant: TenantId, value: &[u8]) -> Result<DefinitionEvent, EventError> {
    let value: DefinitionValue<'_> =
        serde_json::from_slice(value).map_err(|error| EventError::Value(error.to_string()))?;
    Ok(DefinitionEvent {
        tenant,
        kind: value.kind,
        id: value.id.into_owned(),
        version: value.version,
        at: Timestamp::from_micros(value.at_micros),
        document: value.document,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant() -> TenantId {
        TenantId::new("acme").unwrap()
    }

    fn statement() -> Batch {
        let mut batch = Batch::default();
        let learner = LearnerId::from_canonical("mailto:ada@example.com");
        let body = br#"{"stored":"0000000000000000000000000000"}"#;
        StatementEvent::push(&mut batch, &tenant(), &learner, Fingerprint(7), |out| {
            out.extend_from_slice(body)
        });
        batch
    }

    #[test]
    fn a_statement_comes_back_with_the_time_that_was_set() {
        let mut batch = statement();
        let printed = b"2026-01-05T10:00:00.000000Z";
        StatementEvent::set_stored(&mut batch, 0, Timestamp::from_micros(42), printed, &[11]);
        let record = batch.iter().next().unwrap();
        let Ok(Event::Statement(event)) = Event::decode(&record) else { panic!("no statement") };
        assert_eq!((event.tenant, event.learner), (tenant(), "mailto:ada@example.com"));
        assert_eq!((event.stored, event.fingerprint), (Timestamp::from_micros(42), Fingerprint(7)));
        assert_eq!(event.body, br#"{"stored":"2026-01-05T10:00:00.000000Z0"}"#);
    }

    #[test]
    fn a_definition_comes_back_written_or_deleted() {
        let document = RawValue::from_string(r#"{"id":"f", "big":1.50}"#.into()).unwrap();
        for document in [Some(document), None] {
            let event = DefinitionEvent {
                tenant: tenant(),
                kind: DefinitionKind::Funnel,
                id: "f".into(),
                version: 3,
                at: Timestamp::from_micros(42),
                document,
            };
            let mut batch = Batch::default();
            event.push(&mut batch);
            let record = batch.iter().next().unwrap();
            let Ok(Event::Definition(read)) = Event::decode(&record) else { panic!("no definition") };
            assert_eq!((read.kind, read.id, read.version, read.at), (event.kind, event.id, 3, event.at));
            assert_eq!(read.document.map(|it| it.to_string()), event.document.map(|it| it.to_string()));
        }
    }

    #[test]
    fn what_is_no_event_is_refused_with_its_reason() {
        let decode = |key: &[u8], headers: &[(&str, &[u8])]| {
            let mut batch = Batch::default();
            batch.push(key, headers, |_| ());
            Event::decode(&batch.iter().next().unwrap()).map(drop)
        };
        assert_eq!(decode(b"acme", &[]), Err(EventError::Key));
        assert_eq!(decode(b"ACME\0x", &[]), Err(EventError::Tenant("ACME".into())));
        assert_eq!(decode(b"acme\0x", &[]), Err(EventError::Header("kind")));
        let later: [(&str, &[u8]); 2] = [("kind", b"statement"), ("version", b"9")];
        let unknown = EventError::Unknown { kind: "statement".into(), version: "9".into() };
        assert_eq!(decode(b"acme\0x", &later), Err(unknown));
        let short: [(&str, &[u8]); 3] = [("kind", b"statement"), ("version", b"1"), ("stored", b"1")];
        assert_eq!(decode(b"acme\0x", &short), Err(EventError::Header("stored")));
    }

    /// Version 1 of a statement's record, byte for byte: logs that are out there have it.
    #[test]
    fn the_first_released_bytes_stay_readable() {
        let frozen: &[u8] = b"\x1b\x00\x7e\x00\x29\x00\x00\x00acme\0mailto:ada@example.com\
            \x06stored\x08\x00\0\0\0\0\0\0\0\0\
            \x0bfingerprint\x10\x00\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
            \x04kind\x09\x00statement\x07version\x01\x001\x06tenant\x04\x00acme\
            \x06schema\x1e\x00urn:plaudit:schema:statement:1\
            {\"stored\":\"0000000000000000000000000000\"}";
        let batch = statement();
        assert_eq!(batch.as_bytes(), frozen);
        let (record, rest) = RecordRef::parse(frozen).unwrap();
        assert!(rest.is_empty() && Event::decode(&record).is_ok());
    }
}
