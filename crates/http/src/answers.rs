//! Large answers: how many are made at once, and how many bytes of them wait for slow clients.
//!
//! A client that asks for the largest page and reads it slowly keeps megabytes in memory. So pages are made a few at a time, and
//! when too many bytes wait to be sent, further questions get 503 instead of memory.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::problem::{Kind, Problem};
use crate::{Limits, Metrics};

/// Bytes that are handed to the connection at once: it buffers what it is given.
const PIECE_BYTES: usize = 64 << 10;

/// The answers of one process.
pub(crate) struct Answers {
    making: Semaphore,
    waiting_bytes: Arc<AtomicUsize>,
}

/// A body that counts until it is sent or given up.
pub(crate) struct Answer {
    rest: Bytes,
    counted: usize,
    waiting_bytes: Arc<AtomicUsize>,
}

impl Answers {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { making: Semaphore::new(limits.lists_max), waiting_bytes: Arc::default() }
    }

    /// Waits for the turn to make a page; refuses when too much waits to be sent.
    pub(crate) async fn turn(
        &self,
        limits: &Limits,
        metrics: &Metrics,
    ) -> Result<SemaphorePermit<'_>, Problem> {
        let turn = timeout(limits.read_wait_max, self.making.acquire()).await;
        let Ok(turn) = turn else {
            metrics.limit("lists");
            let detail = format!("{} lists are being made, the most at once", limits.lists_max);
            return Err(Problem::new(Kind::Overloaded, detail));
        };
        if self.waiting_bytes.load(Ordering::Relaxed) > limits.answers_bytes_max {
            metrics.limit("answers_bytes");
            return Err(Problem::new(Kind::Overloaded, "too many answers wait for slow clients"));
        }
        Ok(turn.expect("never closed"))
    }

    /// The body of an answer.
    pub(crate) fn body(&self, bytes: Bytes) -> Answer {
        let counted = bytes.len();
        self.waiting_bytes.fetch_add(counted, Ordering::Relaxed);
        Answer { rest: bytes, counted, waiting_bytes: Arc::clone(&self.waiting_bytes) }
    }
}

impl MessageBody for Answer {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(u64::try_from(self.rest.len()).expect("memory has 64 bits at most"))
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let length = self.rest.len().min(PIECE_BYTES);
        Poll::Ready((length > 0).then(|| Ok(self.rest.split_to(length))))
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.waiting_bytes.fetch_sub(self.counted, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::body::to_bytes;

    use super::*;

    #[actix_web::test]
    async fn answers_count_until_they_are_sent() {
        let limits = Limits {
            lists_max: 1,
            answers_bytes_max: 100_000,
            read_wait_max: Duration::from_millis(10),
            ..Limits::default()
        };
        let metrics = Metrics::new(&prometheus::Registry::new()).unwrap();
        let answers = Answers::new(&limits);
        let turn = answers.turn(&limits, &metrics).await.unwrap();
        assert!(answers.turn(&limits, &metrics).await.is_err(), "one at a time");
        drop(turn);
        let sent: Bytes = (0..200_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        let body = answers.body(sent.clone());
        assert!(answers.turn(&limits, &metrics).await.is_err(), "its bytes wait");
        assert_eq!(to_bytes(body).await.unwrap(), sent);
        assert!(answers.turn(&limits, &metrics).await.is_ok());
    }
}
