//! A client that costs little: requests are made in advance, and only their statement ids are new each time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use plaudit_simulate::{Delivery, Term, TermOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// The credential that the server is started with.
pub const KEY: &str = "bench";
/// Its secret.
pub const SECRET: &str = "bench-secret";
/// `bench:bench-secret` in Base64.
const BASIC: &str = "YmVuY2g6YmVuY2gtc2VjcmV0";
/// Different bodies per connection.
const BODIES_PER_CONNECTION: usize = 4;
/// Every statement of the simulator begins so.
const ID_START: &[u8] = br#"{"id":""#;

/// Requests ready to be sent.
pub struct Bodies {
    requests: Vec<Request>,
    batch: usize,
}

#[derive(Clone)]
struct Request {
    bytes: Vec<u8>,
    /// Where the ids stand.
    ids: Vec<usize>,
}

impl Bodies {
    /// Requests of `batch` statements each, made by the simulator.
    pub fn new(batch: usize, connections: usize) -> Self {
        let options = TermOptions { learners: 2_000, seed: 42, ..TermOptions::default() };
        let mut statements = Term::new(options).filter(|one| !one.again).flat_map(|one| one.statements);
        let mut request = || {
            let statements = statements.by_ref().take(batch).collect();
            Request::new(&Delivery { statements, again: false })
        };
        let requests = (0..connections * BODIES_PER_CONNECTION).map(|_| request()).collect();
        Self { requests, batch }
    }

    /// Mean size of a statement.
    pub fn bytes_per_statement(&self) -> usize {
        let bytes: usize = self.requests.iter().map(|request| request.bytes.len()).sum();
        bytes / (self.requests.len() * self.batch)
    }
}

impl Request {
    fn new(delivery: &Delivery) -> Self {
        let body = delivery.body();
        let mut bytes = format!(
            "POST /xapi/statements HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic {BASIC}\r\n\
             X-Experience-API-Version: 1.0.3\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        bytes.extend_from_slice(body.as_bytes());
        let mut ids = Vec::new();
        let mut at = bytes.len() - body.len() + 1;
        for statement in &delivery.statements {
            assert!(bytes[at..].starts_with(ID_START));
            ids.push(at + ID_START.len());
            at += statement.len() + 1;
        }
        Self { bytes, ids }
    }

    /// Gives every statement an id that was never sent before.
    fn renew(&mut self, next: &mut u64, run: u64) {
        for &at in &self.ids {
            *next += 1;
            // The counter is mixed, so that ids are as random as those of real clients.
            let mixed = next.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let digits = format!(
                "{:08x}-{:04x}-4{:03x}-a{:03x}-",
                mixed >> 32,
                mixed >> 16 & 0xffff,
                mixed >> 4 & 0xfff,
                mixed & 0xf
            );
            self.bytes[at..at + 24].copy_from_slice(digits.as_bytes());
            let end = format!("{:012x}", run & 0xffff_ffff_ffff);
            self.bytes[at + 24..at + 36].copy_from_slice(end.as_bytes());
        }
    }
}

/// A load on one server.
pub struct Load {
    /// What is sent.
    pub bodies: Bodies,
    /// Connections that send at the same time, each waiting for its answer.
    pub connections: usize,
    /// For how long.
    pub duration: Duration,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Statements acknowledged a second.
    pub per_second: f64,
    /// 99th percentile of the time from request to answer.
    pub p99_ms: f64,
}

impl Load {
    /// Sends until the time is over. Any answer but 200 ends the benchmark.
    pub fn run(&self, address: &str) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let address: SocketAddr = address.parse().expect("an address");
        let run = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        let run = u64::try_from(run.as_micros()).expect("before 586524");
        let local = LocalSet::new();
        let started = Instant::now();
        let deadline = started + self.duration;
        let tasks: Vec<_> = self
            .bodies
            .requests
            .chunks(BODIES_PER_CONNECTION)
            .take(self.connections)
            .enumerate()
            .map(|(number, requests)| {
                let first = (number as u64) << 40;
                local.spawn_local(connection(address, requests.to_vec(), deadline, first, run))
            })
            .collect();
        let mut latencies: Vec<Duration> = Vec::new();
        local.block_on(&runtime, async {
            for task in tasks {
                latencies.extend(task.await.expect("a connection does not panic"));
            }
        });
        let seconds = started.elapsed().as_secs_f64();
        latencies.sort_unstable();
        let p99 = latencies[(latencies.len() * 99).div_ceil(100) - 1];
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let statements = (latencies.len() * self.bodies.batch) as f64;
        Outcome { per_second: statements / seconds, p99_ms: (p99.as_secs_f64() * 1e5).round() / 100.0 }
    }
}

async fn connection(
    address: SocketAddr,
    mut requests: Vec<Request>,
    deadline: Instant,
    mut next: u64,
    run: u64,
) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let mut latencies = Vec::new();
    let mut buffer = Vec::with_capacity(16 << 10);
    for turn in 0.. {
        let index = turn % requests.len();
        let request = &mut requests[index];
        request.renew(&mut next, run);
        let started = Instant::now();
        if started >= deadline {
            break;
        }
        stream.write_all(&request.bytes).await.expect("the server reads");
        read_answer(&mut stream, &mut buffer).await;
        latencies.push(started.elapsed());
    }
    latencies
}

/// Reads one whole answer; it has to be a 200 with a Content-Length.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    loop {
        let read = stream.read_buf(buffer).await.expect("the server answers");
        assert!(read > 0, "the server hung up: {}", String::from_utf8_lossy(buffer));
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{}", String::from_utf8_lossy(buffer));
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let length: usize = length.and_then(|text| text.trim().parse().ok()).unwrap_or_default();
        while buffer.len() < end + 4 + length {
            let read = stream.read_buf(buffer).await.expect("the server answers");
            assert!(read > 0, "the server hung up in an answer");
        }
        return;
    }
}
