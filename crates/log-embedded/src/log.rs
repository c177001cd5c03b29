//! The log as its users see it.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use plaudit_log::{Appended, Batch, Confirmation, Log, LogError, Partition, Position, Records};
use tokio::task::spawn_blocking;
use tracing::error;

use crate::activate::segment_bytes;
use crate::cache::BlockCache;
use crate::committer::Committer;
use crate::directory;
use crate::disk::{Disk, RealDisk};
use crate::inspect::{self, LogDescription, Verification, Verified};
use crate::metrics::Metrics;
use crate::queue::Queue;
use crate::raw::RawSegment;
use crate::records::PARTITION;
use crate::recovery::{Recovered, Recovery};
use crate::sealer::{Effort, Sealer};
use crate::segments::Segments;
use crate::spares::Spares;

/// Size of a full-grown segment: large enough that changing segments costs nothing, small enough that recovery,
/// which reads one whole segment, takes a fraction of a second.
pub const SEGMENT_BYTES: u64 = 64 << 20;
/// Largest segment: offsets in frames have 32 bits.
pub const SEGMENT_BYTES_MAX: u64 = 1 << 30;
/// Largest batch: above every request that HTTP lets in, and a fraction of a segment.
pub const BATCH_BYTES_MAX: usize = 16 << 20;
/// What [`Options::batch_bytes_max`] can be at most, so that a frame always fits into a segment.
const BATCH_BYTES_LIMIT: usize = 256 << 20;
/// Bytes of records that may wait for confirmation. At 200 MB/s this is a third of a second of work.
pub const QUEUE_BYTES_MAX: usize = 64 << 20;
/// Bytes of decompressed blocks in memory: about a hundred, enough for the pages that people look at just now.
pub const CACHE_BYTES_MAX: usize = 16 << 20;
/// Default of [`Options::reserve_bytes`]. The log stops before the tables have to, which keep half as much, so that rows
/// still follow what was acknowledged last.
pub const RESERVE_BYTES: u64 = 512 << 20;

/// How an embedded log is to be.
#[derive(Clone)]
pub struct Options {
    /// Size of a full-grown segment, at most [`SEGMENT_BYTES_MAX`].
    pub segment_bytes: u64,
    /// Larger batches are refused as too large.
    pub batch_bytes_max: usize,
    /// When this much waits, appends are refused as overload.
    pub queue_bytes_max: usize,
    /// Bytes of decompressed blocks that are kept for lookups.
    pub cache_bytes_max: usize,
    /// With less free space on the disk, no more segments are begun.
    pub reserve_bytes: u64,
    /// What writes to the disk.
    pub disk: Arc<dyn Disk>,
    /// Where to count.
    pub metrics: Metrics,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: SEGMENT_BYTES,
            batch_bytes_max: BATCH_BYTES_MAX,
            queue_bytes_max: QUEUE_BYTES_MAX,
            cache_bytes_max: CACHE_BYTES_MAX,
            reserve_bytes: RESERVE_BYTES,
            disk: Arc::new(RealDisk),
            metrics: Metrics::new(),
        }
    }
}

/// A log of one partition in a local directory. Positions count records without gaps. It keeps everything, for ever.
pub struct EmbeddedLog {
    queue: Arc<Queue>,
    segments: Arc<Segments>,
    batch_bytes_max: usize,
    metrics: Metrics,
    running: Mutex<Option<Running>>,
}

/// What ends when the log is closed.
struct Running {
    committer: JoinHandle<()>,
    preparer: JoinHandle<()>,
    sealing: Vec<JoinHandle<()>>,
    sealer: Arc<Sealer>,
    spares: Arc<Spares>,
    lock: File,
}

impl EmbeddedLog {
    /// Opens the log in `dir`, or makes a new one there, and repairs what a crash left behind. Blocks meanwhile.
    ///
    /// # Errors
    /// `InUse` when another process has it open, `Damaged` when confirmed records are not what was written,
    /// `Full` and `Io` when files cannot be made.
    pub fn open(dir: &Path, options: Options) -> Result<Self, LogError> {
        let lock = directory::lock(dir)?;
        let Options { batch_bytes_max, queue_bytes_max, cache_bytes_max, disk, metrics, .. } = options;
        let segment_max = options.segment_bytes.min(SEGMENT_BYTES_MAX);
        let spares =
            Arc::new(Spares::new(dir, metrics.clone(), segment_bytes(1, segment_max), options.reserve_bytes));
        let recovery =
            Recovery { dir, disk: &*disk, metrics: &metrics, spares: &spares, segment_bytes: segment_max };
        let Recovered { segments, active } = recovery.run()?;
        spares.resize(segment_bytes(active.sequence + 1, segment_max));
        let cache = BlockCache::new(cache_bytes_max);
        let segments = Arc::new(Segments::new(segments, active.end().1, cache, metrics.clone()));
        let queue = Arc::new(Queue::new(queue_bytes_max));
        let committer = Committer {
            queue: Arc::clone(&queue),
            spares,
            segments: Arc::clone(&segments),
            sealer: Arc::default(),
            disk,
            metrics: metrics.clone(),
            segment_bytes: segment_max,
        };
        let running = Mutex::new(Some(Running::start(committer, active, lock)?));
        let batch_bytes_max = batch_bytes_max.min(BATCH_BYTES_LIMIT);
        Ok(Self { queue, segments, batch_bytes_max, metrics, running })
    }

    /// The values at `positions`, in that order. Neighbours are read together.
    ///
    /// # Errors
    /// `Damaged` when one of them is not what was written, or not there.
    pub async fn values(&self, positions: &[u64]) -> Result<Vec<Bytes>, LogError> {
        let segments = Arc::clone(&self.segments);
        let positions = positions.to_vec();
        blocking(move || segments.values(&positions)).await
    }

    /// The segments as they are now.
    #[must_use]
    pub fn describe(&self) -> LogDescription {
        let segments = self.segments.all();
        LogDescription {
            head: Position(self.segments.head()),
            segments: segments.iter().map(inspect::describe).collect(),
        }
    }

    /// Reads everything that is confirmed and checks every byte of it; calls `progress` after each segment. Blocks.
    pub fn verify(&self, mut progress: impl FnMut(Verified)) -> Verification {
        let segments = self.segments.all();
        let mut found = Verification::default();
        for (number, segment) in segments.iter().enumerate() {
            inspect::verify(segment, &mut found);
            progress(Verified { segments: number + 1, segments_total: segments.len() });
        }
        found
    }

    /// Confirms what waits, then ends. Later appends are refused as closed; reads go on.
    pub async fn close(&self) {
        let running = self.running.lock().take();
        self.queue.close();
        if let Some(running) = running {
            spawn_blocking(move || running.end()).await.expect("ending does not panic");
        }
    }

    fn enqueue(
        &self,
        batch: Batch,
    ) -> Result<tokio::sync::oneshot::Receiver<Result<Appended, LogError>>, LogError> {
        let (bytes, bytes_max) = (batch.as_bytes().len(), self.batch_bytes_max);
        if bytes > bytes_max {
            return Err(LogError::TooLarge { bytes, bytes_max });
        }
        self.queue.push(batch).inspect_err(|cause| {
            if matches!(cause, LogError::Overloaded { .. }) {
                self.metrics.overloaded.inc();
            }
        })
    }
}

#[async_trait::async_trait]
impl Log for EmbeddedLog {
    fn partitions(&self) -> u32 {
        1
    }

    fn append(&self, batch: Batch) -> Confirmation {
        if batch.is_empty() {
            return Box::pin(async { Ok(Appended::default()) });
        }
        let enqueued = self.enqueue(batch);
        Box::pin(async { enqueued?.await.unwrap_or(Err(LogError::Unconfirmed(None))) })
    }

    async fn read(
        &self,
        partition: Partition,
        from: Position,
        bytes_max: usize,
    ) -> Result<Records, LogError> {
        check(partition)?;
        let segments = Arc::clone(&self.segments);
        blocking(move || segments.read(from.0, bytes_max)).await
    }

    async fn head(&self, partition: Partition) -> Result<Position, LogError> {
        check(partition)?;
        Ok(Position(self.segments.head()))
    }

    async fn wait_past(
        &self,
        partition: Partition,
        position: Position,
        patience: Duration,
    ) -> Result<Position, LogError> {
        check(partition)?;
        let mut heads = self.segments.heads();
        // Out of patience is no error: the head says how far the log has come.
        let _ = tokio::time::timeout(patience, heads.wait_for(|&head| head > position.0)).await;
        Ok(Position(*heads.borrow()))
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(running) = self.running.lock().take() {
            running.end();
        }
    }
}

impl Running {
    fn start(committer: Committer, active: Arc<RawSegment>, lock: File) -> Result<Self, LogError> {
        let (disk, segments) = (Arc::clone(&committer.disk), Arc::clone(&committer.segments));
        let (spares, sealer) = (Arc::clone(&committer.spares), Arc::clone(&committer.sealer));
        segments.unsealed(active.sequence).into_iter().for_each(|raw| sealer.add(raw));
        let preparer = spawn("plaudit-log-spares", {
            let (spares, disk) = (Arc::clone(&spares), Arc::clone(&disk));
            move || spares.run(&*disk)
        })?;
        let mut sealing = Vec::new();
        for effort in [Effort::AtEase, Effort::Pressed] {
            let (sealer, spares) = (Arc::clone(&sealer), Arc::clone(&spares));
            let (disk, segments) = (Arc::clone(&disk), Arc::clone(&segments));
            let run = move || sealer.run(effort, &*disk, &segments, &spares);
            sealing.push(spawn("plaudit-log-seal", run)?);
        }
        let committer = spawn("plaudit-log-commit", move || committer.run(active))?;
        Ok(Self { committer, preparer, sealing, sealer, spares, lock })
    }

    /// Waits for the threads: the committer first, for it may still need a spare.
    fn end(self) {
        join(self.committer);
        self.spares.close();
        self.sealer.close();
        self.sealing.into_iter().for_each(join);
        join(self.preparer);
        drop(self.lock);
    }
}

/// A panic has been printed where it happened; what it leaves behind is as after a crash.
fn join(thread: JoinHandle<()>) {
    let name = thread.thread().name().unwrap_or_default().to_owned();
    if thread.join().is_err() {
        error!(thread = name, "a thread of the log panicked");
    }
}

fn check(partition: Partition) -> Result<(), LogError> {
    if partition == PARTITION {
        return Ok(());
    }
    let what = format!("the embedded log has no partition {partition}");
    Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, what).into())
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, LogError> {
    Ok(thread::Builder::new().name(name.into()).spawn(run)?)
}

/// Reads touch the disk, so they stay off the threads that serve requests.
async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    spawn_blocking(read).await.unwrap_or_else(|panicked| Err(std::io::Error::other(panicked).into()))
}
