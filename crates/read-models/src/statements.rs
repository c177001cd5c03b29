//! Statements: every filter of the standard, in a time that does not grow with their number.
//!
//! | table | what it is for |
//! |---|---|
//! | `statements` | by id: what a statement means, when it was stored, its body |
//! | `postings` | for each term (verb, agent, activity …) the positions in the log of the statements that have it |
//! | `times`, `chunks` | when the record at each position was stored: the order of answers, `since` and `until` |
//! | `references`, `awaited_statements` | which statements refer to which, in any order of arrival |
//! | `voided` | which are voided |
//! | `duplicates` | which records count for nothing because their id was taken |
//!
//! The index is the only thing that grows with the number of terms, and it is written in lists: per statement there is one row under
//! a random key, and all else is shared by the statements of a batch.
//!
//! A statement that refers to another (its object is a `StatementRef`) has the other's terms too, at its own position, and so on along
//! the chain for [`REFERENCE_STEPS_MAX`] steps. So it is found by every filter that finds the other (1.0.3 Communication 2.1.3). A
//! statement whose target comes later gets the terms then, in the *late* list of each term. References from one partition of the log to
//! another are followed only if the target came first: nobody tells the owner of the referrer when it comes.

mod arrival;
mod awaited;
mod lookups;
mod postings;
mod references;
mod tables;
mod terms;
mod times;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use plaudit_event::TenantId;
use plaudit_store::{Order, Slice, StoreError, Table, Value};

use self::arrival::Arrivals;
use self::awaited::Awaited;
use self::postings::{Chunk, Postings, TenantNumber};
use self::times::Times;
use crate::{ApplyError, Context, ReadModel, Recorded, Rows};

pub use self::lookups::{List, StoredStatement, by_ids, chunks, duplicates, list, times, voided};
pub use self::tables::{AWAITED, CHUNKS, DUPLICATES, POSTINGS, REFERENCES, STATEMENTS, TIMES, VOIDED};
pub use self::terms::{Lane, TERM_BYTES, Term, TermKind, Terms};
pub use self::times::Span;

/// Name of the read model.
pub const NAME: &str = "statements";

/// How many references a filter follows. The standard names no limit; without one, a chain of a million statements would make
/// each that is added to it as much work as all before.
pub const REFERENCE_STEPS_MAX: usize = 32;

/// Positions of a chunk of the log, as a power of two.
pub const CHUNK_BITS: u32 = 16;

static TABLES: [&Table; 8] =
    [&STATEMENTS, &POSTINGS, &TIMES, &CHUNKS, &REFERENCES, &AWAITED, &VOIDED, &DUPLICATES];

/// The read model.
pub struct Statements {
    context: Context,
    tenants: Tenants,
    chunk: Option<u32>,
    postings: Postings,
    times: Times,
    awaited: Awaited,
}

impl Statements {
    /// For one partition and generation.
    #[must_use]
    pub fn new(context: Context) -> Self {
        Self {
            context,
            tenants: Tenants::default(),
            chunk: None,
            postings: Postings::default(),
            times: Times::default(),
            awaited: Awaited::default(),
        }
    }

    /// Makes `chunk` the one whose lists are open.
    async fn enter(&mut self, chunk: u32, rows: &mut Rows) -> Result<(), StoreError> {
        if self.chunk == Some(chunk) {
            return Ok(());
        }
        self.flush(rows).await?;
        let (store, generation) = (&self.context.store, self.context.generation);
        let (partition, number) = (Value::Int(self.context.partition.into()), Value::Int(chunk.into()));
        let span = store.get(&CHUNKS, generation, &[vec![partition.clone(), number.clone()]]).await?;
        let span = span.into_iter().next().flatten();
        let bound = std::ops::Bound::Included(std::slice::from_ref(&number));
        let last = Slice { from: bound, to: bound, order: Order::Descending, limit: 1 };
        let last_times = store.slice(&TIMES, generation, &[partition], last).await?.pop();
        // The span is written before anything else of a chunk. So where there is none, no list has to be looked for.
        self.postings.begin_chunk(span.is_none());
        self.times = Times::resume(span.as_ref(), last_times.as_ref());
        self.chunk = Some(chunk);
        Ok(())
    }

    /// Hands the open rows that changed to `rows`.
    async fn flush(&mut self, rows: &mut Rows) -> Result<(), StoreError> {
        let Some(chunk) = self.chunk else { return Ok(()) };
        self.times.flush(self.context.partition, chunk, rows);
        let chunk = chunk_of(&self.context, &self.tenants, chunk);
        self.postings.flush(&chunk, rows).await
    }

    /// Adds the entries that earlier statements got.
    async fn flush_late(&self, late: LateEntries, rows: &mut Rows) -> Result<(), StoreError> {
        for ((tenant, term, chunk), lows) in late.lists {
            chunk_of(&self.context, &self.tenants, chunk).add_late(tenant, term, &lows, rows).await?;
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl ReadModel for Statements {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> u32 {
        1
    }

    fn tables(&self) -> &'static [&'static Table] {
        &TABLES
    }

    async fn apply(&mut self, events: &[Recorded<'_>], rows: &mut Rows) -> Result<(), ApplyError> {
        self.awaited.load(self.context.store.as_ref(), self.context.generation).await?;
        let arrivals = Arrivals::read(events, &mut self.tenants, rows).await?;
        let mut late = LateEntries::default();
        for arrival in arrivals.iter() {
            self.enter(chunk_and_low(arrival.position).0, rows).await?;
            self.arrive(arrival, &arrivals, &mut late, rows).await?;
        }
        self.flush(rows).await?;
        self.flush_late(late, rows).await?;
        arrivals.write(rows);
        Ok(())
    }

    fn forget(&mut self) {
        *self = Self::new(self.context.clone());
    }
}

/// Entries for late lists, each list in order of arrival.
#[derive(Default)]
struct LateEntries {
    numbers: HashMap<(TenantNumber, Term, u32), usize>,
    lists: Vec<((TenantNumber, Term, u32), Vec<u16>)>,
}

impl LateEntries {
    fn push(&mut self, tenant: TenantNumber, term: Term, position: u64) {
        let (chunk, low) = chunk_and_low(position);
        let key = (tenant, term, chunk);
        let number = *self.numbers.entry(key).or_insert_with(|| {
            self.lists.push((key, Vec::new()));
            self.lists.len() - 1
        });
        self.lists[number].1.push(low);
    }
}

/// Short numbers for tenants, as long as they are remembered.
#[derive(Default)]
struct Tenants {
    numbers: HashMap<TenantId, TenantNumber>,
    names: Vec<TenantId>,
}

impl Tenants {
    fn number(&mut self, tenant: &TenantId) -> TenantNumber {
        if let Some(number) = self.numbers.get(tenant) {
            return *number;
        }
        let number = TenantNumber::try_from(self.names.len()).expect("fewer tenants than that");
        self.numbers.insert(tenant.clone(), number);
        self.names.push(tenant.clone());
        number
    }

    fn name(&self, number: TenantNumber) -> &str {
        self.names[number as usize].as_str()
    }
}

fn chunk_of<'a>(context: &'a Context, tenants: &'a Tenants, chunk: u32) -> Chunk<'a> {
    let (store, tenants) = (context.store.as_ref(), tenants.names.as_slice());
    Chunk { partition: context.partition, chunk, tenants, store, generation: context.generation }
}

/// The chunk that a position is in, and its place there.
fn chunk_and_low(position: u64) -> (u32, u16) {
    let chunk = u32::try_from(position >> CHUNK_BITS).expect("a partition has fewer than 2^48 records");
    (chunk, position as u16)
}
