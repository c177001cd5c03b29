//! At start: what the log has that the rows do not show yet.

use std::time::Duration;

use plaudit_event::Event;
use plaudit_log::{LogError, Partition, Position, RecordRef};
use plaudit_xapi::read_stored;

use crate::recents::Wanted;
use crate::{Ingest, IngestError};

const READ_BYTES: usize = 1 << 20;
/// How often to look whether the projector has made room.
const BEHIND_POLL: Duration = Duration::from_millis(20);

impl Ingest {
    /// Reads the tail of the log that the rows have not absorbed, so that its ids are known and later stamps are above
    /// its stamps. Until then every write is refused with [`IngestError::Starting`].
    ///
    /// When the tail is longer than what may be remembered, this waits for the projector, which has to run.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn recover(&self) -> Result<(), IngestError> {
        for partition in 0..self.log.partitions() {
            let statements = self.recover_partition(partition).await?;
            // Also above what the rows have absorbed while this went on, or before.
            self.sequencer.start_above(self.known.absorbed(partition).stored);
            tracing::info!(log.partition = partition, statements, "ids recovered");
        }
        self.started();
        Ok(())
    }

    async fn recover_partition(&self, partition: Partition) -> Result<u64, LogError> {
        let head = self.log.head(partition).await?;
        let (mut at, mut statements) = (Position::default(), 0);
        loop {
            self.wait_for_room().await;
            // The rows go on meanwhile, and right after a start it may take them a moment to say where they are.
            at = at.max(self.known.absorbed(partition).next);
            if at >= head {
                return Ok(statements);
            }
            let records = self.log.read(partition, at, READ_BYTES).await?;
            for (position, record) in records.iter() {
                statements += u64::from(self.recover_record(partition, position, &record));
            }
            if records.next() <= at {
                return Ok(statements);
            }
            at = records.next();
        }
    }

    /// Says whether it was a statement. What cannot be read is for the projector to report.
    fn recover_record(&self, partition: Partition, position: Position, record: &RecordRef<'_>) -> bool {
        let Ok(Event::Statement(event)) = Event::decode(record) else { return false };
        self.sequencer.start_above(event.stored);
        let Some(id) = read_stored(event.body).ok().and_then(|statement| statement.id) else { return false };
        let wanted = Wanted { id, fingerprint: event.fingerprint };
        self.recents.remember(&event.tenant, wanted, (partition, position));
        true
    }

    async fn wait_for_room(&self) {
        loop {
            let (recents, max) = self.recents.prune();
            if recents < max {
                return;
            }
            tokio::time::sleep(BEHIND_POLL).await;
        }
    }
}
