//! The inverted index as it grows: the last row of each list, in memory.
//!
//! A list is cut at chunks of the log, so only lists of the present chunk are open, and all are forgotten at its end. Within a
//! chunk, a row of 256 entries is full and the next begins. Rows depend on nothing but the order of the log.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Bound;

use bytes::{BufMut, Bytes, BytesMut};
use plaudit_event::TenantId;
use plaudit_log::Partition;
use plaudit_store::{Generation, Order, Row, Slice, Store, StoreError, Value};
use smallvec::SmallVec;

use super::tables::POSTINGS;
use super::terms::{Lane, Term};
use crate::Rows;

/// A page of 50 reads one row or two; a row that grows is written again with each batch, so it must not be large.
pub(super) const ENTRIES_PER_ROW: usize = 256;
/// Some 20 MB. A chunk has 65,536 statements; past this many lists, all are read again from the store.
const OPEN_LISTS_MAX: usize = 200_000;

/// The open lists of one partition of the log.
#[derive(Default)]
pub(super) struct Postings {
    slots: HashMap<Key, u32, BuildHasherDefault<Folded>>,
    lists: Vec<List>,
    touched: Vec<u32>,
    /// Whether every list of this chunk that the store has is open.
    complete: bool,
}

/// Number of a tenant while it is remembered.
pub(super) type TenantNumber = u32;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    tenant: TenantNumber,
    term: Term,
}

impl std::hash::Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The term is a hash already.
        let [low, high] = [self.term.hash as u64, (self.term.hash >> 64) as u64];
        state.write_u64(low ^ high.rotate_left(32) ^ u64::from(self.tenant) << 8 ^ self.term.kind as u64);
    }
}

/// One open list: the entries of its last row.
struct List {
    key: Key,
    entries: SmallVec<[u16; 8]>,
    /// The last entry, which may be of a full row that is not kept.
    last: Option<u16>,
    /// Whether `entries` are only the new ones, and what the store has is yet to be put before them.
    unread: bool,
    touched: bool,
}

impl Postings {
    /// Begins a chunk of which all lists are new (`complete`), or some may be in the store.
    pub(super) fn begin_chunk(&mut self, complete: bool) {
        self.slots.clear();
        self.lists.clear();
        self.touched.clear();
        self.complete = complete;
    }

    /// Adds an entry to a list, unless it has it already. Entries come in the order of the log.
    pub(super) fn push(&mut self, tenant: TenantNumber, term: Term, low: u16) {
        let key = Key { tenant, term };
        let next = u32::try_from(self.lists.len()).expect("far fewer lists than that");
        let slot = *self.slots.entry(key).or_insert(next);
        if slot == next {
            let unread = !self.complete;
            self.lists.push(List { key, entries: SmallVec::new(), last: None, unread, touched: false });
        }
        let list = &mut self.lists[slot as usize];
        if list.last.is_some_and(|last| low <= last) {
            return;
        }
        list.last = Some(low);
        list.entries.push(low);
        if !list.touched {
            list.touched = true;
            self.touched.push(slot);
        }
    }

    /// Hands the rows that changed to `rows`.
    pub(super) async fn flush(&mut self, chunk: &Chunk<'_>, rows: &mut Rows) -> Result<(), StoreError> {
        let mut touched = std::mem::take(&mut self.touched);
        // Neighbours in the table one after the other: a sorted tree takes them faster.
        touched.sort_unstable_by_key(|slot| self.lists[*slot as usize].key);
        for slot in touched {
            let list = &mut self.lists[slot as usize];
            list.touched = false;
            if std::mem::take(&mut list.unread) {
                list.prepend(chunk.last_row(list.key).await?);
            }
            for part in list.entries.chunks(ENTRIES_PER_ROW) {
                rows.put_once(&POSTINGS, chunk.row(list.key, Lane::Ordered, i64::from(part[0]), part));
            }
            let full = list.entries.len() / ENTRIES_PER_ROW * ENTRIES_PER_ROW;
            list.entries.drain(..full);
        }
        if self.lists.len() > OPEN_LISTS_MAX {
            self.begin_chunk(false);
        }
        Ok(())
    }
}

impl List {
    /// Puts what the store has before the new entries, and drops those that it has.
    fn prepend(&mut self, stored: Option<Row>) {
        let stored = stored.map(|row| entries_of(&row).collect::<Vec<_>>()).unwrap_or_default();
        let Some(&last) = stored.last() else { return };
        self.entries.retain(|entry| *entry > last);
        // A full row is left as it is.
        if stored.len() < ENTRIES_PER_ROW {
            self.entries.insert_many(0, stored);
        }
        self.last = self.last.max(Some(last));
    }
}

/// The chunk that is written, and what its rows need.
pub(super) struct Chunk<'a> {
    pub(super) partition: Partition,
    pub(super) chunk: u32,
    pub(super) tenants: &'a [TenantId],
    pub(super) store: &'a dyn Store,
    pub(super) generation: Generation,
}

impl Chunk<'_> {
    fn partition_key(&self, key: Key, lane: Lane) -> [Value; 2] {
        let tenant = self.tenants[key.tenant as usize].as_str();
        [Value::from(tenant), Bytes::copy_from_slice(&key.term.to_bytes(lane)).into()]
    }

    fn row(&self, key: Key, lane: Lane, part: i64, entries: &[u16]) -> Row {
        let [tenant, term] = self.partition_key(key, lane);
        let mut bytes = BytesMut::with_capacity(entries.len() * 2);
        entries.iter().for_each(|entry| bytes.put_u16_le(*entry));
        vec![tenant, term, int(self.partition), int(self.chunk), part.into(), bytes.freeze().into()]
    }

    /// The row of an ordered list that the store has, the last one in this chunk.
    async fn last_row(&self, key: Key) -> Result<Option<Row>, StoreError> {
        let bound = self.bound();
        let slice = Slice { order: Order::Descending, limit: 1, ..self.whole(&bound) };
        let of = self.partition_key(key, Lane::Ordered);
        Ok(self.store.slice(&POSTINGS, self.generation, &of, slice).await?.pop())
    }

    fn bound(&self) -> [Value; 2] {
        [int(self.partition), int(self.chunk)]
    }

    fn whole<'b>(&self, bound: &'b [Value; 2]) -> Slice<'b> {
        let (from, to) = (Bound::Included(&bound[..]), Bound::Included(&bound[..]));
        Slice { from, to, order: Order::Ascending, limit: usize::MAX }
    }

    /// Adds entries to the late list of a term, which are those that it does not have yet.
    pub(super) async fn add_late(
        &self,
        tenant: TenantNumber,
        term: Term,
        lows: &[u16],
        rows: &mut Rows,
    ) -> Result<(), StoreError> {
        let key = Key { tenant, term };
        let of = self.partition_key(key, Lane::Late);
        let bound = self.bound();
        let stored = self.store.slice(&POSTINGS, self.generation, &of, self.whole(&bound)).await?;
        let mut entries: Vec<u16> = stored.iter().flat_map(entries_of).collect();
        let before = entries.len();
        for low in lows {
            if !entries.contains(low) {
                entries.push(*low);
            }
        }
        let unchanged = before / ENTRIES_PER_ROW;
        if entries.len() > before {
            for (part, entries) in entries.chunks(ENTRIES_PER_ROW).enumerate().skip(unchanged) {
                rows.put_once(&POSTINGS, self.row(key, Lane::Late, part as i64, entries));
            }
        }
        Ok(())
    }
}

/// The entries of a row of the inverted index.
pub(super) fn entries_of(row: &Row) -> impl Iterator<Item = u16> + '_ {
    let bytes: &[u8] = row.last().and_then(Value::as_blob).map_or(&[], |bytes| bytes);
    bytes.as_chunks::<2>().0.iter().map(|entry| u16::from_le_bytes(*entry))
}

fn int(number: u32) -> Value {
    Value::Int(number.into())
}

/// A hasher for keys that are hashes.
#[derive(Default)]
struct Folded(u64);

impl Hasher for Folded {
    fn finish(&self) -> u64 {
        // The table takes its bits from both ends.
        self.0 ^ self.0.rotate_left(29)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = self.0.rotate_left(23) ^ value;
    }
}
