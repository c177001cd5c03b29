//! What a client sees of the server as such: versions, limits, slow and broken requests, definitions, answers.
#![expect(clippy::unwrap_used, reason = "what a test needs and does not get fails it")]

mod answers;
mod definitions;
mod limits;
mod statements;
mod world;

const STATEMENT: &str =
    r#"{"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://v/1"},"object":{"id":"http://o/1"}}"#;

fn header<'a>(answer: &'a reqwest::Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn did(who: &str, verb: &str, day: u32) -> String {
    format!(
        r#"{{"actor":{{"mbox":"mailto:{who}@b.c"}},"verb":{{"id":"http://adlnet.gov/expapi/verbs/{verb}"}},
        "object":{{"id":"http://o/1"}},"timestamp":"2026-03-{day:02}T10:00:00Z"}}"#
    )
}
