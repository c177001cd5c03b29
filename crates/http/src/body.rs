//! Reads request bodies: once, into one buffer of the right size that the next request uses again.

use std::cell::RefCell;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::web::Payload;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::problem::{Kind, Problem};
use crate::state::State;

/// Larger buffers are given back to the system; a few statements at a time is what most clients send.
const KEPT_BYTES_MAX: usize = 1 << 20;
/// Buffers that each worker keeps: as many as it reads at once under load.
const KEPT_MAX: usize = 32;
/// A client that announces more gets its room as the bytes arrive.
const RESERVED_BYTES_MAX: usize = 1 << 20;

thread_local! {
    static KEPT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A whole request body. Dropping it lets the buffer be used again.
pub(crate) struct Body {
    bytes: Vec<u8>,
    all: Arc<AtomicUsize>,
    counted: usize,
}

/// Reads the body of `request`.
pub(crate) async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    state: &State,
) -> Result<Body, Problem> {
    let limits = &state.limits;
    refuse_encodings(request)?;
    let announced = content_length(request);
    if announced > limits.body_bytes_max {
        return Err(too_large(state));
    }
    let _waiting = Waiting::new(&state.requests);
    let mut body = Body::with_room(announced.min(RESERVED_BYTES_MAX), state);
    let end = Instant::now() + limits.body_wait_max;
    loop {
        let patience = end.min(Instant::now() + limits.body_pause_max);
        let Ok(chunk) = timeout_at(patience, payload.next()).await else {
            state.metrics.limit("body_time");
            let detail = "the body stopped coming, or came too slowly to be finished in time";
            return Err(Problem::new(Kind::BodyTimeout, detail));
        };
        match chunk {
            None => break,
            Some(chunk) => body.push(&chunk.map_err(|error| broken(&error))?, state)?,
        }
    }
    state.metrics.body_bytes.inc_by(u64::try_from(body.len()).unwrap_or_default());
    Ok(body)
}

impl Body {
    fn with_room(bytes: usize, state: &State) -> Self {
        let mut buffer = KEPT.with_borrow_mut(Vec::pop).unwrap_or_default();
        buffer.reserve(bytes);
        Self { bytes: buffer, all: Arc::clone(&state.bodies_bytes), counted: 0 }
    }

    fn push(&mut self, chunk: &[u8], state: &State) -> Result<(), Problem> {
        if self.bytes.len() + chunk.len() > state.limits.body_bytes_max {
            return Err(too_large(state));
        }
        let all = self.all.fetch_add(chunk.len(), Ordering::Relaxed) + chunk.len();
        self.counted += chunk.len();
        if all > state.limits.bodies_bytes_max {
            state.metrics.limit("bodies_bytes");
            return Err(Problem::new(Kind::Overloaded, "too many request bodies are being read at once"));
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.all.fetch_sub(self.counted, Ordering::Relaxed);
        if self.bytes.capacity() <= KEPT_BYTES_MAX {
            let mut buffer = std::mem::take(&mut self.bytes);
            buffer.clear();
            KEPT.with_borrow_mut(|kept| {
                if kept.len() < KEPT_MAX {
                    kept.push(buffer);
                }
            });
        }
    }
}

/// While a request waits for its client it does not count as being served, so slow clients cannot use up the limit of
/// requests; what they may use up are connections and the bytes of bodies.
struct Waiting<'s>(&'s AtomicUsize);

impl<'s> Waiting<'s> {
    fn new(served: &'s AtomicUsize) -> Self {
        served.fetch_sub(1, Ordering::Relaxed);
        Self(served)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn content_length(request: &HttpRequest) -> usize {
    let header = request.headers().get(CONTENT_LENGTH);
    header.and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or_default()
}

/// A body that unpacks to more than it seems would pass every limit, so none is unpacked.
fn refuse_encodings(request: &HttpRequest) -> Result<(), Problem> {
    match request.headers().get(CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Err(Problem::new(Kind::MediaType, "request bodies are taken without Content-Encoding only"))
        }
        _ => Ok(()),
    }
}

fn too_large(state: &State) -> Problem {
    state.metrics.limit("body_bytes");
    let limit = state.limits.body_bytes_max;
    Problem::new(Kind::TooLarge, format!("the body is over the limit of {limit} bytes")).with("limit", limit)
}

fn broken(error: &PayloadError) -> Problem {
    Problem::malformed(format!("the body could not be read: {error}"))
}
