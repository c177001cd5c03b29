//! What a log promises.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::{Batch, LogError, Records};

/// Number of a partition, from 0.
pub type Partition = u32;

/// A place in one partition. Positions only grow; they may have gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// What a confirmed append returns: for each partition that got records, the position after the last of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// (partition, first position, position after the last record).
    pub spans: Vec<(Partition, Position, Position)>,
}

/// Resolves once the append is durable, or has failed.
pub type Confirmation = Pin<Box<dyn Future<Output = Result<Appended, LogError>> + Send>>;

/// A partitioned append-only log.
#[async_trait::async_trait]
pub trait Log: Send + Sync + 'static {
    /// How many partitions there are; never fewer than before.
    fn partitions(&self) -> u32;

    /// Appends all records of `batch`, or none.
    ///
    /// The batch takes its place in line during the call, before the returned future is first polled: of two
    /// calls in one process, the records of the earlier come first in every partition that both touch. The future resolves when all
    /// records would survive a crash. Dropping it does not take the append back.
    fn append(&self, batch: Batch) -> Confirmation;

    /// The confirmed records of `partition` at `from` and after: at most `bytes_max` bytes of them, but at least
    /// one. None at the head and past it; reading then goes on where it was.
    ///
    /// A reader that remembers a position past the head belongs to another log; who keeps positions compares
    /// them with [`head`](Self::head) at start, because here it looks like waiting.
    async fn read(&self, partition: Partition, from: Position, bytes_max: usize)
    -> Result<Records, LogError>;

    /// The position that the next record of `partition` can get: every confirmed record is before it.
    async fn head(&self, partition: Partition) -> Result<Position, LogError>;

    /// Waits until the head of `partition` is past `position`, at most for `patience`. Returns the head, which
    /// is not past `position` when patience ran out.
    async fn wait_past(
        &self,
        partition: Partition,
        position: Position,
        patience: Duration,
    ) -> Result<Position, LogError>;
}

/// The partition of a record's key: xxh3-64 modulo the number of partitions.
///
/// Released logs depend on it, so it never changes.
#[must_use]
pub fn partition_of(key: &[u8], partitions: u32) -> Partition {
    let hash = xxhash_rust::xxh3::xxh3_64(key);
    Partition::try_from(hash % u64::from(partitions.max(1))).expect("smaller than a u32")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partition_of_a_key_never_changes() {
        let partitions = [&b""[..], b"a", b"tenant\0mailto:ada@example.org"].map(|key| partition_of(key, 64));
        assert_eq!(partitions, [2, 31, 62]);
        assert_eq!(partition_of(b"any", 1), 0);
        assert_eq!(partition_of(b"any", 0), 0, "no partitions are counted as one");
    }
}
