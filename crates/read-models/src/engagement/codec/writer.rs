//! Values as bytes.

use plaudit_engagement::{
    Earned, Entered, Entry, EntryKind, Expectation, FunnelOutcome, Recognition, RecognitionTarget,
};
use plaudit_xapi::{StatementId, Timestamp};

use super::VERSION;

/// Collects bytes, the version first.
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        let mut out = Vec::with_capacity(bytes);
        out.push(VERSION);
        Self(out)
    }

    pub(super) fn number(&mut self, mut number: u64) {
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

    pub(super) fn id(&mut self, id: &StatementId) {
        self.0.extend_from_slice(id.as_bytes());
    }

    pub(super) fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.number(items.len() as u64);
        items.iter().for_each(|item| write(self, item));
    }

    fn option<T>(&mut self, item: Option<&T>, write: impl FnOnce(&mut Self, &T)) {
        self.0.push(item.is_some().into());
        if let Some(item) = item {
            write(self, item);
        }
    }

    /// The time of each is written as the difference to the one before.
    pub(super) fn entries(&mut self, entries: &[Entry], mut before: Timestamp) {
        for entry in entries {
            self.entry(entry, before);
            before = entry.time;
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

    pub(super) fn funnel(&mut self, funnel: &FunnelOutcome) {
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

    pub(super) fn earned(&mut self, earned: &Earned) {
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

    pub(super) fn expectation(&mut self, expectation: &Expectation) {
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
