//! Bytes of what the engagement tables keep in blobs: entries of timelines, and outcomes.
//!
//! Every blob begins with the version of its form. Numbers are variable in length: seven bits a byte, low end first;
//! signed ones are folded so that small magnitudes are short. Reading bytes that are none of ours gives `None`.

mod reader;
mod writer;

use plaudit_engagement::{Entry, FunnelOutcome, Outcome};
use plaudit_xapi::{StatementId, Timestamp};

use self::reader::Reader;
use self::writer::Writer;

/// Version of every form written here.
const VERSION: u8 = 1;

/// Entries, in their order.
pub(super) fn encode_entries(entries: &[Entry]) -> Vec<u8> {
    let mut out = Writer::with_capacity(1 + entries.len() * ENTRY_BYTES_USUAL);
    out.entries(entries, Timestamp::default());
    out.0
}

/// Adds `more` to bytes that [`encode_entries`] wrote of `present`, or to none.
pub(super) fn append_entries(bytes: &mut Vec<u8>, present: &[Entry], more: &[Entry]) {
    let mut out = if bytes.is_empty() { Writer::with_capacity(0) } else { Writer(std::mem::take(bytes)) };
    out.entries(more, present.last().map_or(Timestamp::default(), |last| last.time));
    *bytes = out.0;
}

/// What an entry of the default definitions takes.
const ENTRY_BYTES_USUAL: usize = 48;

/// Adds the entries of bytes that [`encode_entries`] wrote; no bytes are no entries.
pub(super) fn decode_entries(bytes: &[u8], entries: &mut Vec<Entry>) -> Option<()> {
    if bytes.is_empty() {
        return Some(());
    }
    let mut from = Reader::new(bytes)?;
    let mut before = Timestamp::default();
    while !from.0.is_empty() {
        let entry = from.entry(before)?;
        before = entry.time;
        entries.push(entry);
    }
    Some(())
}

/// One entry.
pub(super) fn encode_entry(entry: &Entry) -> Vec<u8> {
    encode_entries(std::slice::from_ref(entry))
}

/// The entry of bytes that [`encode_entry`] wrote.
pub(super) fn decode_entry(bytes: &[u8]) -> Option<Entry> {
    let mut entries = Vec::with_capacity(1);
    decode_entries(bytes, &mut entries)?;
    entries.pop()
}

/// Everything that is known about a learner.
pub(super) fn encode_outcome(outcome: &Outcome) -> Vec<u8> {
    let mut out = Writer::with_capacity(256);
    out.list(&outcome.funnels, Writer::funnel);
    out.list(&outcome.achievements, Writer::earned);
    out.list(&outcome.expectations, Writer::expectation);
    out.0
}

/// The outcome of bytes that [`encode_outcome`] wrote.
pub(super) fn decode_outcome(bytes: &[u8]) -> Option<Outcome> {
    let mut from = Reader::new(bytes)?;
    Some(Outcome {
        funnels: from.list(Reader::funnel)?,
        achievements: from.list(Reader::earned)?,
        expectations: from.list(Reader::expectation)?,
    })
}

/// How far a learner has come in a funnel.
pub(super) fn encode_funnel(funnel: &FunnelOutcome) -> Vec<u8> {
    let mut out = Writer::with_capacity(256);
    out.funnel(funnel);
    out.0
}

/// The outcome of bytes that [`encode_funnel`] wrote.
pub(super) fn decode_funnel(bytes: &[u8]) -> Option<FunnelOutcome> {
    Reader::new(bytes)?.funnel()
}

/// Ids of statements.
pub(super) fn encode_ids(ids: &[StatementId]) -> Vec<u8> {
    let mut out = Writer::with_capacity(4 + ids.len() * 16);
    out.list(ids, Writer::id);
    out.0
}

/// The ids of bytes that [`encode_ids`] wrote.
pub(super) fn decode_ids(bytes: &[u8]) -> Option<Vec<StatementId>> {
    Reader::new(bytes)?.list(Reader::id)
}

#[cfg(test)]
mod tests {
    use plaudit_engagement::{
        Earned, Entered, EntryKind, Expectation, Mark, Met, Recognition, RecognitionTarget, Revoked,
    };

    use super::*;

    fn id(number: u128) -> StatementId {
        StatementId::from_u128(number)
    }

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[track_caller]
    fn check<T: PartialEq + std::fmt::Debug>(value: &T, bytes: &[u8], read: impl Fn(&[u8]) -> Option<T>) {
        assert_eq!(read(bytes).as_ref(), Some(value));
        for cut in 0..bytes.len() {
            assert_ne!(read(&bytes[..cut]).as_ref(), Some(value), "cut at {cut}");
        }
        assert_eq!(read(&[&[VERSION + 1], &bytes[1..]].concat()), None, "of another version");
    }

    #[test]
    fn entries_read_back() {
        let mark = Mark::new([1, 70], Some(9), false);
        let recognition = |via, named: Option<&str>| {
            let (by, named) = ("mailto:a@b.example".to_owned(), named.map(str::to_owned));
            EntryKind::Recognition(Recognition { mark: mark.clone(), by, via, named })
        };
        let kinds = [
            EntryKind::Own(mark.clone()),
            EntryKind::Member(Mark::default()),
            recognition(RecognitionTarget::Learner, None),
            recognition(RecognitionTarget::Member, Some("pair")),
            recognition(RecognitionTarget::Evidence(id(7)), Some("")),
            EntryKind::Void { target: id(u128::MAX) },
        ];
        let times = [i64::MAX, i64::MIN, 0, -1, 1_700_000_000_000_000, 1_600_000_000_000_000];
        let entry = |(kind, time): (EntryKind, i64)| Entry {
            time: at(time),
            stored: at(time.wrapping_add(5)),
            id: id(3),
            kind,
        };
        let entries: Vec<Entry> = kinds.into_iter().zip(times).map(entry).collect();
        check(&entries, &encode_entries(&entries), |bytes| {
            let mut entries = Vec::new();
            decode_entries(bytes, &mut entries).map(|()| entries)
        });
        check(&entries[4], &encode_entry(&entries[4]), decode_entry);
        let mut bytes = Vec::new();
        append_entries(&mut bytes, &[], &entries[..2]);
        append_entries(&mut bytes, &entries[..2], &entries[2..]);
        assert_eq!(bytes, encode_entries(&entries));
    }

    #[test]
    fn outcomes_read_back() {
        let entered = Entered {
            index: 3,
            stage: "in".to_owned(),
            statement: id(1),
            time: at(-5),
            evidence: vec![id(2), id(1)],
        };
        let funnel = FunnelOutcome {
            funnel: "f".to_owned(),
            stages: 300,
            entered: vec![entered],
            current: 3,
            last_in_scope: at(i64::MAX),
            next_deadline: Some(at(i64::MIN)),
            dormant_after: None,
        };
        let revoked = Revoked { time: at(4), voided_by: id(5), voided: id(6), reason: "void".to_owned() };
        let earned = |revoked| Earned {
            achievement: "a".to_owned(),
            occurrence: u32::MAX,
            time: at(1),
            statement: id(1),
            evidence: vec![],
            points: 50,
            revoked,
        };
        let met = Met { by: "b".to_owned(), time: at(3), statement: id(9) };
        let expectation = |met| Expectation {
            rule: "r".to_owned(),
            achievement: "a".to_owned(),
            occurrence: 1,
            earned_at: at(1),
            due_at: at(2),
            met,
        };
        check(&funnel, &encode_funnel(&funnel), decode_funnel);
        let outcome = Outcome {
            funnels: vec![funnel],
            achievements: vec![earned(None), earned(Some(revoked))],
            expectations: vec![expectation(None), expectation(Some(met))],
        };
        check(&outcome, &encode_outcome(&outcome), decode_outcome);
        check(&vec![id(1), id(2)], &encode_ids(&[id(1), id(2)]), decode_ids);
    }

    #[test]
    fn a_damaged_length_is_no_reason_to_reserve_memory() {
        let mut out = Writer::with_capacity(16);
        out.number(u64::MAX >> 8);
        assert_eq!(decode_ids(&out.0), None);
    }
}
