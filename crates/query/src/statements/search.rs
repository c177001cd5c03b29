//! The statements of one partition that meet every condition and are not voided, by position.

use plaudit_read_models::statements::{Lane, Term};
use plaudit_store::{Order, StoreError};
use smallvec::SmallVec;

use super::plan::Condition;
use super::stream::{Index, Rank, Stream};

/// A search through a range of positions of one partition.
pub(super) struct Search<'a> {
    conditions: Vec<Union<'a>>,
    voided: Stream<'a>,
    order: Order,
    next: Option<Rank>,
}

/// The lists of which a statement has to be in one.
type Union<'a> = SmallVec<[Stream<'a>; 4]>;

impl<'a> Search<'a> {
    /// Looks from position `from` to position `to`, both included.
    pub(super) fn new(index: Index<'a>, conditions: &[Condition], order: Order, from: u64, to: u64) -> Self {
        let (first, end) = match order {
            Order::Ascending => (from, to),
            Order::Descending => (to, from),
        };
        let end = Rank::of(end, order);
        let stream = |term, lane| Stream::new(index, term, lane, order, end);
        let union = |terms: &Condition| {
            terms
                .iter()
                .flat_map(|term| [Lane::Ordered, Lane::Late].map(|lane| stream(*term, lane)))
                .collect()
        };
        let mut conditions: Vec<Union<'a>> = conditions.iter().map(union).collect();
        if conditions.is_empty() {
            conditions.push([stream(Term::ALL, Lane::Ordered)].into_iter().collect());
        }
        let voided = stream(Term::VOIDED, Lane::Late);
        let next = (from <= to).then_some(Rank::of(first, order));
        Self { conditions, voided, order, next }
    }

    /// The next position in the order asked.
    pub(super) async fn next(&mut self) -> Result<Option<u64>, StoreError> {
        while let Some(from) = self.next {
            let Some(found) = self.agreed(from).await? else {
                self.next = None;
                break;
            };
            self.next = found.next();
            if self.voided.seek(found).await? != Some(found) {
                return Ok(Some(found.position(self.order)));
            }
        }
        Ok(None)
    }

    /// The first rank at or after `from` that is in every union.
    async fn agreed(&mut self, mut from: Rank) -> Result<Option<Rank>, StoreError> {
        let mut agree = 0;
        let mut at = 0;
        while agree < self.conditions.len() {
            let Some(found) = seek_any(&mut self.conditions[at], from).await? else { return Ok(None) };
            agree = if found == from { agree + 1 } else { 1 };
            from = found;
            at = (at + 1) % self.conditions.len();
        }
        Ok(Some(from))
    }
}

async fn seek_any(union: &mut Union<'_>, from: Rank) -> Result<Option<Rank>, StoreError> {
    let mut first: Option<Rank> = None;
    for stream in union {
        let found = stream.seek(from).await?;
        first = match (first, found) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        if first == Some(from) {
            break;
        }
    }
    Ok(first)
}
