//! Over which time each chunk of the log was stored, remembered between queries.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use plaudit_log::Partition;
use plaudit_read_models::statements::{CHUNK_BITS, Span, chunks, times};
use plaudit_store::{Generation, Store, StoreError};
use plaudit_xapi::Timestamp;

/// Generations and partitions that are remembered; past that, all are read again.
const REMEMBERED_MAX: usize = 1024;

/// What is known of the chunks of each partition. All but the last chunk never change.
#[derive(Default)]
pub(super) struct SpanCache(Mutex<HashMap<(Generation, Partition), Arc<Spans>>>);

/// The chunks of one partition, ascending.
#[derive(Debug, Default)]
pub(super) struct Spans {
    pub(super) chunks: Vec<(u32, Span)>,
    /// Whether the order of positions is the order of time.
    pub(super) sorted: bool,
}

impl SpanCache {
    /// The chunks as they are now.
    pub(super) async fn read(
        &self,
        store: &dyn Store,
        generation: Generation,
        partition: Partition,
    ) -> Result<Arc<Spans>, StoreError> {
        let key = (generation, partition);
        let known = self.0.lock().get(&key).cloned().unwrap_or_default();
        let from = known.chunks.last().map_or(0, |(chunk, _)| *chunk);
        let newest = chunks(store, generation, partition, from).await?;
        if known.chunks.last() == newest.last() && newest.len() <= 1 {
            return Ok(known);
        }
        let before = known.chunks.iter().filter(|(chunk, _)| *chunk < from).copied();
        let spans = Arc::new(Spans::new(before.chain(newest).collect()));
        let mut cache = self.0.lock();
        if cache.len() >= REMEMBERED_MAX {
            cache.clear();
        }
        cache.insert(key, spans.clone());
        Ok(spans)
    }
}

impl Spans {
    fn new(chunks: Vec<(u32, Span)>) -> Self {
        let in_order = chunks.is_sorted_by(|(_, one), (_, next)| one.max_stored <= next.min_stored);
        let sorted = in_order && chunks.iter().all(|(_, span)| span.sorted);
        Self { chunks, sorted }
    }

    /// Where in a sorted partition the statements are that were stored later than `since`: from this position on.
    pub(super) async fn after(
        &self,
        since: Option<Timestamp>,
        store: &dyn Store,
        generation: Generation,
        partition: Partition,
    ) -> Result<u64, StoreError> {
        let Some(since) = since.map(Timestamp::as_micros) else { return Ok(0) };
        let at = self.chunks.partition_point(|(_, span)| span.max_stored <= since);
        let Some((chunk, span)) = self.chunks.get(at) else {
            // What is not in these chunks yet came after the query.
            return Ok(self.chunks.last().map_or(0, |(chunk, _)| (u64::from(*chunk) + 1) << CHUNK_BITS));
        };
        if span.min_stored > since {
            return Ok(u64::from(*chunk) << CHUNK_BITS);
        }
        let times = times(store, generation, partition, *chunk).await?;
        let at = times.partition_point(|(_, stored)| *stored <= since);
        Ok(times.get(at).map_or((u64::from(*chunk) + 1) << CHUNK_BITS, |(position, _)| *position))
    }
}
