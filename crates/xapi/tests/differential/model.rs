//! What a statement means, slowly: a tree in which everything that does not count is gone or spelled one way.
//! The fingerprint must agree with it.

use plaudit_xapi::{Timestamp, comparable_duration};
use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// The meaning of a valid statement or sub-statement.
pub fn meaning(event: &Value) -> Value {
    let mut event = event.as_object().unwrap().clone();
    for key in ["id", "stored", "authority", "version"] {
        event.remove(key);
    }
    event["verb"] = json!({"id": event["verb"]["id"]});
    event["actor"] = actor(&event["actor"]);
    event["object"] = object(&event["object"]);
    edit(&mut event, "timestamp", instant);
    edit(&mut event, "result", result);
    edit(&mut event, "context", context);
    edit(&mut event, "attachments", |list| each(list, attachment));
    event.retain(|key, value| key != "attachments" || value.as_array().is_some_and(|list| !list.is_empty()));
    event.into()
}

fn edit(object: &mut Object, key: &str, change: impl FnOnce(&Value) -> Value) {
    if let Some(value) = object.get_mut(key) {
        *value = change(value);
    }
}

fn each(list: &Value, change: fn(&Value) -> Value) -> Value {
    list.as_array().unwrap().iter().map(change).collect()
}

fn actor(value: &Value) -> Value {
    let mut actor = value.as_object().unwrap().clone();
    actor.entry("objectType").or_insert("Agent".into());
    edit(&mut actor, "member", |members| {
        let mut members: Vec<Value> = members.as_array().unwrap().iter().map(self::actor).collect();
        members.sort_by_key(Value::to_string);
        members.into()
    });
    actor.into()
}

fn object(value: &Value) -> Value {
    match value.get("objectType").and_then(Value::as_str) {
        Some("Agent" | "Group") => actor(value),
        Some("StatementRef") => reference(value),
        Some("SubStatement") => meaning(value),
        _ => activity(value),
    }
}

fn activity(value: &Value) -> Value {
    json!({"objectType": "Activity", "id": value["id"]})
}

fn reference(value: &Value) -> Value {
    json!({"objectType": "StatementRef", "id": lower(&value["id"])})
}

fn lower(text: &Value) -> Value {
    text.as_str().unwrap().to_lowercase().into()
}

fn instant(text: &Value) -> Value {
    Timestamp::parse(text.as_str().unwrap()).unwrap().to_string().into()
}

fn result(value: &Value) -> Value {
    let mut result = numbers(value).as_object().unwrap().clone();
    edit(&mut result, "duration", |duration| {
        let (head, tail) = comparable_duration(duration.as_str().unwrap());
        format!("{head}{tail}").into()
    });
    result.into()
}

fn context(value: &Value) -> Value {
    let mut context = numbers(value).as_object().unwrap().clone();
    edit(&mut context, "registration", lower);
    edit(&mut context, "language", lower);
    edit(&mut context, "statement", reference);
    edit(&mut context, "instructor", actor);
    edit(&mut context, "team", actor);
    edit(&mut context, "contextAgents", |list| each(list, |item| related(item, "agent")));
    edit(&mut context, "contextGroups", |list| each(list, |item| related(item, "group")));
    edit(&mut context, "contextActivities", |lists| {
        let one_list =
            |list: &Value| if list.is_array() { each(list, activity) } else { json!([activity(list)]) };
        lists
            .as_object()
            .unwrap()
            .iter()
            .map(|(kind, list)| (kind.clone(), one_list(list)))
            .collect::<Object>()
            .into()
    });
    context.into()
}

fn related(value: &Value, key: &str) -> Value {
    let mut related = value.as_object().unwrap().clone();
    edit(&mut related, key, actor);
    related.into()
}

fn attachment(value: &Value) -> Value {
    let mut attachment = numbers(value).as_object().unwrap().clone();
    edit(&mut attachment, "sha2", lower);
    for map in ["display", "description"] {
        edit(&mut attachment, map, |map| {
            let members = map.as_object().unwrap().iter();
            members.map(|(tag, text)| (tag.to_lowercase(), text.clone())).collect::<Object>().into()
        });
    }
    attachment.into()
}

/// Numbers by value.
fn numbers(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
                (float as i64).into()
            }
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(numbers).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, child)| (key.clone(), numbers(child))).collect::<Object>().into()
        }
        _ => value.clone(),
    }
}
