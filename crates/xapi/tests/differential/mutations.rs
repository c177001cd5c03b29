//! Small changes of a statement, most of which break a rule.

use serde_json::{Value, json};

use crate::dice::Dice;

/// Strings that are wrong somewhere, or right somewhere else.
const STRINGS: [&str; 58] = [
    "",
    " ",
    "abc",
    "should fail",
    "ab=c://should.fail.com",
    "http:",
    "http://",
    "HTTP:x",
    "http:///x",
    "http://a/{b}",
    "http://a/%zz",
    "http://a/\u{fffe}",
    "a:b",
    "mailto:",
    "mailto:a@b",
    "mailto:a@b@c",
    "mailto:a@b?subject=x",
    "MAILTO:a@b",
    "http://ünicode.example/",
    "cd9b00a5611f94eaa7b1661edab976068e364975",
    "cd9b00a5611f94eaa7b1661edab976068e36497g",
    "AA97B177-9383-4934-8543-0F91A7A028368",
    "aa97b17793834934854308f91a7a02836",
    "6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
    "2008-09-15T15:53:00.601-00:00",
    "2008-09-15T15:53:00.601-00",
    "2008-09-15T15:53:00.601-0000",
    "2008-09-15T15:53:00.601+00:00",
    "2008-09-15T15:53:00",
    "2008-09-15T15:53",
    "2008-09-15 15:53:00Z",
    "2008-13-15T15:53:00Z",
    "2008-04-31T15:53:00Z",
    "2023-02-29T15:53:00Z",
    "2008-09-15T24:00:00Z",
    "01/011/2015",
    "P4W1D",
    "PT",
    "P1.5DT1H",
    "P0001-01-01T00:00:00",
    "PT0,5S",
    "something",
    "en-US-US",
    "a12345678",
    "zh-z-aaa-z-bbb-c-ccc",
    "sl-rozaj-rozaj",
    "EN-gb-OED",
    "text/plain;",
    "text",
    "a/b;c=\"d",
    "1.0",
    "1.0.03",
    "1.1.0",
    "2.0.0",
    "Agent",
    "group",
    "true-false",
    "http://adlnet.gov/expapi/verbs/voided",
];

const KEYS: [&str; 14] = [
    "id",
    "objectType",
    "name",
    "mbox",
    "member",
    "definition",
    "extensions",
    "language",
    "Id",
    "statement",
    "object",
    "interactionType",
    "relevantTypes",
    "unknown",
];

/// Changes one place of `statement`, sometimes two.
pub fn mutate(statement: &mut Value, dice: &mut Dice) {
    change(statement, dice);
    if dice.once_in(4) {
        change(statement, dice);
    }
}

fn change(statement: &mut Value, dice: &mut Dice) {
    let mut pointers = Vec::new();
    collect(statement, String::new(), &mut pointers);
    let pointer = pointers.swap_remove(dice.below(pointers.len()));
    let other =
        pointers.get(dice.below(pointers.len().max(1))).and_then(|other| statement.pointer(other)).cloned();
    let Some(place) = statement.pointer_mut(&pointer) else { return };
    if dice.once_in(3) {
        *place = replacement(dice, other);
        return;
    }
    match place {
        Value::Object(object) => {
            let keys: Vec<String> = object.keys().cloned().collect();
            let key = keys.get(dice.below(keys.len())).cloned().unwrap_or_default();
            match dice.below(4) {
                0 => drop(object.remove(&key)),
                1 => rename(object, &key, dice),
                2 => drop(object.insert(dice.pick(&KEYS).to_owned(), replacement(dice, other))),
                _ => object.clear(),
            }
        }
        Value::Array(array) => match dice.below(4) {
            0 => array.clear(),
            1 if !array.is_empty() => drop(array.remove(0)),
            2 => array.extend(array.clone()),
            _ => array.push(replacement(dice, other)),
        },
        Value::String(text) => {
            *text = match dice.below(5) {
                0 => text.to_uppercase(),
                1 => text.to_lowercase(),
                2 => format!("{text} "),
                3 => text.chars().skip(1).collect(),
                _ => dice.pick(&STRINGS).to_owned(),
            }
        }
        Value::Number(_) => *place = [json!(-2), json!(1e9), json!(0.5), json!("1")][dice.below(4)].clone(),
        Value::Bool(_) => *place = "true".into(),
        Value::Null => *place = replacement(dice, other),
    }
}

fn rename(object: &mut serde_json::Map<String, Value>, key: &str, dice: &mut Dice) {
    let Some(value) = object.remove(key) else { return };
    let name = match dice.below(3) {
        0 => key.to_uppercase(),
        1 => format!("{key}s"),
        _ => dice.pick(&STRINGS).to_owned(),
    };
    object.insert(name, value);
}

fn replacement(dice: &mut Dice, other: Option<Value>) -> Value {
    match dice.below(9) {
        0 => Value::Null,
        1 => true.into(),
        2 => 5.into(),
        3 => json!({}),
        4 => json!([]),
        5 | 6 => dice.pick(&STRINGS).into(),
        _ => other.unwrap_or(Value::Null),
    }
}

fn collect(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, child) in object {
                collect(child, format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), pointers);
            }
        }
        Value::Array(array) => {
            for (index, child) in array.iter().enumerate() {
                collect(child, format!("{pointer}/{index}"), pointers);
            }
        }
        _ => {}
    }
    pointers.push(pointer);
}
