//! What every request shares.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use plaudit_ingest::Ingest;
use plaudit_query::engagement::Engagement;
use plaudit_query::{InFlight, Statements, StatementsOptions};
use plaudit_xapi::Timestamp;

use crate::answers::Answers;
use crate::request_id::RequestIds;
use crate::{Credentials, Limits, Metrics, Reads};

/// What every request shares. One per process.
pub struct State {
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) reads: Reads,
    pub(crate) statements: Statements,
    pub(crate) engagement: Engagement,
    pub(crate) credentials: Credentials,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) request_ids: RequestIds,
    pub(crate) answers: Answers,
    /// Requests that are being served.
    pub(crate) requests: Arc<AtomicUsize>,
    /// Bytes of the request bodies that are in memory.
    pub(crate) bodies_bytes: Arc<AtomicUsize>,
}

impl State {
    /// The parts that requests work with.
    #[must_use]
    pub fn new(
        ingest: Arc<Ingest>,
        reads: Reads,
        credentials: Credentials,
        limits: Limits,
        metrics: Metrics,
    ) -> Self {
        let request_ids = RequestIds::new(ingest.new_id());
        metrics.requests_max.set(i64::try_from(limits.requests_max).unwrap_or(i64::MAX));
        let statements = Statements::new(StatementsOptions {
            store: Arc::clone(&reads.store),
            log: Arc::clone(&reads.log),
            generations: reads.generations.clone(),
            progress: reads.progress.clone(),
            in_flight: Arc::new(Floor(Arc::clone(&ingest))),
        });
        Self {
            statements,
            engagement: Engagement::new(Arc::clone(&reads.store), reads.generations.clone()),
            ingest,
            reads,
            credentials,
            answers: Answers::new(&limits),
            limits,
            metrics,
            request_ids,
            requests: Arc::default(),
            bodies_bytes: Arc::default(),
        }
    }
}

/// What ingest has in flight, for queries.
struct Floor(Arc<Ingest>);

impl InFlight for Floor {
    fn floor(&self) -> Timestamp {
        self.0.floor()
    }
}
