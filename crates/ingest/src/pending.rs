//! An append that waits for its confirmation, and what has to happen then even if the client has gone.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use plaudit_log::{Appended, Confirmation, LogError};
use prometheus::IntGauge;
use tracing::Instrument;

use crate::Metrics;
use crate::recents::Claim;
use crate::sequencer::{Ended, Sequencer};

/// Resolves with the log's answer. Dropped before, it goes on in the background: the append cannot be taken back, so its ids
/// stay claimed and its stamp in flight until the log has answered.
pub(crate) struct Pending {
    confirmation: Option<Confirmation>,
    settle: Option<Settle>,
}

pub(crate) struct Settle {
    pub(crate) sequencer: Arc<Sequencer>,
    pub(crate) first_stamp: i64,
    pub(crate) claim: Claim,
    pub(crate) metrics: Metrics,
    pub(crate) statements: usize,
    pub(crate) _in_flight: InFlight,
    pub(crate) since: Instant,
}

/// Counted while it lives.
pub(crate) struct InFlight(IntGauge);

impl InFlight {
    pub(crate) fn new(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Pending {
    pub(crate) fn new(confirmation: Confirmation, settle: Settle) -> Self {
        Self { confirmation: Some(confirmation), settle: Some(settle) }
    }
}

impl Future for Pending {
    type Output = Result<Appended, LogError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let confirmation = self.confirmation.as_mut().expect("not polled after it was ready");
        let outcome = ready!(confirmation.as_mut().poll(context));
        self.confirmation = None;
        self.settle.take().expect("taken once, here or on drop").run(&outcome);
        Poll::Ready(outcome)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let (Some(confirmation), Some(settle)) = (self.confirmation.take(), self.settle.take()) else {
            return;
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move { settle.run(&confirmation.await) }.in_current_span());
            }
            // Without a runtime the process is ending; the ids must stay claimed until then.
            Err(_) => std::mem::forget(settle),
        }
    }
}

impl Settle {
    fn run(self, outcome: &Result<Appended, LogError>) {
        self.metrics.confirm_seconds.observe(self.since.elapsed().as_secs_f64());
        match outcome {
            Ok(appended) => {
                self.metrics.accepted.inc_by(u64::try_from(self.statements).unwrap_or(u64::MAX));
                for (partition, first, end) in &appended.spans {
                    tracing::debug!(
                        log.partition = partition,
                        log.first = first.0,
                        log.end = end.0,
                        statements = self.statements,
                        "appended"
                    );
                }
                self.claim.settle(appended);
                self.sequencer.ended(self.first_stamp, Ended::Known);
            }
            Err(LogError::Unconfirmed(_) | LogError::Io(_) | LogError::Closed) => {
                self.sequencer.ended(self.first_stamp, Ended::Uncertain);
            }
            Err(_) => self.sequencer.ended(self.first_stamp, Ended::Known),
        }
    }
}
