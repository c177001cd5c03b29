//! How fast statements come in, beside a server that does nothing but keep the bytes, and how fast the log is replayed.
//!
//! In one run, for batches of 1 and of 50: (a) a bare actix-web handler that reads the bodies and appends them to a
//! zero-filled file with one fdatasync for all that wait; (b) `plaudit serve`, durable, fully validated and
//! projecting at the same time; (c) the ratio. The two take turns, and medians count. Then the rows are dropped and built again
//! from the log. `cargo xtask bench ingest --json` prints one JSON object as its last line.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod bare;
mod load;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::{Value, json};

use crate::load::{Bodies, Load, Outcome};

/// Measures ingest beside a bare server, and replay.
#[derive(Parser)]
struct Arguments {
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
    /// Seconds that each turn is measured
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Turns of each server for each batch size
    #[arg(long, default_value_t = 3)]
    turns: usize,
    /// Connections that send at the same time
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Run as the bare server
    #[arg(long, hide = true)]
    bare: bool,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// Batch sizes that are measured.
const BATCHES: [usize; 2] = [1, 50];

fn main() {
    let arguments = Arguments::parse();
    if arguments.bare {
        return bare::serve().expect("the bare server runs");
    }
    let data = tempfile::Builder::new().prefix("bench-").tempdir_in(target()).expect("a directory");
    let mut plaudit = Server::plaudit(data.path());
    let mut bare = Server::bare(data.path());
    let batches: Vec<Value> =
        BATCHES.iter().map(|&batch| compare(&arguments, batch, &bare.address, &plaudit.address)).collect();
    let caught_up_seconds = wait_for_projection(&plaudit.admin);
    bare.stop();
    plaudit.stop();
    let replay = replay(data.path());
    eprintln!(
        "replay: {:.0} statements/s ({} statements)",
        number(&replay["per_second"]),
        replay["statements"]
    );
    if arguments.json {
        let result =
            json!({ "batches": batches, "caught_up_after_seconds": caught_up_seconds, "replay": replay });
        println!("{result}");
    }
}

/// The two servers in turn, and the medians.
fn compare(arguments: &Arguments, batch: usize, bare: &str, plaudit: &str) -> Value {
    let load = Load {
        bodies: Bodies::new(batch, arguments.connections),
        connections: arguments.connections,
        duration: Duration::from_secs_f64(arguments.seconds),
    };
    let mut outcomes = [Vec::new(), Vec::new()];
    for turn in 0..arguments.turns {
        for (server, address) in [bare, plaudit].into_iter().enumerate() {
            let outcome = load.run(address);
            eprintln!(
                "batch {batch:>2}, turn {turn}, {}: {:.0} statements/s, p99 {:.1} ms",
                ["bare", "plaudit"][server],
                outcome.per_second,
                outcome.p99_ms
            );
            outcomes[server].push(outcome);
        }
    }
    let [bare, plaudit] = outcomes.map(median);
    eprintln!("batch {batch:>2}: ratio {:.2}", plaudit.per_second / bare.per_second);
    json!({
        "batch": batch,
        "bare_per_second": bare.per_second.round(),
        "plaudit_per_second": plaudit.per_second.round(),
        "ratio": (plaudit.per_second / bare.per_second * 1000.0).round() / 1000.0,
        "bare_p99_ms": bare.p99_ms,
        "plaudit_p99_ms": plaudit.p99_ms,
        "bytes_per_statement": load.bodies.bytes_per_statement(),
    })
}

fn median(mut turns: Vec<Outcome>) -> Outcome {
    turns.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    turns.swap_remove(turns.len() / 2)
}

/// Drops the rows and builds them again from the log, with no server running.
fn replay(data: &std::path::Path) -> Value {
    let output = Command::new(plaudit_tests::binary())
        .args(["rebuild", "--json", "--data-dir"])
        .arg(data.join("plaudit"))
        .stderr(Stdio::inherit())
        .output()
        .expect("plaudit starts");
    assert!(output.status.success(), "the rebuild failed");
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.lines().last().unwrap_or_default()).expect("the rebuild prints its figures")
}

/// Seconds until everything that was acknowledged is visible.
fn wait_for_projection(admin: &str) -> f64 {
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let client = plaudit_tests::Client::new("", "");
    loop {
        let metrics = runtime.block_on(client.get(&format!("{admin}/metrics"))).text();
        let lags = metrics.lines().filter(|line| line.starts_with("plaudit_projector_lag_positions{"));
        if lags.filter_map(|line| line.rsplit(' ').next()).all(|lag| lag == "0") {
            return started.elapsed().as_secs_f64();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

struct Server {
    process: Child,
    address: String,
    admin: String,
}

impl Server {
    fn plaudit(data: &std::path::Path) -> Self {
        let mut command = Command::new(plaudit_tests::binary());
        command.args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
        command.args(["--key", load::KEY, "--secret", load::SECRET, "--data-dir"]).arg(data.join("plaudit"));
        Self::spawn(command)
    }

    fn bare(data: &std::path::Path) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("it has a path"));
        command.arg("--bare").current_dir(data);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the server starts");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let ready = lines.find(|line| line.contains("is ready")).expect("the server gets ready");
        std::thread::spawn(move || lines.for_each(drop));
        let url = |name: &str| {
            let rest = ready.split(&format!("{name}=http://")).nth(1).unwrap_or_default();
            rest.split([' ', '/']).next().unwrap_or_default().to_owned()
        };
        Self { process, address: url("xapi"), admin: format!("http://{}", url("admin")) }
    }

    fn stop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it is running");
        self.process.wait().expect("it is ours");
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_default()
}

fn target() -> std::path::PathBuf {
    let me = std::env::current_exe().expect("it has a path");
    me.ancestors().nth(3).expect("target/release/deps/<bench>").into()
}
