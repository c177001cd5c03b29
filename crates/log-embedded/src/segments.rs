//! All segments in order, and reading across them.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;
use plaudit_log::{LogError, RecordRef, Records};
use tokio::sync::watch;

use crate::cache::BlockCache;
use crate::metrics::Metrics;
use crate::raw::RawSegment;
use crate::records::{self, damaged};
use crate::sealed::SealedSegment;

/// Most bytes of one read, whatever the caller asks for: it bounds the memory of a reader.
pub(crate) const READ_BYTES_MAX: usize = 32 << 20;

/// One segment.
#[derive(Clone)]
pub(crate) enum Segment {
    /// The active segment, or one that waits to be sealed.
    Raw(Arc<RawSegment>),
    /// Compressed; gets no more records.
    Sealed(Arc<SealedSegment>),
}

impl Segment {
    pub(crate) fn first(&self) -> u64 {
        match self {
            Self::Raw(raw) => raw.first,
            Self::Sealed(sealed) => sealed.first,
        }
    }

    fn read(&self, from: u64, bytes_max: usize, cache: &BlockCache) -> Result<Records, LogError> {
        match self {
            Self::Raw(raw) => raw.read(from, bytes_max),
            Self::Sealed(sealed) => sealed.read(from, bytes_max, cache),
        }
    }

    /// Some records with the one at `position` among them, and the position of the first.
    fn around(&self, position: u64, cache: &BlockCache) -> Result<(u64, Bytes), LogError> {
        match self {
            Self::Raw(raw) => raw.around(position),
            Self::Sealed(sealed) => sealed.around(position, cache),
        }
    }
}

/// The table of segments.
pub(crate) struct Segments {
    list: RwLock<Vec<Segment>>,
    head: watch::Sender<u64>,
    cache: BlockCache,
    metrics: Metrics,
}

impl Segments {
    /// `list` is in order and not empty; all before `head` is confirmed.
    pub(crate) fn new(list: Vec<Segment>, head: u64, cache: BlockCache, metrics: Metrics) -> Self {
        metrics.head.set(i64::try_from(head).unwrap_or(i64::MAX));
        let head = watch::Sender::new(head);
        let segments = Self { list: RwLock::new(list), head, cache, metrics };
        segments.count();
        segments
    }

    pub(crate) fn head(&self) -> u64 {
        *self.head.borrow()
    }

    pub(crate) fn heads(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    /// Everything before `head` may be read from now on.
    pub(crate) fn advance(&self, head: u64) {
        self.head.send_replace(head);
        self.metrics.head.set(i64::try_from(head).unwrap_or(i64::MAX));
    }

    /// Adds the new active segment.
    pub(crate) fn push(&self, segment: Segment) {
        self.list.write().push(segment);
        self.count();
    }

    /// Puts the sealed form in the place of the raw one.
    pub(crate) fn replace(&self, sealed: Arc<SealedSegment>) {
        let index = usize::try_from(sealed.sequence).expect("segments are numbered from 0");
        self.list.write()[index] = Segment::Sealed(sealed);
        self.count();
    }

    /// Raw segments before `sequence`, oldest first.
    pub(crate) fn unsealed(&self, sequence: u64) -> Vec<Arc<RawSegment>> {
        let list = self.list.read();
        let raw = list.iter().filter_map(|segment| match segment {
            Segment::Raw(raw) if raw.sequence < sequence => Some(Arc::clone(raw)),
            _ => None,
        });
        raw.collect()
    }

    /// All segments as they are now.
    pub(crate) fn all(&self) -> Vec<Segment> {
        self.list.read().clone()
    }

    /// Records at `from` and after; none at the head.
    pub(crate) fn read(&self, from: u64, bytes_max: usize) -> Result<Records, LogError> {
        if from >= self.head() {
            return Ok(records::dense(Bytes::new(), from, from));
        }
        self.holding(from)?.read(from, bytes_max.min(READ_BYTES_MAX), &self.cache)
    }

    /// The values at `positions`, in that order. Neighbours are read together.
    pub(crate) fn values(&self, positions: &[u64]) -> Result<Vec<Bytes>, LogError> {
        let mut order: Vec<usize> = (0..positions.len()).collect();
        order.sort_unstable_by_key(|&index| positions[index]);
        let mut values = vec![Bytes::new(); positions.len()];
        let mut near = Near::default();
        for index in order {
            let position = positions[index];
            if position >= self.head() {
                return Err(damaged(position, format!("the log ends at {}", self.head())));
            }
            values[index] = match near.value(position) {
                Some(value) => value,
                None => {
                    near = Near::new(self.holding(position)?.around(position, &self.cache)?);
                    near.value(position).ok_or_else(|| damaged(position, "its block ends before it"))?
                }
            };
        }
        Ok(values)
    }

    fn holding(&self, position: u64) -> Result<Segment, LogError> {
        let list = self.list.read();
        let after = list.partition_point(|segment| segment.first() <= position);
        let index = after.checked_sub(1).ok_or_else(|| damaged(position, "no segment holds it"))?;
        Ok(list[index].clone())
    }

    fn count(&self) {
        let list = self.list.read();
        self.metrics.segments_in("active", 1);
        let sealed = list.iter().filter(|segment| matches!(segment, Segment::Sealed(_))).count();
        self.metrics.segments_in("sealed", sealed);
        self.metrics.segments_in("raw", list.len() - 1 - sealed);
    }
}

/// Records around the last value that was looked up. Lookups come in ascending order, so it walks once.
#[derive(Default)]
struct Near {
    bytes: Bytes,
    position: u64,
    offset: usize,
}

impl Near {
    fn new((position, bytes): (u64, Bytes)) -> Self {
        Self { bytes, position, offset: 0 }
    }

    fn value(&mut self, position: u64) -> Option<Bytes> {
        loop {
            let (record, rest) = RecordRef::parse(&self.bytes[self.offset..])?;
            if self.position == position {
                return Some(self.bytes.slice_ref(record.value));
            }
            self.offset = self.bytes.len() - rest.len();
            self.position += 1;
        }
    }
}
