//! How long it takes to mark a statement and to evaluate a learner: `cargo run --release --example evaluate_speed`.

#![expect(clippy::print_stdout, reason = "the numbers are the point")]
#![expect(clippy::unwrap_used, reason = "everything in here is constant")]

use std::hint::black_box;
use std::time::Instant;

use jiff::tz::TimeZone;
use plaudit_engagement::{
    Definitions, Entry, EntryKind, Mark, evaluate, validate_achievement, validate_funnel,
};
use plaudit_xapi::{Timestamp, read_stored};
use serde_json::json;

const LEARNER: &str = "mailto:ada@example.org";
const VERBS: [&str; 8] =
    ["experienced", "launched", "attempted", "answered", "progressed", "completed", "passed", "shared"];

fn main() {
    let (funnels, achievements, rules) = Definitions::defaults();
    let defaults = Definitions::compile(&funnels, &achievements, &rules, &TimeZone::UTC).unwrap();
    let marks = mark_speed(&defaults);
    for entries in [10, 100, 1_000, 100_000] {
        evaluate_speed("defaults", &defaults, &timeline(&marks, entries, false));
    }
    evaluate_speed("defaults, half voided", &defaults, &timeline(&marks, 100_000, true));
    let hostile = hostile();
    let marks = mark_speed(&hostile);
    evaluate_speed("hostile", &hostile, &timeline(&marks, 100_000, false));
    evaluate_speed("hostile, half voided", &hostile, &timeline(&marks, 100_000, true));
}

/// Prints the time per statement, and returns the marks of some.
fn mark_speed(definitions: &Definitions) -> Vec<Mark> {
    let bodies: Vec<Vec<u8>> = (0..64).map(body).collect();
    let statements: Vec<_> = bodies.iter().map(|body| read_stored(body).unwrap()).collect();
    let rounds = 2_000;
    let start = Instant::now();
    for statement in statements.iter().cycle().take(rounds * statements.len()) {
        black_box(definitions.mark(black_box(statement)));
    }
    let each = start.elapsed().as_nanos() / (rounds * statements.len()) as u128;
    println!("mark: {each} ns per statement");
    statements.iter().map(|statement| definitions.mark(statement)).collect()
}

fn body(number: usize) -> Vec<u8> {
    let statement = json!({
        "id": uuid::Uuid::from_u128(number as u128 + 1),
        "stored": "2024-01-01T00:00:00Z", "timestamp": "2024-01-01T00:00:00Z",
        "actor": {"mbox": LEARNER},
        "verb": {"id": format!("http://adlnet.gov/expapi/verbs/{}", VERBS[number % VERBS.len()])},
        "object": {"id": format!("https://lms.example.com/course/{}", number % 13), "definition": {
            "type": "http://adlnet.gov/expapi/activities/course"}},
        "result": {"success": number.is_multiple_of(3), "score": {"scaled": (number % 10) as f64 / 10.0}},
        "context": {"registration": uuid::Uuid::from_u128(7), "platform": "Moodle",
            "contextActivities": {"parent": [{"id": "https://lms.example.com/programme/1"}]}},
    });
    serde_json::to_vec(&statement).unwrap()
}

/// A statement every hour, and a voiding statement for every other one if asked.
fn timeline(marks: &[Mark], entries: usize, voided: bool) -> Vec<Entry> {
    let mut timeline = Vec::new();
    for (number, mark) in marks.iter().cycle().take(entries).enumerate() {
        let time = Timestamp::from_micros(1_700_000_000_000_000 + number as i64 * 3_600_000_000);
        let id = uuid::Uuid::from_u128(number as u128 + 1);
        timeline.push(Entry { time, stored: time, id, kind: EntryKind::Own(mark.clone()) });
        if voided && number % 2 == 0 {
            let voiding = uuid::Uuid::from_u128(1 << 64 | number as u128);
            timeline.push(Entry { time, stored: time, id: voiding, kind: EntryKind::Void { target: id } });
        }
    }
    timeline
}

fn evaluate_speed(what: &str, definitions: &Definitions, entries: &[Entry]) {
    let rounds = (200_000 / entries.len()).max(1);
    let start = Instant::now();
    for _ in 0..rounds {
        black_box(evaluate(definitions, LEARNER, black_box(entries)));
    }
    let total = start.elapsed() / u32::try_from(rounds).unwrap();
    let each = total.as_nanos() as f64 / entries.len() as f64;
    println!("{what}: {} entries in {total:.1?}, {each:.0} ns per entry", entries.len());
}

/// The longest funnels with everything that takes time, and achievements that are revoked by the thousand.
fn hostile() -> Definitions {
    let stages: Vec<_> = (0..32)
        .map(|index| {
            let verb = format!("http://adlnet.gov/expapi/verbs/{}", VERBS[index % VERBS.len()]);
            let mut stage = json!({"id": format!("s{index}"), "match": {"verb": [verb]}, "count": 2 + index % 3,
                "distinct": "activities", "or_later": index % 4 == 0});
            if index > 0 {
                stage["within"] = json!("P1M");
                stage["exclude"] = json!({"activity": [format!("https://lms.example.com/course/{}", index % 13)]});
            }
            stage
        })
        .collect();
    let funnels = ["ordered", "strict"].map(|order| {
        let funnel = json!({"id": order, "order": order, "stages": stages}).to_string();
        validate_funnel(funnel.as_bytes()).unwrap()
    });
    let achievements = [
        json!({"id": "each", "count": 1, "repeatable": true}),
        json!({"id": "month", "count": 13, "distinct": "activities", "within": "P1M", "repeatable": true}),
        json!({"id": "rare", "count": 10_000, "distinct": "days", "within": "P1M", "repeatable": true}),
        json!({"id": "streak", "streak": 3, "repeatable": true}),
        json!({"id": "both", "all_of": ["each", "streak"], "repeatable": true}),
    ];
    let achievements = achievements.map(|it| validate_achievement(it.to_string().as_bytes()).unwrap());
    let zone = TimeZone::get("Europe/Vienna").unwrap();
    Definitions::compile(&funnels, &achievements, &[], &zone).unwrap()
}
