//! How fast statements are parsed, validated, fingerprinted and stamped, beside `serde_json::Value` in the same run.
//!
//! `cargo run --release -p plaudit-xapi --example parse_speed`

use std::hint::black_box;
use std::time::{Duration, Instant};

use plaudit_xapi::{Stamp, StatementId, Timestamp, Version, parse_statements, read_stored};

const BATCH: usize = 50;
const PER_MEASUREMENT: Duration = Duration::from_millis(400);

fn main() {
    let body = body();
    let per_statement = body.len() / BATCH;
    report_line(&format!("batches of {BATCH} statements of {per_statement} bytes"));
    measure("parse, validate, fingerprint", body.len(), || {
        let batch = parse_statements(black_box(&body), Version::V1_0_3).expect("the body is valid");
        for statement in &batch.statements {
            black_box(statement.fingerprint());
        }
    });
    let authority =
        br#"{"objectType":"Agent","account":{"homePage":"https://lms.example.com","name":"lms"}}"#;
    let mut out = Vec::new();
    measure("the same, and stamp", body.len(), || {
        let batch = parse_statements(black_box(&body), Version::V1_0_3).expect("the body is valid");
        out.clear();
        for statement in &batch.statements {
            black_box(statement.fingerprint());
            let stamp = Stamp {
                id: StatementId::nil(),
                stored: Timestamp::from_micros(1_795_358_280_123_456),
                authority,
                keeps_client_authority: false,
                version: Version::V1_0_3,
            };
            black_box(statement.stamp(&stamp, &mut out));
        }
        black_box(&out);
    });
    let single = statement(7);
    measure("read one that is stored, times 50", single.len() * BATCH, || {
        for _ in 0..BATCH {
            black_box(read_stored(black_box(single.as_bytes())).expect("the statement is valid"));
        }
    });
    measure("UTF-8 check alone", body.len(), || {
        black_box(std::str::from_utf8(black_box(&body)).expect("the body is UTF-8"));
    });
    measure("serde_json::Value", body.len(), || {
        black_box(serde_json::from_slice::<serde_json::Value>(black_box(&body)).expect("the body is JSON"));
    });
}

fn measure(what: &str, bytes: usize, mut run: impl FnMut()) {
    run();
    let start = Instant::now();
    let mut rounds = 0_u32;
    while start.elapsed() < PER_MEASUREMENT {
        run();
        rounds += 1;
    }
    let seconds = start.elapsed().as_secs_f64() / f64::from(rounds);
    let micros = seconds * 1e6 / BATCH as f64;
    report_line(&format!(
        "{what:<36} {micros:6.2} µs per statement {:7.0} MB/s",
        bytes as f64 / seconds / 1e6
    ));
}

fn report_line(line: &str) {
    use std::io::Write;
    writeln!(std::io::stdout(), "{line}").expect("standard output is open");
}

fn body() -> Vec<u8> {
    let statements: Vec<String> = (0..BATCH).map(statement).collect();
    format!("[{}]", statements.join(",")).into_bytes()
}

/// An ordinary statement of a course player: a scored answer with context.
fn statement(number: usize) -> String {
    format!(
        r#"{{"id":"6690e6c9-3ef0-4ed3-8b37-{number:012x}","actor":{{"objectType":"Agent","name":"Ada Lovelace","account":{{"homePage":"https://lms.example.com","name":"learner-{number:05}"}}}},"verb":{{"id":"http://adlnet.gov/expapi/verbs/completed","display":{{"en-US":"completed"}}}},"object":{{"objectType":"Activity","id":"https://courses.example.com/safety/module-{number}","definition":{{"name":{{"en-US":"Fire safety at work"}},"type":"http://adlnet.gov/expapi/activities/module"}}}},"result":{{"score":{{"scaled":0.85,"raw":85,"min":0,"max":100}},"success":true,"completion":true,"duration":"PT12M34.5S"}},"context":{{"registration":"ec531277-b57b-4c15-8d91-d292c5b2b8f7","contextActivities":{{"parent":[{{"id":"https://courses.example.com/safety"}}]}}}},"timestamp":"2026-11-22T14:38:00.123Z"}}"#
    )
}
