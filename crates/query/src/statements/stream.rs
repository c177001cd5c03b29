//! One list of the index, read forward or backward with jumps.

use plaudit_event::TenantId;
use plaudit_log::Partition;
use plaudit_read_models::statements::{CHUNK_BITS, Lane, List, Term, list};
use plaudit_store::{Generation, Order, Store, StoreError};

/// Rows of the first read; a page of 50 newest needs one, if the list is dense.
const ROWS_FIRST: usize = 1;
/// Rows of the first read of late entries, which come by whole chunks.
const LATE_ROWS_FIRST: usize = 16;
/// Rows of a read far into a scan: 16,384 positions.
const ROWS_MAX: usize = 64;

/// The index of one tenant and one partition.
#[derive(Clone, Copy)]
pub(super) struct Index<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) generation: Generation,
    pub(super) tenant: &'a TenantId,
    pub(super) partition: Partition,
}

/// A position, so that the one that comes first in the order of the scan is the smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank(pub(super) u64);

impl Rank {
    pub(super) fn of(position: u64, order: Order) -> Self {
        if order == Order::Ascending { Self(position) } else { Self(!position) }
    }

    pub(super) fn position(self, order: Order) -> u64 {
        Self::of(self.0, order).0
    }

    pub(super) fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

/// The positions of one list from some rank on.
pub(super) struct Stream<'a> {
    index: Index<'a>,
    term: Term,
    lane: Lane,
    order: Order,
    /// Nothing beyond it is looked for.
    end: Rank,
    /// Ascending ranks: all there are before `open`, from the last jump on.
    ranks: Vec<Rank>,
    at: usize,
    /// From here on the list was not read; none when it was read to its end.
    open: Option<Rank>,
    rows: usize,
}

impl<'a> Stream<'a> {
    pub(super) fn new(index: Index<'a>, term: Term, lane: Lane, order: Order, end: Rank) -> Self {
        let open = Some(Rank(0));
        Self { index, term, lane, order, end, ranks: Vec::new(), at: 0, open, rows: 0 }
    }

    /// The first rank at or after `from`. Calls come with ascending ranks.
    pub(super) async fn seek(&mut self, from: Rank) -> Result<Option<Rank>, StoreError> {
        loop {
            if let Some(rank) = self.buffered(from) {
                return Ok(Some(rank));
            }
            let Some(open) = self.open else { return Ok(None) };
            let start = from.max(open);
            if start > self.end {
                self.open = None;
                return Ok(None);
            }
            let first = if self.lane == Lane::Late { LATE_ROWS_FIRST } else { ROWS_FIRST };
            self.rows = if start == open { (self.rows * 4).clamp(first, ROWS_MAX) } else { first };
            self.ranks.clear();
            self.at = 0;
            match self.lane {
                Lane::Ordered => self.read_ordered(start, start == open).await?,
                Lane::Late => self.read_late(start).await?,
            }
        }
    }

    fn buffered(&mut self, from: Rank) -> Option<Rank> {
        // Most calls are for the next one or a little further.
        let ahead = self.ranks.get(self.at..)?;
        let step = ahead.iter().take(8).position(|rank| *rank >= from);
        self.at += step.unwrap_or_else(|| ahead.partition_point(|rank| *rank < from));
        self.ranks.get(self.at).copied()
    }

    async fn read_ordered(&mut self, start: Rank, goes_on: bool) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        if self.order == Order::Ascending && !goes_on {
            rows.extend(self.row_around(start.0).await?);
        }
        let (from, to) = self.bounds(start);
        let found = self.rows(from, to, self.rows).await?;
        let all = found.len() < self.rows;
        rows.extend(found);
        // A row is in ascending order, and rows come in the order of the scan.
        let last = rows.last().and_then(|(_, row)| match self.order {
            Order::Ascending => row.last(),
            Order::Descending => row.first(),
        });
        let last = last.map(|position| Rank::of(*position, self.order));
        for (_, positions) in &mut rows {
            if self.order == Order::Descending {
                positions.reverse();
            }
            self.take(start, positions);
        }
        self.open = if all { None } else { last.and_then(Rank::next) };
        Ok(())
    }

    /// The row that begins before `position`, in whose chunk it is: it may have that and later ones.
    async fn row_around(&self, position: u64) -> Result<Option<(u32, Vec<u64>)>, StoreError> {
        let first = position >> CHUNK_BITS << CHUNK_BITS;
        if first == position {
            return Ok(None);
        }
        let list = List { order: Order::Descending, ..self.list(first, position - 1, 1) };
        Ok(self.read(list).await?.pop())
    }

    async fn read_late(&mut self, start: Rank) -> Result<(), StoreError> {
        let (from, to) = self.bounds(start);
        let mut rows = self.rows(from, to, self.rows).await?;
        self.open = None;
        if rows.len() == self.rows {
            // The last chunk may have more rows than were read.
            let last = rows.last().map_or(0, |(chunk, _)| *chunk);
            rows.retain(|(chunk, _)| *chunk != last);
            let (first, end) = chunk_bounds(last);
            if rows.is_empty() {
                rows = self.rows(first, end, usize::MAX).await?;
                self.open = match self.order {
                    Order::Ascending => Rank(end).next(),
                    Order::Descending => Rank::of(first, self.order).next(),
                };
            } else {
                self.open = Some(if self.order == Order::Ascending { Rank(first) } else { Rank(!end) });
            }
        }
        for (_, positions) in &rows {
            self.take(start, positions);
        }
        self.ranks.sort_unstable();
        self.ranks.dedup();
        Ok(())
    }

    fn take(&mut self, start: Rank, positions: &[u64]) {
        let ranks = positions.iter().map(|position| Rank::of(*position, self.order));
        self.ranks.extend(ranks.filter(|rank| (start..=self.end).contains(rank)));
    }

    /// The lowest and the highest position from `start` to the end.
    fn bounds(&self, start: Rank) -> (u64, u64) {
        let (start, end) = (start.position(self.order), self.end.position(self.order));
        (start.min(end), start.max(end))
    }

    fn list(&self, from: u64, to: u64, limit: usize) -> List<'a> {
        let Index { tenant, partition, .. } = self.index;
        List { tenant, term: self.term, lane: self.lane, partition, from, to, order: self.order, limit }
    }

    async fn rows(&self, from: u64, to: u64, limit: usize) -> Result<Vec<(u32, Vec<u64>)>, StoreError> {
        // Going backward, the row that begins before `from` may have positions after it; it is in the same chunk.
        let from = if self.order == Order::Descending { from >> CHUNK_BITS << CHUNK_BITS } else { from };
        self.read(self.list(from, to, limit)).await
    }

    async fn read(&self, list_: List<'_>) -> Result<Vec<(u32, Vec<u64>)>, StoreError> {
        list(self.index.store, self.index.generation, list_).await
    }
}

/// The first and the last position of a chunk.
fn chunk_bounds(chunk: u32) -> (u64, u64) {
    let first = u64::from(chunk) << CHUNK_BITS;
    (first, first | ((1 << CHUNK_BITS) - 1))
}
