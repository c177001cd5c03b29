//! What ingest has to know about statements that it no longer remembers.

use plaudit_event::TenantId;
use plaudit_log::{Partition, Position};
use plaudit_xapi::{Fingerprint, StatementId, Timestamp};

/// Why a lookup gave no answer.
pub type LookupError = Box<dyn std::error::Error + Send + Sync>;

/// The statements that are visible in rows.
#[async_trait::async_trait]
pub trait KnownStatements: Send + Sync + 'static {
    /// How far the rows have come in `partition`: ingest forgets what is before it.
    fn absorbed(&self, partition: Partition) -> Absorbed;

    /// What each id means, in the order asked; `None` for ids that no row has. Sees every record before [`Self::absorbed`].
    async fn fingerprints(
        &self,
        tenant: &TenantId,
        ids: &[StatementId],
    ) -> Result<Vec<Option<Fingerprint>>, LookupError>;
}

/// A point that the rows have reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Absorbed {
    /// Every record before it is in the rows.
    pub next: Position,
    /// The latest `stored` among them.
    pub stored: Timestamp,
}
