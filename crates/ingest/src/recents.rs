//! Ids of statements that the rows do not show yet, and who is writing which id right now.
//!
//! A request claims all its new ids in one step, or none and waits. While it waits it holds nothing, so two requests
//! that share ids in opposite order cannot block each other. A claim ends by being settled (its ids are then remembered until the
//! rows have them) or by being dropped (its ids are free again); either wakes who waited.

mod key;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use plaudit_event::TenantId;
use plaudit_log::{Appended, Partition, Position};
use plaudit_xapi::{Fingerprint, StatementId};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use self::key::{Key, Seed};
use crate::known::KnownStatements;
use crate::{IngestError, Metrics};

/// A statement that wants to be stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) id: StatementId,
    pub(crate) fingerprint: Fingerprint,
}

pub(crate) struct Recents {
    state: Mutex<State>,
    known: Arc<dyn KnownStatements>,
    metrics: Metrics,
    max: usize,
}

/// The right to write some ids, until it is settled or dropped.
pub(crate) struct Claim {
    recents: Arc<Recents>,
    number: u64,
    keys: Vec<Key>,
    settled: bool,
}

#[derive(Default)]
struct State {
    ids: HashMap<Key, Entry, Seed>,
    /// Claims that are neither settled nor dropped, with who wakes those that wait for them.
    open: HashMap<u64, Option<Arc<Notify>>>,
    /// Settled claims in the order of their settling.
    settled: VecDeque<Settled>,
    next_claim: u64,
    tenants: HashMap<TenantId, u32>,
}

struct Entry {
    fingerprint: Fingerprint,
    claim: u64,
}

struct Settled {
    spans: Vec<(Partition, Position, Position)>,
    keys: Vec<Key>,
}

enum Step {
    Claimed(Claim, Vec<usize>),
    Wait(OwnedNotified),
}

impl Recents {
    pub(crate) fn new(known: Arc<dyn KnownStatements>, metrics: Metrics, max: usize) -> Self {
        metrics.recents_max.set(i64::try_from(max).unwrap_or(i64::MAX));
        Self { state: Mutex::default(), known, metrics, max }
    }

    /// Claims those of `wanted` that are not among the recent ones; returns their indexes in `wanted`.
    ///
    /// Waits for requests that are writing one of the ids; the wait ends with their outcome.
    pub(crate) async fn claim(
        self: &Arc<Self>,
        tenant: &TenantId,
        wanted: &[Wanted],
    ) -> Result<(Claim, Vec<usize>), IngestError> {
        loop {
            match self.step(tenant, wanted)? {
                Step::Claimed(claim, new) => return Ok((claim, new)),
                Step::Wait(other) => {
                    self.metrics.id_waits.inc();
                    other.await;
                }
            }
        }
    }

    /// Remembers statements that the log had before this process.
    pub(crate) fn remember(&self, tenant: &TenantId, wanted: Wanted, at: (Partition, Position)) {
        let mut state = self.state.lock();
        let key = Key::new(state.tenant(tenant), wanted.id);
        // The first record of an id wins, as it does in the rows.
        state.ids.entry(key).or_insert(Entry { fingerprint: wanted.fingerprint, claim: u64::MAX });
        let (partition, position) = at;
        let spans = vec![(partition, position, Position(position.0 + 1))];
        state.settled.push_back(Settled { spans, keys: vec![key] });
    }

    /// Forgets what the rows show by now; returns how many are left and how many may be.
    pub(crate) fn prune(&self) -> (usize, usize) {
        let mut state = self.state.lock();
        self.prune_locked(&mut state);
        (state.ids.len(), self.max)
    }

    fn step(self: &Arc<Self>, tenant: &TenantId, wanted: &[Wanted]) -> Result<Step, IngestError> {
        let mut state = self.state.lock();
        self.prune_locked(&mut state);
        let tenant = state.tenant(tenant);
        let mut new = Vec::with_capacity(wanted.len());
        for (index, one) in wanted.iter().enumerate() {
            let Some(entry) = state.ids.get(&Key::new(tenant, one.id)) else {
                new.push(index);
                continue;
            };
            let (claim, fingerprint) = (entry.claim, entry.fingerprint);
            if let Some(notify) = state.open.get_mut(&claim) {
                return Ok(Step::Wait(notify.get_or_insert_default().clone().notified_owned()));
            }
            if fingerprint != one.fingerprint {
                return Err(IngestError::Conflict { id: one.id });
            }
        }
        if state.ids.len() + new.len() > self.max {
            return Err(IngestError::Behind { waiting: state.ids.len(), waiting_max: self.max });
        }
        let keys = state.open_claim(tenant, new.iter().map(|&index| wanted[index]))?;
        let claim = Claim { recents: Arc::clone(self), number: state.next_claim, keys, settled: false };
        state.next_claim += 1;
        Ok(Step::Claimed(claim, new))
    }

    fn prune_locked(&self, state: &mut State) {
        let before = state.ids.len();
        while state.settled.front().is_some_and(|first| self.shown(first)) {
            let first = state.settled.pop_front().expect("looked at above");
            for key in first.keys {
                state.ids.remove(&key);
            }
        }
        // A map keeps its room when it empties; give back what one burst took.
        if state.ids.len() < before && state.ids.capacity() > 4 * (state.ids.len() + SPARE_IDS) {
            let room = 2 * (state.ids.len() + SPARE_IDS);
            state.ids.shrink_to(room);
        }
        self.count(state);
    }

    fn count(&self, state: &State) {
        self.metrics.recents.set(i64::try_from(state.ids.len()).unwrap_or(i64::MAX));
    }

    fn shown(&self, settled: &Settled) -> bool {
        settled.spans.iter().all(|&(partition, _, end)| self.known.absorbed(partition).next >= end)
    }
}

/// Below this many ids the map never gives room back.
const SPARE_IDS: usize = 16_384;

impl State {
    fn tenant(&mut self, tenant: &TenantId) -> u32 {
        if let Some(&number) = self.tenants.get(tenant) {
            return number;
        }
        let number = u32::try_from(self.tenants.len()).expect("fewer tenants than fit into memory");
        self.tenants.insert(tenant.clone(), number);
        number
    }

    /// Enters all ids under the next claim's number; none when one appears twice.
    fn open_claim(
        &mut self,
        tenant: u32,
        wanted: impl Iterator<Item = Wanted>,
    ) -> Result<Vec<Key>, IngestError> {
        let claim = self.next_claim;
        let mut keys = Vec::with_capacity(wanted.size_hint().0);
        for Wanted { id, fingerprint } in wanted {
            let key = Key::new(tenant, id);
            if self.ids.insert(key, Entry { fingerprint, claim }).is_some() {
                self.free(&keys);
                return Err(IngestError::Repeated { id });
            }
            keys.push(key);
        }
        self.open.insert(claim, None);
        Ok(keys)
    }

    fn free(&mut self, keys: &[Key]) {
        for key in keys {
            self.ids.remove(key);
        }
    }

    fn close(&mut self, claim: u64) {
        if let Some(Some(waiting)) = self.open.remove(&claim) {
            waiting.notify_waiters();
        }
    }
}

impl Claim {
    /// Keeps only the ids whose index among the claimed ones `keep` accepts; the others are free again.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(usize) -> bool) {
        let mut state = self.recents.state.lock();
        let mut index = 0;
        self.keys.retain(|key| {
            let kept = keep(index);
            index += 1;
            if !kept {
                state.ids.remove(key);
            }
            kept
        });
    }

    /// The ids are in the log at `appended`: they are remembered until the rows show them.
    pub(crate) fn settle(mut self, appended: &Appended) {
        let mut state = self.recents.state.lock();
        state.close(self.number);
        state
            .settled
            .push_back(Settled { spans: appended.spans.clone(), keys: std::mem::take(&mut self.keys) });
        self.recents.count(&state);
        drop(state);
        self.settled = true;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.settled {
            let mut state = self.recents.state.lock();
            state.free(&self.keys);
            state.close(self.number);
            self.recents.count(&state);
        }
    }
}
