//! Stores statements: claims their ids, appends what is new, answers when it is durable.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use plaudit_event::{LearnerId, StatementEvent, TenantId};
use plaudit_log::{Appended, Batch, Confirmation, Log};
use plaudit_xapi::{Stamp, StampOffsets, Statement, StatementId, Timestamp, Version};
use tokio::sync::Mutex;

use crate::known::KnownStatements;
use crate::pending::{InFlight, Pending, Settle};
use crate::recents::{Claim, Recents, Wanted};
use crate::sequencer::Sequencer;
use crate::unconfirmed::in_time;
use crate::{Handles, IngestError, Limits, Metrics, Unconfirmed};

/// Writes to the log.
pub struct Ingest {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) known: Arc<dyn KnownStatements>,
    pub(crate) recents: Arc<Recents>,
    pub(crate) sequencer: Arc<Sequencer>,
    pub(crate) metrics: Metrics,
    pub(crate) definitions: Mutex<()>,
    handles: Handles,
    limits: Limits,
    started: AtomicBool,
}

/// What ingest works with.
pub struct Parts {
    /// Where statements go.
    pub log: Arc<dyn Log>,
    /// What the rows know.
    pub known: Arc<dyn KnownStatements>,
    /// Time and randomness.
    pub handles: Handles,
    /// How much may wait.
    pub limits: Limits,
    /// What is counted.
    pub metrics: Metrics,
}

/// Statements to be stored, all or none.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a, 's> {
    /// Whose.
    pub tenant: &'a TenantId,
    /// Who asserts them: the JSON of an agent or group.
    pub authority: &'a [u8],
    /// The version of the standard that the request speaks.
    pub version: Version,
    /// The id for a statement that has none, when the client gave it beside the statement; else a new one is made.
    pub id: Option<StatementId>,
    /// The statements.
    pub statements: &'a [Statement<'s>],
}

impl Ingest {
    /// Refuses writes until [`Self::recover`] has read the tail of the log.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { log, known, handles, limits, metrics } = parts;
        Self {
            recents: Arc::new(Recents::new(Arc::clone(&known), metrics.clone(), limits.recents_max)),
            sequencer: Arc::new(Sequencer::new(Arc::clone(&log), Arc::clone(&known), handles.clock.clone())),
            definitions: Mutex::new(()),
            started: AtomicBool::new(false),
            log,
            known,
            metrics,
            handles,
            limits,
        }
    }

    /// Stores the statements of one request; returns their ids, in order, once they are durable.
    ///
    /// Statements that are already stored with equal content are accepted and not written again.
    ///
    /// # Errors
    /// When one of them is refused; then none of them was written (unless the error says that this is not known).
    pub async fn store(&self, request: Request<'_, '_>) -> Result<Vec<StatementId>, IngestError> {
        self.append(request).await?.confirmed().await
    }

    /// The first half of [`Self::store`]: decides, and hands the statements to the log. What the request borrows is not needed any
    /// more, so its memory can go while the log makes them durable.
    ///
    /// # Errors
    /// As [`Self::store`].
    pub async fn append(&self, request: Request<'_, '_>) -> Result<Unconfirmed, IngestError> {
        let outcome = self.decide_and_append(&request).await;
        outcome.inspect_err(|error| self.metrics.reject(error, request.statements.len()))
    }

    /// A time such that every statement stored until then is confirmed, and every later one will get a later `stored`.
    /// Never goes back.
    #[must_use]
    pub fn floor(&self) -> Timestamp {
        self.sequencer.floor()
    }

    /// The time by the clock of ingest.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.handles.clock)()
    }

    /// An id that was never used.
    #[must_use]
    pub fn new_id(&self) -> StatementId {
        (self.handles.new_id)()
    }

    async fn decide_and_append(&self, request: &Request<'_, '_>) -> Result<Unconfirmed, IngestError> {
        self.check_started()?;
        self.check_size(request.statements.len())?;
        self.metrics.batch_statements.observe(request.statements.len() as f64);
        let wanted = self.identify(request);
        let (mut claim, mut new) = self.recents.claim(request.tenant, &wanted).await?;
        self.leave_out_known(request, &wanted, &mut claim, &mut new).await?;
        self.metrics.deduplicated.inc_by(u64::try_from(wanted.len() - new.len()).unwrap_or_default());
        Ok(Unconfirmed {
            pending: (!new.is_empty()).then(|| self.hand_over(request, &wanted, &new, claim)),
            ids: wanted.iter().map(|wanted| wanted.id).collect(),
            wait_max: self.limits.confirm_wait_max,
            metrics: self.metrics.clone(),
        })
    }

    fn identify(&self, request: &Request<'_, '_>) -> Vec<Wanted> {
        let wanted = |statement: &Statement<'_>| Wanted {
            id: statement.id.or(request.id).unwrap_or_else(|| self.new_id()),
            fingerprint: statement
                .fingerprint()
                .expect("statements of requests are parsed with their meaning"),
        };
        request.statements.iter().map(wanted).collect()
    }

    /// Asks the rows about the ids that clients chose and that nobody has written lately.
    async fn leave_out_known(
        &self,
        request: &Request<'_, '_>,
        wanted: &[Wanted],
        claim: &mut Claim,
        new: &mut Vec<usize>,
    ) -> Result<(), IngestError> {
        let chosen = |index: &usize| request.id.is_some() || request.statements[*index].id.is_some();
        let asked: Vec<usize> = new.iter().copied().filter(chosen).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let ids: Vec<StatementId> = asked.iter().map(|&index| wanted[index].id).collect();
        self.metrics.lookups.inc_by(u64::try_from(ids.len()).unwrap_or_default());
        let found = self.known.fingerprints(request.tenant, &ids).await.map_err(IngestError::Lookup)?;
        let mut stored = Vec::new();
        for (&index, found) in asked.iter().zip(found) {
            match found {
                None => {}
                Some(earlier) if earlier == wanted[index].fingerprint => stored.push(index),
                Some(_) => return Err(IngestError::Conflict { id: wanted[index].id }),
            }
        }
        if !stored.is_empty() {
            claim.retain(|claimed| stored.binary_search(&new[claimed]).is_err());
            new.retain(|index| stored.binary_search(index).is_err());
        }
        Ok(())
    }

    fn hand_over(
        &self,
        request: &Request<'_, '_>,
        wanted: &[Wanted],
        new: &[usize],
        claim: Claim,
    ) -> Pending {
        let (batch, offsets) = write(request, wanted, new);
        let since = Instant::now();
        let (first_stamp, confirmation) = self.sequencer.append(batch, &offsets);
        let settle = Settle {
            sequencer: Arc::clone(&self.sequencer),
            first_stamp,
            claim,
            metrics: self.metrics.clone(),
            statements: new.len(),
            _in_flight: InFlight::new(&self.metrics.in_flight),
            since,
        };
        Pending::new(confirmation, settle)
    }

    /// What the log says, if it says it in time.
    pub(crate) async fn in_time(&self, confirmation: Confirmation) -> Result<Appended, IngestError> {
        in_time(self.limits.confirm_wait_max, confirmation).await
    }

    pub(crate) fn started(&self) {
        self.started.store(true, Ordering::Release);
    }

    pub(crate) fn check_started(&self) -> Result<(), IngestError> {
        if self.started.load(Ordering::Acquire) { Ok(()) } else { Err(IngestError::Starting) }
    }

    fn check_size(&self, statements: usize) -> Result<(), IngestError> {
        let statements_max = self.limits.statements_per_batch_max;
        match statements <= statements_max {
            true => Ok(()),
            false => Err(IngestError::BatchTooLarge { statements, statements_max }),
        }
    }
}

/// Bytes that a record has beside the client's: key, headers, and what the server adds to a statement, authority apart.
const OVERHEAD_BYTES: usize = 512;

/// The records of the new statements, not stamped yet, and where their stamps go.
fn write(request: &Request<'_, '_>, wanted: &[Wanted], new: &[usize]) -> (Batch, Vec<StampOffsets>) {
    let sent: usize = new.iter().map(|&index| request.statements[index].raw.len()).sum();
    let mut batch = Batch::with_capacity(sent + new.len() * (OVERHEAD_BYTES + request.authority.len()));
    let mut offsets = Vec::with_capacity(new.len());
    for &index in new {
        let (statement, Wanted { id, fingerprint }) = (&request.statements[index], wanted[index]);
        let stamp = Stamp {
            id,
            stored: Timestamp::default(),
            authority: request.authority,
            keeps_client_authority: false,
            version: request.version,
        };
        let learner = LearnerId::of(&statement.actor);
        let write = |out: &mut Vec<u8>| statement.stamp(&stamp, out);
        offsets.push(StatementEvent::push(&mut batch, request.tenant, &learner, fingerprint, write));
    }
    (batch, offsets)
}
