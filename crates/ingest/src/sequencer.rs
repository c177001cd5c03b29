//! Gives out `stored` times and appends in their order.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use plaudit_event::StatementEvent;
use plaudit_log::{Batch, Confirmation, Log};
use plaudit_xapi::{StampOffsets, Timestamp};

use crate::Clock;
use crate::known::KnownStatements;

pub(crate) struct Sequencer {
    log: Arc<dyn Log>,
    known: Arc<dyn KnownStatements>,
    clock: Clock,
    stamps: Mutex<Stamps>,
}

#[derive(Default)]
struct Stamps {
    /// The last time that was given out or promised to be over, in microseconds.
    last: i64,
    /// First stamp of each append that is not confirmed yet.
    in_flight: BTreeSet<i64>,
    /// Stamps of appends that failed without the log knowing whether the records are there.
    uncertain: BTreeSet<i64>,
}

/// How an append ended, as far as its stamp is concerned.
pub(crate) enum Ended {
    /// Its records are there, or will never be.
    Known,
    /// Its records may still turn up.
    Uncertain,
}

impl Sequencer {
    pub(crate) fn new(log: Arc<dyn Log>, known: Arc<dyn KnownStatements>, clock: Clock) -> Self {
        Self { log, known, clock, stamps: Mutex::default() }
    }

    /// Later stamps are above `stored`.
    pub(crate) fn start_above(&self, stored: Timestamp) {
        let mut stamps = self.stamps.lock();
        stamps.last = stamps.last.max(stored.as_micros());
    }

    /// Stamps the statements of `batch`, of which each has the offsets of its printed `stored`, and appends them.
    ///
    /// The lock spans both, so the log has the statements of this process in the order of `stored`. Returns the first stamp, to be given
    /// back through [`Self::ended`].
    pub(crate) fn append(&self, mut batch: Batch, offsets: &[StampOffsets]) -> (i64, Confirmation) {
        let mut stamps = self.stamps.lock();
        let first = stamps.last.max((self.clock)().as_micros() - 1) + 1;
        let mut micros = first;
        for (index, at) in offsets.iter().enumerate() {
            let stored = Timestamp::from_micros(micros);
            let places = [at.stored, at.timestamp.unwrap_or(at.stored)];
            StatementEvent::set_stored(&mut batch, index, stored, &stored.to_bytes(), &places);
            micros += 1;
        }
        stamps.last = micros - 1;
        stamps.in_flight.insert(first);
        (first, self.log.append(batch))
    }

    /// An append is over.
    pub(crate) fn ended(&self, first: i64, how: Ended) {
        let mut stamps = self.stamps.lock();
        stamps.in_flight.remove(&first);
        if matches!(how, Ended::Uncertain) {
            stamps.uncertain.insert(first);
        }
    }

    /// A time such that every statement stored until then is confirmed, and every later one will get a later stamp.
    pub(crate) fn floor(&self) -> Timestamp {
        let passed = self.passed();
        let mut stamps = self.stamps.lock();
        // Rows have absorbed something stamped later, so what did not turn up before it never will.
        stamps.uncertain.retain(|&stamp| stamp >= passed);
        if let Some(&first) = stamps.in_flight.iter().chain(&stamps.uncertain).min() {
            return Timestamp::from_micros(first - 1);
        }
        stamps.last = stamps.last.max((self.clock)().as_micros());
        Timestamp::from_micros(stamps.last)
    }

    fn passed(&self) -> i64 {
        let of = |partition| self.known.absorbed(partition).stored.as_micros();
        (0..self.log.partitions()).map(of).min().unwrap_or_default()
    }
}
