//! Finds the places of a page in the order of time.
//!
//! Where there is one partition and its order is that of time, which is so on the embedded log, positions are read in order and
//! nothing more than the page is looked at. Otherwise whole chunks are searched, those that may have the next statement first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use plaudit_event::TenantId;
use plaudit_log::Partition;
use plaudit_read_models::statements::{CHUNK_BITS, Span, times};
use plaudit_store::{Generation, Order, Store, StoreError};

use super::plan::Plan;
use super::search::Search;
use super::spans::{SpanCache, Spans};
use super::stream::Index;
use crate::cursor::Place;

/// What is searched.
pub(super) struct Finder<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) generation: Generation,
    pub(super) tenant: &'a TenantId,
    pub(super) partitions: u32,
    pub(super) cache: &'a SpanCache,
}

/// A place in (partition, position), and when its statement was stored if that was needed to find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) partition: Partition,
    pub(super) position: u64,
    pub(super) stored: Option<i64>,
}

impl Finder<'_> {
    /// The first places of `plan` after `after`, at most `limit`.
    pub(super) async fn find(
        &self,
        plan: &Plan,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<Found>, StoreError> {
        let mut spans = Vec::new();
        for partition in 0..self.partitions {
            spans.push(self.cache.read(self.store, self.generation, partition).await?);
        }
        match spans.as_slice() {
            [spans] if spans.sorted => self.in_order(plan, after, limit, spans).await,
            _ => self.merged(plan, after, limit, &spans).await,
        }
    }

    /// When the statement at a place was stored.
    pub(super) async fn stored(&self, found: Found) -> Result<i64, StoreError> {
        if let Some(stored) = found.stored {
            return Ok(stored);
        }
        let times = self.times(found.partition, (found.position >> CHUNK_BITS) as u32).await?;
        Ok(stored_at(&times, found.position))
    }

    async fn in_order(
        &self,
        plan: &Plan,
        after: Option<Place>,
        limit: usize,
        spans: &Arc<Spans>,
    ) -> Result<Vec<Found>, StoreError> {
        let (store, generation, partition) = (self.store, self.generation, 0);
        let mut from = spans.after(plan.since, store, generation, partition).await?;
        let mut to = match plan.until {
            None => u64::MAX,
            // Of the first that is later, the one before.
            until => match spans.after(until, store, generation, partition).await?.checked_sub(1) {
                Some(to) => to,
                None => return Ok(Vec::new()),
            },
        };
        match (plan.order, after) {
            (_, None) => {}
            (Order::Ascending, Some(last)) => from = from.max(last.position + 1),
            (Order::Descending, Some(last)) => match last.position.checked_sub(1) {
                Some(before) => to = to.min(before),
                None => return Ok(Vec::new()),
            },
        }
        let mut search = Search::new(self.index(partition), &plan.conditions, plan.order, from, to);
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(position) = search.next().await?
        {
            found.push(Found { partition, position, stored: None });
        }
        Ok(found)
    }

    async fn merged(
        &self,
        plan: &Plan,
        after: Option<Place>,
        limit: usize,
        spans: &[Arc<Spans>],
    ) -> Result<Vec<Found>, StoreError> {
        let range = Range::of(plan, after);
        let mut units = units(&range, spans);
        let mut heap: BinaryHeap<(Reverse<Rank>, Place)> = BinaryHeap::new();
        let mut found = Vec::new();
        while found.len() < limit {
            let bound = units.last().map(|unit| unit.first);
            let ready = heap.peek().filter(|(Reverse(rank), _)| bound.is_none_or(|bound| rank.0 < bound));
            if ready.is_some() {
                let Some((_, Place { stored, partition, position })) = heap.pop() else { break };
                found.push(Found { partition, position, stored: Some(stored) });
            } else if let Some(unit) = units.pop() {
                let places = self.unit(plan, &unit).await?;
                heap.extend(
                    places
                        .into_iter()
                        .filter(|place| range.has(*place))
                        .map(|place| (Reverse(range.rank(place)), place)),
                );
            } else {
                break;
            }
        }
        Ok(found)
    }

    /// Everything in a chunk that meets the conditions.
    async fn unit(&self, plan: &Plan, unit: &Unit) -> Result<Vec<Place>, StoreError> {
        let (partition, first) = (unit.partition, u64::from(unit.chunk) << CHUNK_BITS);
        let to = first | ((1 << CHUNK_BITS) - 1);
        let mut search = Search::new(self.index(partition), &plan.conditions, plan.order, first, to);
        let mut positions = Vec::new();
        while let Some(position) = search.next().await? {
            positions.push(position);
        }
        if positions.is_empty() {
            return Ok(Vec::new());
        }
        let times = self.times(partition, unit.chunk).await?;
        let place = |position| Place { stored: stored_at(&times, position), partition, position };
        Ok(positions.into_iter().map(place).collect())
    }

    async fn times(&self, partition: Partition, chunk: u32) -> Result<Vec<(u64, i64)>, StoreError> {
        times(self.store, self.generation, partition, chunk).await
    }

    fn index(&self, partition: Partition) -> Index<'_> {
        Index { store: self.store, generation: self.generation, tenant: self.tenant, partition }
    }
}

fn stored_at(times: &[(u64, i64)], position: u64) -> i64 {
    let at = times.binary_search_by_key(&position, |(position, _)| *position);
    at.map_or(i64::MAX, |at| times[at].1)
}

/// A chunk to be searched.
struct Unit {
    partition: Partition,
    chunk: u32,
    /// Nothing in it comes before this in the order of the answer.
    first: i64,
}

/// Which statements may be in the answer, and in which order.
struct Range {
    order: Order,
    since: i64,
    until: i64,
    after: Option<Rank>,
}

/// Instant (negative when descending), partition, position: the smaller comes first.
type Rank = (i64, i128, i128);

impl Range {
    fn of(plan: &Plan, after: Option<Place>) -> Self {
        let mut range = Self {
            order: plan.order,
            since: plan.since.map_or(i64::MIN, |since| since.as_micros()),
            until: plan.until.map_or(i64::MAX, |until| until.as_micros()),
            after: None,
        };
        range.after = after.map(|place| range.rank(place));
        range
    }

    fn rank(&self, place: Place) -> Rank {
        let sign = if self.order == Order::Ascending { 1 } else { -1 };
        (self.key(place.stored), sign * i128::from(place.partition), sign * i128::from(place.position))
    }

    fn key(&self, stored: i64) -> i64 {
        if self.order == Order::Ascending { stored } else { !stored }
    }

    fn has(&self, place: Place) -> bool {
        let after = self.after.is_none_or(|after| self.rank(place) > after);
        after && place.stored <= self.until && (place.stored > self.since || self.since == i64::MIN)
    }

    /// What of `span` would come first; none if nothing of it can be in the answer.
    fn first(&self, span: &Span) -> Option<i64> {
        let (first, last) = match self.order {
            Order::Ascending => (span.min_stored, span.max_stored),
            Order::Descending => (span.max_stored, span.min_stored),
        };
        let in_time = span.max_stored >= self.since && span.min_stored <= self.until;
        let left = self.after.is_none_or(|after| self.key(last) >= after.0);
        (in_time && left).then_some(self.key(first))
    }
}

/// The chunks to be searched, the one with the first statement last.
fn units(range: &Range, spans: &[Arc<Spans>]) -> Vec<Unit> {
    let mut units = Vec::new();
    for (partition, spans) in (0..).zip(spans) {
        let unit = |(chunk, span): &(u32, Span)| {
            range.first(span).map(|first| Unit { partition, chunk: *chunk, first })
        };
        units.extend(spans.chunks.iter().filter_map(unit));
    }
    units.sort_by_key(|unit| Reverse((unit.first, unit.partition, unit.chunk)));
    units
}
