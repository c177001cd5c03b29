//! Cursors: what clients hand back to get the next page, as opaque text.
//!
//! A cursor holds the whole query and the place where the page ended, so it works on every server and after every restart. It is bound
//! to its tenant and to what it says by a checksum. That is against mistakes, not against forgers: a cursor gives no right that the
//! credential of the request does not have, and what the credential limits is no part of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaudit_event::TenantId;
use plaudit_log::Partition;
use plaudit_read_models::statements::{Lane, TERM_BYTES, Term};
use plaudit_store::Order;
use plaudit_xapi::Timestamp;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::QueryError;
use crate::statements::{Condition, Format, Plan, Settings};

/// Layout of the bytes. Cursors of older versions stay readable for as long as clients may hold them, which is a day.
const VERSION: u8 = 1;
const CHECKSUM_BYTES: usize = 8;
/// Sets these checksums apart from others of the same bytes.
const SEED: u64 = 0x706c_6175_6469_7401;

const ASCENDING: u8 = 1;
const ATTACHMENTS: u8 = 2;
const SINCE: u8 = 4;
const UNTIL: u8 = 8;

/// Where a statement stands in the order of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When it was stored, in microseconds since 1970.
    pub stored: i64,
    /// Partition of its record.
    pub partition: Partition,
    /// Position of its record.
    pub position: u64,
}

/// The text that goes on with `plan` after `last`.
pub(crate) fn encode(tenant: &TenantId, plan: &Plan, last: Place) -> String {
    let mut out = vec![VERSION, flags(plan), format_number(plan.settings.format)];
    out.extend(plan.limit.to_le_bytes());
    for instant in [plan.since, plan.until].into_iter().flatten() {
        out.extend(instant.as_micros().to_le_bytes());
    }
    out.extend(last.stored.to_le_bytes());
    out.extend(last.partition.to_le_bytes());
    out.extend(last.position.to_le_bytes());
    let language = plan.settings.language.as_bytes();
    out.push(u8::try_from(language.len()).expect("settings keep it short"));
    out.extend(language);
    out.push(u8::try_from(plan.conditions.len()).expect("there are four filters"));
    for condition in &plan.conditions {
        out.push(u8::try_from(condition.len()).expect("a filter has at most three terms"));
        condition.iter().for_each(|term| out.extend(term.to_bytes(Lane::Ordered)));
    }
    let checksum = checksum(tenant, &out);
    out.extend(checksum);
    URL_SAFE_NO_PAD.encode(out)
}

/// What `text` goes on with, and after what.
pub(crate) fn decode(tenant: &TenantId, text: &str) -> Result<(Plan, Place), QueryError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| QueryError::Cursor)?;
    let (content, sum) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(QueryError::Cursor)?;
    if *sum != checksum(tenant, content) {
        return Err(QueryError::Cursor);
    }
    Reader(content).plan().ok_or(QueryError::Cursor)
}

fn checksum(tenant: &TenantId, content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let tenant = xxh3_64_with_seed(tenant.as_str().as_bytes(), SEED);
    xxh3_64_with_seed(content, tenant).to_le_bytes()
}

fn flags(plan: &Plan) -> u8 {
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    flag(plan.order == Order::Ascending, ASCENDING)
        | flag(plan.settings.attachments, ATTACHMENTS)
        | flag(plan.since.is_some(), SINCE)
        | flag(plan.until.is_some(), UNTIL)
}

fn format_number(format: Format) -> u8 {
    match format {
        Format::Exact => 0,
        Format::Ids => 1,
        Format::Canonical => 2,
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn plan(mut self) -> Option<(Plan, Place)> {
        let [version, flags, format] = self.take()?;
        if version != VERSION {
            return None;
        }
        let format = [Format::Exact, Format::Ids, Format::Canonical].get(usize::from(format)).copied()?;
        let limit = u32::from_le_bytes(self.take()?);
        let since = if flags & SINCE != 0 { Some(self.instant()?) } else { None };
        let until = if flags & UNTIL != 0 { Some(self.instant()?) } else { None };
        let last = Place {
            stored: i64::from_le_bytes(self.take()?),
            partition: u32::from_le_bytes(self.take()?),
            position: u64::from_le_bytes(self.take()?),
        };
        let [language] = self.take()?;
        let (language, rest) = self.0.split_at_checked(usize::from(language))?;
        let language = std::str::from_utf8(language).ok()?.to_owned();
        self.0 = rest;
        let [conditions] = self.take()?;
        let conditions = (0..conditions).map(|_| self.condition()).collect::<Option<_>>()?;
        let order = if flags & ASCENDING != 0 { Order::Ascending } else { Order::Descending };
        let settings = Settings { format, attachments: flags & ATTACHMENTS != 0, language };
        self.0.is_empty().then_some((Plan { conditions, since, until, order, limit, settings }, last))
    }

    fn condition(&mut self) -> Option<Condition> {
        let [terms] = self.take()?;
        (0..terms).map(|_| Term::from_bytes(self.take::<TERM_BYTES>()?)).collect()
    }

    fn instant(&mut self) -> Option<Timestamp> {
        self.take().map(i64::from_le_bytes).map(Timestamp::from_micros)
    }

    fn take<const LEN: usize>(&mut self) -> Option<[u8; LEN]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }
}

#[cfg(test)]
mod tests {
    use plaudit_read_models::statements::TermKind;

    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    fn plan() -> Plan {
        let agent = [TermKind::Agent, TermKind::RelatedAgent].map(|kind| Term { kind, hash: 7 << 100 });
        Plan {
            conditions: vec![
                agent.into_iter().collect(),
                [Term::iri(TermKind::Verb, "v")].into_iter().collect(),
            ],
            since: None,
            until: Some(Timestamp::from_micros(-5)),
            order: Order::Ascending,
            limit: 77,
            settings: Settings {
                format: Format::Canonical,
                attachments: true,
                language: "de-CH, en;q=0.5".into(),
            },
        }
    }

    const LAST: Place = Place { stored: i64::MIN, partition: 3, position: u64::MAX };

    #[test]
    fn a_cursor_keeps_the_query_and_the_place() {
        let text = encode(&tenant("a"), &plan(), LAST);
        assert_eq!(decode(&tenant("a"), &text).unwrap(), (plan(), LAST));
    }

    #[test]
    fn a_cursor_of_another_tenant_is_refused() {
        let text = encode(&tenant("a"), &plan(), LAST);
        assert!(matches!(decode(&tenant("b"), &text), Err(QueryError::Cursor)));
    }

    #[test]
    fn a_changed_cursor_is_refused() {
        let text = encode(&tenant("a"), &plan(), LAST);
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(decode(&tenant("a"), &changed).is_err(), "{at}");
            assert!(decode(&tenant("a"), &text[..at]).is_err(), "{at}");
        }
    }
}
