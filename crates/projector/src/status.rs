//! What the projections are doing, for people and dashboards.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use parking_lot::Mutex;
use plaudit_log::{Partition, Position};
use plaudit_store::Generation;
use serde::Serialize;

use crate::Entry;
use crate::projection::{Place, Projection};

/// A projection and how far it has come in one partition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProjectionStatus {
    /// Name of the read model.
    pub model: &'static str,
    /// Generation of its rows.
    pub generation: u32,
    /// The tenant it is for; nothing for all.
    pub tenant: Option<String>,
    /// `building`, `serving` or `retired`.
    pub state: &'static str,
    /// Version of the read model.
    pub model_version: u32,
    /// When it was begun.
    pub created_at: String,
    /// Partition of the log.
    pub partition: Partition,
    /// Every record before this position is absorbed.
    pub next: u64,
    /// Head of the log.
    pub head: u64,
    /// How many positions are between the two.
    pub lag_positions: u64,
    /// The latest `stored` among the absorbed statements.
    pub stored: String,
    /// Records absorbed.
    pub events: u64,
    /// Learners that are parked.
    pub parked_learners: usize,
    /// How a rebuild goes.
    pub build: Option<BuildStatus>,
}

/// How a rebuild goes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BuildStatus {
    /// Share of the log that is replayed, 0 to 1.
    pub ratio: f64,
    /// Positions per second since it was begun or resumed.
    pub positions_per_second: f64,
    /// Estimated time until it serves.
    pub remaining_seconds: f64,
}

type Key = (&'static str, Generation, Partition);

/// Where runners write down how far their projections are.
#[derive(Default)]
pub(crate) struct Board(Mutex<HashMap<Key, Shown>>);

#[derive(Clone, Copy)]
struct Shown {
    place: Place,
    parked: usize,
    since: Instant,
    since_next: Position,
}

impl Board {
    /// Shows where a projection is.
    pub fn show(&self, projection: &Projection) {
        let (place, parked) = (projection.place, projection.parked.len());
        let first = Shown { place, parked, since: Instant::now(), since_next: place.reached.next };
        let mut board = self.0.lock();
        let shown = board.entry(key(&projection.entry, projection.partition)).or_insert(first);
        (shown.place, shown.parked) = (place, parked);
    }

    /// A projection that no runner has any more.
    pub fn hide(&self, entry: &Entry, partition: Partition) {
        self.0.lock().remove(&key(entry, partition));
    }

    /// The projections that runners have.
    pub fn running(&self) -> HashSet<(&'static str, Generation)> {
        self.0.lock().keys().map(|(model, number, _)| (*model, *number)).collect()
    }

    /// What is known of a projection.
    pub fn status(&self, entry: &Entry, partition: Partition, head: Position) -> ProjectionStatus {
        let shown = self.0.lock().get(&key(entry, partition)).copied();
        let place = shown.map(|shown| shown.place).unwrap_or_default();
        let building = entry.state == crate::State::Building;
        ProjectionStatus {
            model: entry.model,
            generation: entry.number.0,
            tenant: entry.tenant.as_ref().map(ToString::to_string),
            state: entry.state.as_str(),
            model_version: entry.version,
            created_at: entry.created_at.to_string(),
            partition,
            next: place.reached.next.0,
            head: head.0,
            lag_positions: head.0.saturating_sub(place.reached.next.0),
            stored: place.reached.stored.to_string(),
            events: place.events,
            parked_learners: shown.map(|shown| shown.parked).unwrap_or_default(),
            build: shown.filter(|_| building).map(|shown| shown.build(head)),
        }
    }
}

impl Shown {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn build(&self, head: Position) -> BuildStatus {
        let next = self.place.reached.next;
        let per_second = (next.0 - self.since_next.0) as f64 / self.since.elapsed().as_secs_f64().max(0.001);
        let left = head.0.saturating_sub(next.0) as f64;
        BuildStatus {
            ratio: if head.0 == 0 { 1.0 } else { (next.0 as f64 / head.0 as f64).min(1.0) },
            positions_per_second: per_second,
            remaining_seconds: if per_second > 0.0 { left / per_second } else { 0.0 },
        }
    }
}

fn key(entry: &Entry, partition: Partition) -> Key {
    (entry.model, entry.number, partition)
}
