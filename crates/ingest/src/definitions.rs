//! Definitions into the log, one writer at a time.

use plaudit_event::DefinitionEvent;
use plaudit_log::{Appended, Batch};
use tokio::sync::MutexGuard;

use crate::{Ingest, IngestError};

/// The right to change definitions: who holds it reads the present version, decides, and appends the next one.
pub struct DefinitionTurn<'a> {
    ingest: &'a Ingest,
    _turn: MutexGuard<'a, ()>,
}

impl Ingest {
    /// Waits for the turn to change definitions.
    pub async fn definition_turn(&self) -> DefinitionTurn<'_> {
        DefinitionTurn { ingest: self, _turn: self.definitions.lock().await }
    }
}

impl DefinitionTurn<'_> {
    /// Appends the event; returns where it is once the log has confirmed.
    ///
    /// # Errors
    /// What the log says.
    pub async fn append(&self, event: &DefinitionEvent) -> Result<Appended, IngestError> {
        self.ingest.check_started()?;
        let mut batch = Batch::default();
        event.push(&mut batch);
        let confirmation = self.ingest.log.append(batch);
        let appended = self.ingest.in_time(confirmation).await?;
        self.ingest.metrics.definitions.inc();
        tracing::info!(
            tenant.id = %event.tenant, definition.kind = event.kind.as_str(), definition.id = event.id,
            definition.version = event.version, "definition written"
        );
        Ok(appended)
    }
}
