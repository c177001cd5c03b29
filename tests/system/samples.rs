//! Statements for tests, as short as can be.

use serde_json::{Value, json};
use uuid::Uuid;

/// A new statement id.
pub fn id() -> String {
    Uuid::new_v4().to_string()
}

/// An agent with a mailbox.
pub fn agent(name: &str) -> Value {
    json!({ "mbox": format!("mailto:{name}@example.com") })
}

/// The IRI of an ADL verb.
pub fn verb(name: &str) -> String {
    format!("http://adlnet.gov/expapi/verbs/{name}")
}

/// An activity's IRI.
pub fn activity(name: &str) -> String {
    format!("https://lms.example.com/{name}")
}

/// `{actor} {verb} {activity}`, with an id.
pub fn statement(actor: &str, verb_name: &str, activity_name: &str) -> Value {
    json!({
        "id": id(),
        "actor": agent(actor),
        "verb": { "id": verb(verb_name) },
        "object": { "id": activity(activity_name) },
    })
}

/// As [`statement`], at a time.
pub fn statement_at(actor: &str, verb_name: &str, activity_name: &str, timestamp: &str) -> Value {
    with(statement(actor, verb_name, activity_name), "timestamp", json!(timestamp))
}

/// `{actor} {verb} the statement {target}`.
pub fn reference(actor: &str, verb_name: &str, target: &str) -> Value {
    let object = json!({ "objectType": "StatementRef", "id": target });
    with(statement(actor, verb_name, "none"), "object", object)
}

/// The statement with one property set.
pub fn with(mut statement: Value, property: &str, value: Value) -> Value {
    statement[property] = value;
    statement
}

/// The id of a statement.
pub fn id_of(statement: &Value) -> &str {
    statement["id"].as_str().expect("an id")
}

/// The ids of the statements in an answer.
pub fn ids(answer: &Value) -> Vec<&str> {
    answer["statements"].as_array().expect("a list").iter().map(id_of).collect()
}

/// A value as one part of a URL's query.
pub fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
