//! Bytes of what the engagement tables keep in blobs: entries of timelines, and outcomes.
//!
//! Every blob begins with the version of its form. Numbers are variable in length: seven bits a byte, low end first;
//! signed ones are folded so that small magnitudes are short. Reading bytes that are none of ours gives `None`.

use plaudit_engagement::{
    Earned, Entered, Entry, EntryKind, Expectation, FunnelOutcome, Mark, Met, Outcome, Recognition,
    RecognitionTarget, Revoked,
};
use plaudit_xapi::{StatementId, Timestamp};

/// Version of every form written here.
const VERSION: u8 = 1;

/// Entries, in their order.
pub(super) fn encode_entries(entries: &[Entry]) -> Vec<u8> {
    let mut out = Writer::with_capacity(1 + entries.len() * ENTRY_BYTES_USUAL);
    let mut before = Timestamp::default();
    for entry in entries {
        out.entry(entry, before);
        before = entry.time;
    }
    out.0
}

/// What an entry of the default definitions takes.
const ENTRY_BYTES_USUAL: usize = 48;

/// The entries of bytes that [`encode_entries`] wrote.
pub(super) fn decode_entries(bytes: &[u8], entries: &mut Vec<Entry>) -> Option<()> {
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

struct Writer(Vec<u8>);

impl Writer {
    fn with_capacity(bytes: usize) -> Self {
        let mut out = Vec::with_capacity(bytes);
        out.push(VERSION);
        Self(out)
    }

    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.0.push(number.to_le_bytes()[0]);
    }

    fn signed(&mut self, number: i64) {
        self.number((number << 1 ^ number >> 63).cast_unsigned());
    }

    fn time(&mut self, time: Timestamp) {
        self.signed(time.as_micros());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn id(&mut self, id: &StatementId) {
        self.0.extend_from_slice(id.as_bytes());
    }

    fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.number(items.len() as u64);
        items.iter().for_each(|item| write(self, item));
    }

    fn option<T>(&mut self, item: Option<&T>, write: impl FnOnce(&mut Self, &T)) {
        self.0.push(item.is_some().into());
        if let Some(item) = item {
            write(self, item);
        }
    }

    fn entry(&mut self, entry: &Entry, before: Timestamp) {
        self.0.push(match &entry.kind {
            EntryKind::Own(_) => 0,
            EntryKind::Member(_) => 1,
            EntryKind::Recognition(_) => 2,
            EntryKind::Void { .. } => 3,
        });
        self.signed(entry.time.as_micros().wrapping_sub(before.as_micros()));
        self.signed(entry.stored.as_micros().wrapping_sub(entry.time.as_micros()));
        self.id(&entry.id);
        match &entry.kind {
            EntryKind::Own(mark) | EntryKind::Member(mark) => mark.encode(&mut self.0),
            EntryKind::Recognition(recognition) => self.recognition(recognition),
            EntryKind::Void { target } => self.id(target),
        }
    }

    fn recognition(&mut self, recognition: &Recognition) {
        recognition.mark.encode(&mut self.0);
        self.bytes(recognition.by.as_bytes());
        match &recognition.via {
            RecognitionTarget::Learner => self.0.push(0),
            RecognitionTarget::Member => self.0.push(1),
            RecognitionTarget::Evidence(id) => {
                self.0.push(2);
                self.id(id);
            }
        }
        self.option(recognition.named.as_ref(), |out, named| out.bytes(named.as_bytes()));
    }

    fn funnel(&mut self, funnel: &FunnelOutcome) {
        self.bytes(funnel.funnel.as_bytes());
        self.number(funnel.stages.into());
        self.list(&funnel.entered, Self::entered);
        self.number(funnel.current.into());
        self.time(funnel.last_in_scope);
        self.option(funnel.next_deadline.as_ref(), |out, time| out.time(*time));
        self.option(funnel.dormant_after.as_ref(), |out, time| out.time(*time));
    }

    fn entered(&mut self, entered: &Entered) {
        self.number(entered.index.into());
        self.bytes(entered.stage.as_bytes());
        self.id(&entered.statement);
        self.time(entered.time);
        self.list(&entered.evidence, Self::id);
    }

    fn earned(&mut self, earned: &Earned) {
        self.bytes(earned.achievement.as_bytes());
        self.number(earned.occurrence.into());
        self.time(earned.time);
        self.id(&earned.statement);
        self.list(&earned.evidence, Self::id);
        self.number(earned.points.into());
        self.option(earned.revoked.as_ref(), |out, revoked| {
            out.time(revoked.time);
            out.id(&revoked.voided_by);
            out.id(&revoked.voided);
            out.bytes(revoked.reason.as_bytes());
        });
    }

    fn expectation(&mut self, expectation: &Expectation) {
        self.bytes(expectation.rule.as_bytes());
        self.bytes(expectation.achievement.as_bytes());
        self.number(expectation.occurrence.into());
        self.time(expectation.earned_at);
        self.time(expectation.due_at);
        self.option(expectation.met.as_ref(), |out, met| {
            out.bytes(met.by.as_bytes());
            out.time(met.time);
            out.id(&met.statement);
        });
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        (*version == VERSION).then_some(Self(rest))
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn small<T: TryFrom<u64>>(&mut self) -> Option<T> {
        self.number()?.try_into().ok()
    }

    fn signed(&mut self) -> Option<i64> {
        let folded = self.number()?;
        Some((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
    }

    fn time(&mut self) -> Option<Timestamp> {
        self.signed().map(Timestamp::from_micros)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.small()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<String> {
        std::str::from_utf8(self.bytes()?).ok().map(str::to_owned)
    }

    fn id(&mut self) -> Option<StatementId> {
        let (bytes, rest) = self.0.split_first_chunk::<16>()?;
        self.0 = rest;
        Some(StatementId::from_bytes(*bytes))
    }

    fn list<T>(&mut self, read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let length: usize = self.small()?;
        // Every item takes a byte at least: a damaged length does not reserve memory for nothing.
        let mut items = Vec::with_capacity(length.min(self.0.len()));
        let mut read = read;
        for _ in 0..length {
            items.push(read(self)?);
        }
        Some(items)
    }

    #[expect(clippy::option_option, reason = "the outer one says whether the bytes could be read")]
    fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.byte()? {
            0 => Some(None),
            1 => read(self).map(Some),
            _ => None,
        }
    }

    fn mark(&mut self) -> Option<Mark> {
        let (mark, length) = Mark::decode(self.0)?;
        self.0 = &self.0[length..];
        Some(mark)
    }

    fn entry(&mut self, before: Timestamp) -> Option<Entry> {
        let tag = self.byte()?;
        let time = before.as_micros().wrapping_add(self.signed()?);
        let stored = time.wrapping_add(self.signed()?);
        let id = self.id()?;
        let kind = match tag {
            0 => EntryKind::Own(self.mark()?),
            1 => EntryKind::Member(self.mark()?),
            2 => EntryKind::Recognition(self.recognition()?),
            3 => EntryKind::Void { target: self.id()? },
            _ => return None,
        };
        Some(Entry { time: Timestamp::from_micros(time), stored: Timestamp::from_micros(stored), id, kind })
    }

    fn recognition(&mut self) -> Option<Recognition> {
        Some(Recognition {
            mark: self.mark()?,
            by: self.text()?,
            via: match self.byte()? {
                0 => RecognitionTarget::Learner,
                1 => RecognitionTarget::Member,
                2 => RecognitionTarget::Evidence(self.id()?),
                _ => return None,
            },
            named: self.option(Self::text)?,
        })
    }

    fn funnel(&mut self) -> Option<FunnelOutcome> {
        Some(FunnelOutcome {
            funnel: self.text()?,
            stages: self.small()?,
            entered: self.list(Self::entered)?,
            current: self.small()?,
            last_in_scope: self.time()?,
            next_deadline: self.option(Self::time)?,
            dormant_after: self.option(Self::time)?,
        })
    }

    fn entered(&mut self) -> Option<Entered> {
        Some(Entered {
            index: self.small()?,
            stage: self.text()?,
            statement: self.id()?,
            time: self.time()?,
            evidence: self.list(Self::id)?,
        })
    }

    fn earned(&mut self) -> Option<Earned> {
        Some(Earned {
            achievement: self.text()?,
            occurrence: self.small()?,
            time: self.time()?,
            statement: self.id()?,
            evidence: self.list(Self::id)?,
            points: self.small()?,
            revoked: self.option(Self::revoked)?,
        })
    }

    fn revoked(&mut self) -> Option<Revoked> {
        Some(Revoked { time: self.time()?, voided_by: self.id()?, voided: self.id()?, reason: self.text()? })
    }

    fn expectation(&mut self) -> Option<Expectation> {
        Some(Expectation {
            rule: self.text()?,
            achievement: self.text()?,
            occurrence: self.small()?,
            earned_at: self.time()?,
            due_at: self.time()?,
            met: self.option(Self::met)?,
        })
    }

    fn met(&mut self) -> Option<Met> {
        Some(Met { by: self.text()?, time: self.time()?, statement: self.id()? })
    }
}

#[cfg(test)]
mod tests {
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
