//! Values from bytes.

use plaudit_engagement::{
    Earned, Entered, Entry, EntryKind, Expectation, FunnelOutcome, Mark, Met, Recognition, RecognitionTarget,
    Revoked,
};
use plaudit_xapi::{StatementId, Timestamp};

use super::VERSION;

/// The bytes that are left.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
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

    pub(super) fn id(&mut self) -> Option<StatementId> {
        let (bytes, rest) = self.0.split_first_chunk::<16>()?;
        self.0 = rest;
        Some(StatementId::from_bytes(*bytes))
    }

    pub(super) fn list<T>(&mut self, read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
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

    pub(super) fn entry(&mut self, before: Timestamp) -> Option<Entry> {
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

    pub(super) fn funnel(&mut self) -> Option<FunnelOutcome> {
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

    pub(super) fn earned(&mut self) -> Option<Earned> {
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

    pub(super) fn expectation(&mut self) -> Option<Expectation> {
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
