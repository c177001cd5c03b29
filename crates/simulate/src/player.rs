//! Sends a term to a store over HTTP, or writes it to a file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use reqwest::{Client, StatusCode};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::{Delivery, Options, SimulateError, Term};

/// A request is tried so often before the run is given up.
const TRIES_MAX: u32 = 8;
/// The first pause before a request is tried again; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// A store that does not answer for so long counts as gone.
const ANSWER_PATIENCE: Duration = Duration::from_secs(60);
/// So much of a refusal is shown.
const REFUSAL_CHARS_MAX: usize = 600;

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Played {
    /// Statements sent for the first time.
    pub statements: u64,
    /// Statements in repeated deliveries.
    pub repeated: u64,
    /// Requests answered.
    pub requests: u64,
    /// Requests that had to be tried again.
    pub retries: u64,
    /// How long it took.
    pub seconds: f64,
    /// Latency of a request in milliseconds: median, 99th percentile, longest.
    pub latency_ms: [f64; 3],
}

/// Plays the term against `options.target`; writes it to `options.out` besides, if asked.
///
/// # Errors
/// When the store cannot be reached, refuses valid statements, or the file cannot be written.
pub async fn play(options: &Options, bar: &ProgressBar) -> Result<Played, SimulateError> {
    let mut out = options.out.as_deref().map(Output::create).transpose()?;
    let target = options.target.clone().unwrap_or_default();
    let sender = Arc::new(Sender::new(&target, options)?);
    let places = Arc::new(Semaphore::new(options.connections.into()));
    let mut term = Term::new(options.term.clone());
    let mut tasks = JoinSet::new();
    let mut tally = Tally::default();
    let started = Instant::now();
    bar.set_length(1000);
    bar.set_style(style());
    while let Some(delivery) = term.next() {
        if let Some(out) = out.as_mut().filter(|_| !delivery.again) {
            out.write(&delivery)?;
        }
        pace(options.rate, tally.offered, started).await;
        tally.offered += delivery.statements.len() as u64;
        let place = places.clone().acquire_owned().await.expect("the semaphore is never closed");
        while let Some(done) = tasks.try_join_next() {
            tally.add(done.expect("sending does not panic")?);
        }
        let sender = sender.clone();
        tasks.spawn(async move {
            let sent = sender.send(delivery).await;
            drop(place);
            sent
        });
        show(bar, &term, &tally, started);
    }
    while let Some(done) = tasks.join_next().await {
        tally.add(done.expect("sending does not panic")?);
    }
    bar.finish_and_clear();
    Ok(tally.finish(started.elapsed()))
}

/// Writes the term to a file, a statement a line, without sending it. Returns how many.
///
/// # Errors
/// When the file cannot be written.
pub fn write_out(options: &Options, path: &Path) -> Result<u64, SimulateError> {
    let mut out = Output::create(path)?;
    let mut written = 0;
    for delivery in Term::new(options.term.clone()).filter(|delivery| !delivery.again) {
        out.write(&delivery)?;
        written += delivery.statements.len() as u64;
    }
    out.file.flush().map_err(|cause| out.error(cause))?;
    Ok(written)
}

struct Sender {
    client: Client,
    url: String,
    key: String,
    secret: String,
}

struct Sent {
    statements: u64,
    again: bool,
    retries: u64,
    latency: Duration,
}

impl Sender {
    fn new(target: &str, options: &Options) -> Result<Self, SimulateError> {
        if !target.starts_with("http://") && !target.starts_with("https://") {
            return Err(SimulateError::Target(target.into()));
        }
        let url = format!("{}/statements", target.trim_end_matches('/'));
        let client = Client::builder().timeout(ANSWER_PATIENCE).build();
        let client = client.map_err(|cause| SimulateError::Unreachable { url: url.clone(), cause })?;
        Ok(Self { client, url, key: options.key.clone(), secret: options.secret.clone() })
    }

    /// Sends until the store has taken it: what is busy or gone is tried again, with the same ids.
    async fn send(&self, delivery: Delivery) -> Result<Sent, SimulateError> {
        let statements = delivery.statements.len();
        let body = delivery.body();
        let mut pause = FIRST_PAUSE;
        for retries in 0.. {
            let started = Instant::now();
            let (retry, error) = match self.post(body.clone()).await {
                Ok((status, _)) if status.is_success() => {
                    let latency = started.elapsed();
                    let statements = statements as u64;
                    return Ok(Sent { statements, again: delivery.again, retries, latency });
                }
                Ok((status, body)) => {
                    let busy = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
                    let body = body.chars().take(REFUSAL_CHARS_MAX).collect();
                    (busy, SimulateError::Refused { status: status.as_u16(), statements, body })
                }
                Err(cause) => (true, SimulateError::Unreachable { url: self.url.clone(), cause }),
            };
            if !retry || retries >= u64::from(TRIES_MAX) {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        unreachable!("the loop ends by returning")
    }

    async fn post(&self, body: String) -> Result<(StatusCode, String), reqwest::Error> {
        let request = self.client.post(&self.url).basic_auth(&self.key, Some(&self.secret));
        let request =
            request.header("X-Experience-API-Version", "1.0.3").header("Content-Type", "application/json");
        let response = request.body(body).send().await?;
        Ok((response.status(), response.text().await?))
    }
}

#[derive(Default)]
struct Tally {
    offered: u64,
    played: Played,
    latencies_ms: Vec<f64>,
}

impl Tally {
    fn add(&mut self, sent: Sent) {
        let counted = if sent.again { &mut self.played.repeated } else { &mut self.played.statements };
        *counted += sent.statements;
        self.played.requests += 1;
        self.played.retries += sent.retries;
        self.latencies_ms.push(sent.latency.as_secs_f64() * 1000.0);
    }

    fn finish(mut self, elapsed: Duration) -> Played {
        self.latencies_ms.sort_by(f64::total_cmp);
        let rank = |share: usize| {
            let index = (self.latencies_ms.len() * share).div_ceil(100).saturating_sub(1);
            self.latencies_ms.get(index).copied().unwrap_or_default()
        };
        self.played.latency_ms = [rank(50), rank(99), rank(100)];
        self.played.seconds = elapsed.as_secs_f64();
        self.played
    }
}

struct Output {
    file: BufWriter<File>,
    path: String,
}

impl Output {
    fn create(path: &Path) -> Result<Self, SimulateError> {
        let name = path.display().to_string();
        let file = File::create(path).map_err(|cause| SimulateError::Output { path: name.clone(), cause })?;
        Ok(Self { file: BufWriter::new(file), path: name })
    }

    fn write(&mut self, delivery: &Delivery) -> Result<(), SimulateError> {
        for statement in &delivery.statements {
            writeln!(self.file, "{statement}").map_err(|cause| self.error(cause))?;
        }
        Ok(())
    }

    fn error(&self, cause: std::io::Error) -> SimulateError {
        SimulateError::Output { path: self.path.clone(), cause }
    }
}

/// Holds back what would go faster than `rate`.
async fn pace(rate: Option<f64>, offered: u64, started: Instant) {
    let Some(rate) = rate.filter(|rate| *rate > 0.0) else { return };
    #[expect(clippy::cast_precision_loss, reason = "a time to wait")]
    let due = Duration::from_secs_f64(offered as f64 / rate);
    tokio::time::sleep(due.saturating_sub(started.elapsed())).await;
}

fn show(bar: &ProgressBar, term: &Term, tally: &Tally, started: Instant) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
    bar.set_position((term.progress() * 1000.0) as u64);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = tally.played.statements as f64 / started.elapsed().as_secs_f64().max(0.001);
    bar.set_message(format!("{} statements, {rate:.0}/s", tally.played.statements));
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:32} {percent:>3} %  {msg}  {eta} left").expect("a valid template")
}
