//! How fast the log confirms appends, against a plain file with one fdatasync for all that wait.
//!
//! `cargo run --release -p plaudit-log-embedded --example append_speed [directory [seconds]]`. The plain file comes
//! in two kinds: growing, and zero-filled and overwritten in a circle, which is the most the disk can do.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use plaudit_log::{Batch, Log, Position};
use plaudit_log_embedded::{EmbeddedLog, Options};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::oneshot;

const WRITERS: usize = 64;
const STATEMENT_BYTES: usize = 750;
/// The circle of the zero-filled file.
const CIRCLE_BYTES: u64 = 256 << 20;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let seconds = arguments.next().map_or(3, |text| text.parse().expect("seconds are a number"));
    let duration = Duration::from_secs(seconds);
    for statements in [50, 1] {
        let dir = tempfile::tempdir_in(&dir).expect("the directory can be written");
        let growing = plain(&dir.path().join("growing"), None, statements, duration).await;
        let circle = plain(&dir.path().join("circle"), Some(CIRCLE_BYTES), statements, duration).await;
        let log = log(&dir.path().join("log"), statements, duration).await;
        say(&format!("bodies of {statements}, {WRITERS} writers"));
        for (name, run) in [("growing file", &growing), ("zero-filled file", &circle), ("log", &log)] {
            say(&format!(
                "  {name:<17} {:>9.0} statements/s  p50 {:>6.2} ms  p99 {:>6.2} ms  ratio to growing {:.2}, to zero-filled {:.2}",
                run.rate,
                run.percentile(50),
                run.percentile(99),
                run.rate / growing.rate,
                run.rate / circle.rate
            ));
        }
    }
}

/// What one run gave.
struct Run {
    rate: f64,
    millis: Vec<f64>,
}

impl Run {
    fn percentile(&self, percent: usize) -> f64 {
        self.millis[(self.millis.len() - 1) * percent / 100]
    }
}

/// Has all writers call `append` for the duration.
async fn run<F: Future<Output = ()> + Send>(
    statements: usize,
    duration: Duration,
    append: impl Fn(Arc<Vec<Vec<u8>>>) -> F + Send + Sync + 'static,
) -> Run {
    let append = Arc::new(append);
    let started = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let append = Arc::clone(&append);
            let bodies: Vec<_> =
                (0..8).map(|n| Arc::new(body(statements, (writer * 8 + n) as u64))).collect();
            tokio::spawn(async move {
                let mut millis = Vec::new();
                for body in bodies.iter().cycle() {
                    let called = Instant::now();
                    if called - started > duration {
                        break;
                    }
                    append(Arc::clone(body)).await;
                    millis.push(called.elapsed().as_secs_f64() * 1000.0);
                }
                millis
            })
        })
        .collect();
    let mut millis = Vec::new();
    for writer in writers {
        millis.extend(writer.await.expect("the writer does not fail"));
    }
    millis.sort_by(f64::total_cmp);
    Run { rate: (millis.len() * statements) as f64 / started.elapsed().as_secs_f64(), millis }
}

async fn log(dir: &Path, statements: usize, duration: Duration) -> Run {
    let log = Arc::new(EmbeddedLog::open(dir, Options::default()).expect("a new log opens"));
    let appending = Arc::clone(&log);
    let run = run(statements, duration, move |body| {
        let mut batch = Batch::with_capacity(body.len() * (STATEMENT_BYTES + 32));
        for statement in &*body {
            batch
                .push(b"tenant\0mbox:learner", &[("kind", b"1")], |bytes| bytes.extend_from_slice(statement));
        }
        let confirmation = log.append(batch);
        async move {
            confirmation.await.expect("the append is confirmed");
        }
    })
    .await;
    replay(&appending).await;
    lookups(&appending).await;
    appending.close().await;
    run
}

/// Reads everything once and says how fast that was.
async fn replay(log: &EmbeddedLog) {
    let deadline = Instant::now() + Duration::from_secs(30);
    let waiting =
        |log: &EmbeddedLog| log.describe().segments.iter().filter(|segment| !segment.sealed).count();
    while waiting(log) > 1 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let description = log.describe();
    let sealed: f64 = description.segments.iter().filter(|s| s.sealed).map(|s| s.bytes as f64).sum();
    let started = Instant::now();
    let (mut at, mut bytes, mut records) = (Position(0), 0, 0);
    loop {
        let found = log.read(0, at, 4 << 20).await.expect("the log can be read");
        if found.is_empty() {
            break;
        }
        bytes += found.bytes_len();
        records += found.iter().count();
        at = found.next();
    }
    let seconds = started.elapsed().as_secs_f64();
    say(&format!(
        "replay: {records} records at {:.0} MB/s, {:.2} M/s; {} segments, sealed files {:.0} MB of {:.0} MB",
        bytes as f64 / seconds / 1e6,
        records as f64 / seconds / 1e6,
        description.segments.len(),
        sealed / 1e6,
        bytes as f64 / 1e6
    ));
}

/// Looks single values up, all over the log.
async fn lookups(log: &EmbeddedLog) {
    let head = log.describe().head.0;
    let mut random = StdRng::seed_from_u64(7);
    let mut micros = Vec::new();
    for _ in 0..5000 {
        let position = random.random_range(0..head);
        let called = Instant::now();
        log.values(&[position]).await.expect("the value is there");
        micros.push(called.elapsed().as_secs_f64() * 1e6);
    }
    micros.sort_by(f64::total_cmp);
    say(&format!("lookup of one value: p50 {:.0} us, p99 {:.0} us", micros[2500], micros[4950]));
}

/// One body in the plain file's line.
type Waiting = (Arc<Vec<Vec<u8>>>, oneshot::Sender<()>);
/// The plain file's line, and whether it is closed.
type Line = (Mutex<(Vec<Waiting>, bool)>, Condvar);

/// The plain file: whatever waits is written, one fdatasync, all are told.
async fn plain(path: &Path, circle: Option<u64>, statements: usize, duration: Duration) -> Run {
    let file = File::create(path).expect("the file can be made");
    if let Some(bytes) = circle {
        let zeros = vec![0; 1 << 20];
        (0..bytes >> 20).for_each(|n| file.write_all_at(&zeros, n << 20).expect("there is space"));
        file.sync_all().expect("the file can be synced");
    }
    let line: Arc<Line> = Arc::default();
    let writer = std::thread::spawn({
        let line = Arc::clone(&line);
        move || write_plain(&file, circle, &line)
    });
    let appending = Arc::clone(&line);
    let run = run(statements, duration, move |body| {
        let (done, confirmed) = oneshot::channel();
        appending.0.lock().0.push((body, done));
        appending.1.notify_one();
        async move { confirmed.await.expect("the writer confirms") }
    })
    .await;
    line.0.lock().1 = true;
    line.1.notify_one();
    writer.join().expect("the writer does not fail");
    run
}

fn write_plain(file: &File, circle: Option<u64>, line: &Line) {
    let mut at = 0;
    let mut buffer = Vec::new();
    loop {
        let mut waiting = line.0.lock();
        while waiting.0.is_empty() && !waiting.1 {
            line.1.wait(&mut waiting);
        }
        let group = std::mem::take(&mut waiting.0);
        drop(waiting);
        if group.is_empty() {
            return;
        }
        buffer.clear();
        group.iter().flat_map(|(body, _)| &**body).for_each(|statement| buffer.extend_from_slice(statement));
        if circle.is_some_and(|bytes| at + buffer.len() as u64 > bytes) {
            at = 0;
        }
        file.write_all_at(&buffer, at).expect("there is space");
        file.sync_data().expect("the file can be synced");
        at += buffer.len() as u64;
        group.into_iter().for_each(|(_, done)| done.send(()).expect("the writer waits"));
    }
}

/// Statements that compress about as well as real ones.
fn body(statements: usize, seed: u64) -> Vec<Vec<u8>> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut statement = || {
        let (id, learner): (u128, u32) = (random.random(), random.random_range(0..100_000));
        let (course, score): (u32, f64) = (random.random_range(0..300), random.random());
        let mut text = format!(
            r#"{{"id":"{id:032x}","actor":{{"objectType":"Agent","name":"Learner {learner}","mbox":"mailto:learner-{learner}@example.org"}},"verb":{{"id":"http://adlnet.gov/expapi/verbs/answered","display":{{"en-US":"answered"}}}},"object":{{"id":"https://example.org/courses/{course}/quiz/{}","definition":{{"type":"http://adlnet.gov/expapi/activities/cmi.interaction","name":{{"en-US":"Question of course {course}"}}}}}},"result":{{"score":{{"scaled":{score}}},"success":{}}},"timestamp":"2024-05-{:02}T{:02}:{:02}:{:02}.000Z","context":{{"registration":"{:032x}","platform":"example"}}}}"#,
            random.random_range(0..40),
            score > 0.5,
            random.random_range(1..29),
            random.random_range(0..24),
            random.random_range(0..60),
            random.random_range(0..60),
            random.random::<u128>(),
        );
        text.extend(std::iter::repeat_n(' ', STATEMENT_BYTES.saturating_sub(text.len())));
        text.into_bytes()
    };
    (0..statements).map(|_| statement()).collect()
}

#[expect(clippy::print_stdout, reason = "this example is run for what it prints")]
fn say(line: &str) {
    println!("{line}");
}
