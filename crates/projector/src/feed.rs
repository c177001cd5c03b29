//! Reads one partition ahead of who applies it, on a thread of its own: while one batch is applied, the next is read and decompressed.

use std::sync::Arc;
use std::time::Duration;

use plaudit_log::{Log, LogError, Partition, Position, Records};
use tokio::sync::{Notify, mpsc};

use crate::ProjectorError;
use crate::metrics::FeedMetrics;
use crate::retry::Retry;

/// Bytes of one read: some ten thousand records, so that hot rows are written once per as many, while the reads of all read models (one that
/// is being read, one that waits, one that is being applied) stay below 128 MiB.
pub(crate) const READ_BYTES: usize = 8 << 20;
/// Reads that wait to be applied, besides the one that is being applied.
const READS_AHEAD: usize = 1;
/// How long a reader waits at the head before it looks whether anybody still listens.
const PATIENCE: Duration = Duration::from_secs(1);

/// Records of one partition, from a position on.
pub(crate) struct Feed {
    records: mpsc::Receiver<Records>,
    /// What was received and is not absorbed yet.
    present: Option<Records>,
}

impl Feed {
    /// Starts to read at `from`; notifies `wake` when records are there.
    pub fn start(
        log: Arc<dyn Log>,
        partition: Partition,
        from: Position,
        wake: Arc<Notify>,
        metrics: FeedMetrics,
    ) -> Result<Self, ProjectorError> {
        let (sender, records) = mpsc::channel(READS_AHEAD);
        let reader = Reader { log, partition, next: from, sender, wake, metrics };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(ProjectorError::Thread)?;
        std::thread::Builder::new()
            .name(format!("read-ahead-{partition}"))
            .spawn(move || runtime.block_on(reader.run()))
            .map_err(ProjectorError::Thread)?;
        Ok(Self { records, present: None })
    }

    /// The records to be absorbed next, if they are there. The same ones until [`Feed::done`].
    pub fn present(&mut self) -> Option<&Records> {
        if self.present.is_none() {
            self.present = self.records.try_recv().ok();
        }
        self.present.as_ref()
    }

    /// Says that everything before `next` is absorbed.
    pub fn done(&mut self, next: Position) {
        if self.present.as_ref().is_some_and(|records| records.next() <= next) {
            self.present = None;
        }
    }
}

struct Reader {
    log: Arc<dyn Log>,
    partition: Partition,
    next: Position,
    sender: mpsc::Sender<Records>,
    wake: Arc<Notify>,
    metrics: FeedMetrics,
}

impl Reader {
    async fn run(mut self) {
        let mut retry = Retry::new("log");
        while !self.sender.is_closed() {
            match self.step().await {
                Ok(()) => retry.succeeded(),
                Err(error) => {
                    self.metrics.failures.inc();
                    retry.failed(&error);
                    let pause = retry.pause();
                    let _ = tokio::time::timeout(pause, self.sender.closed()).await;
                }
            }
        }
    }

    async fn step(&mut self) -> Result<(), LogError> {
        let records = self.log.read(self.partition, self.next, READ_BYTES).await?;
        if records.is_empty() && records.next() <= self.next {
            let waiting = self.log.wait_past(self.partition, self.next, PATIENCE);
            tokio::select! {
                head = waiting => head.map(drop)?,
                () = self.sender.closed() => {}
            }
            return Ok(());
        }
        self.next = records.next();
        if self.sender.send(records).await.is_ok() {
            self.wake.notify_one();
        }
        Ok(())
    }
}
