//! What ingest has to know about statements that it no longer remembers: the rows of the read model `statements`.

use std::sync::Arc;

use plaudit_event::TenantId;
use plaudit_ingest::{Absorbed, KnownStatements, LookupError};
use plaudit_log::Partition;
use plaudit_read_models::{Generations, Progress, statements};
use plaudit_store::Store;
use plaudit_xapi::{Fingerprint, StatementId};

/// Looks in the serving rows.
pub struct Rows {
    pub store: Arc<dyn Store>,
    pub generations: Generations,
    pub progress: Progress,
}

#[async_trait::async_trait]
impl KnownStatements for Rows {
    fn absorbed(&self, partition: Partition) -> Absorbed {
        let reached = self.progress.reached(statements::NAME, partition);
        Absorbed { next: reached.next, stored: reached.stored }
    }

    async fn fingerprints(
        &self,
        tenant: &TenantId,
        ids: &[StatementId],
    ) -> Result<Vec<Option<Fingerprint>>, LookupError> {
        let generation = self.generations.serving(statements::NAME, tenant);
        let found = statements::by_ids(&*self.store, generation, tenant, ids).await?;
        Ok(found.into_iter().map(|statement| Some(statement?.fingerprint)).collect())
    }
}
