//! The fingerprint: spelling does not change it, meaning does.

use plaudit_xapi::{Fingerprint, Stamp, StatementId, Timestamp, Version, parse_statement, read_stored};
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::spelling::respell;
use crate::{BOTH, cases, model, mutations, statements};

fn meaning(text: &str, version: Version) -> Fingerprint {
    let statement =
        parse_statement(text.as_bytes(), version).unwrap_or_else(|invalid| panic!("{invalid}: {text}"));
    statement.fingerprint().unwrap()
}

#[test]
fn spelling_does_not_change_the_meaning() {
    for version in BOTH {
        cases(1_000, |seed, dice| {
            let mut statement = statements::statement(dice, version);
            let before = meaning(&statement.to_string(), version);
            without_meaning(&mut statement, dice);
            let text = respell(&statement, dice);
            assert_eq!(meaning(&text, version), before, "seed {seed}: {text}");
        });
    }
}

#[test]
fn what_is_stored_reads_back_as_it_was() {
    for version in BOTH {
        cases(500, |seed, dice| {
            let text = respell(&statements::statement(dice, version), dice);
            let sent = parse_statement(text.trim().as_bytes(), version).unwrap();
            let stamp = Stamp {
                id: StatementId::from_u128(seed.into()),
                stored: Timestamp::from_micros(1_795_358_280_123_456),
                authority: br#"{"mbox":"mailto:lms@example.com"}"#,
                keeps_client_authority: dice.once_in(2),
                version,
            };
            let mut out = Vec::new();
            sent.stamp(&stamp, &mut out);
            let stored = read_stored(&out).unwrap_or_else(|invalid| panic!("seed {seed}: {invalid}"));
            assert_eq!(stored.id, sent.id.or(Some(stamp.id)));
            assert_eq!(stored.stored, Some(stamp.stored));
            assert_eq!(stored.timestamp, sent.timestamp.or(Some(stamp.stored)));
            // The stored form means the same, apart from a timestamp that was not there.
            let again = parse_statement(&out, version).unwrap();
            if sent.timestamp.is_some() {
                assert_eq!(again.fingerprint(), sent.fingerprint(), "seed {seed}: {text}");
            }
        });
    }
}

#[test]
fn the_fingerprint_agrees_with_the_model() {
    for version in BOTH {
        let (mut equal, mut different) = (0, 0);
        cases(5_000, |seed, dice| {
            let before = statements::statement(dice, version);
            let mut after = before.clone();
            mutations::mutate(&mut after, dice);
            let text = respell(&after, dice);
            if after == before || parse_statement(text.as_bytes(), version).is_err() {
                return;
            }
            let is_same = model::meaning(&before) == model::meaning(&after);
            let agrees = (meaning(&before.to_string(), version) == meaning(&text, version)) == is_same;
            assert!(agrees, "seed {seed}: the model says same = {is_same}\n{before}\n{after}");
            if is_same { equal += 1 } else { different += 1 }
        });
        assert!(equal > different / 10 && different > equal / 10, "{equal} equal, {different} different");
    }
}

/// Changes that the standard does not count: what the server sets, definitions, displays, the order of members.
fn without_meaning(statement: &mut Value, dice: &mut Dice) {
    let Some(object) = statement.as_object_mut() else { return };
    for key in ["id", "stored", "authority", "version"] {
        object.remove(key);
    }
    object.insert("id".into(), "00000000-0000-4000-8000-000000000001".into());
    event(statement, dice);
}

fn event(event: &mut Value, dice: &mut Dice) {
    event["verb"]["display"] = json!({"tlh": "Qapla'"});
    if let Some(verb) = event["verb"].as_object_mut()
        && dice.once_in(2)
    {
        verb.remove("display");
    }
    actor(&mut event["actor"], dice);
    match event["object"].get("objectType").and_then(Value::as_str) {
        Some("SubStatement") => self::event(&mut event["object"], dice),
        Some("Agent" | "Group") => actor(&mut event["object"], dice),
        Some("StatementRef") => upper(&mut event["object"]["id"]),
        _ => event["object"]["definition"] = json!({"name": {"de": "anders"}}),
    }
    if let Some(duration) = event.pointer_mut("/result/duration") {
        let text = duration.as_str().unwrap();
        if text.ends_with(".14S") {
            *duration = text.replace(".14S", ".149S").into();
        }
    }
    if let Some(Value::String(time)) = event.get_mut("timestamp") {
        *time = Timestamp::parse(time).unwrap().to_string();
    }
    let Some(context) = event.get_mut("context").and_then(Value::as_object_mut) else { return };
    for key in ["registration", "language"] {
        context.get_mut(key).map(upper);
    }
    for key in ["instructor", "team"] {
        if let Some(who) = context.get_mut(key) {
            actor(who, dice);
        }
    }
    for list in context
        .get_mut("contextActivities")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(Object::values_mut)
    {
        if list.is_object() {
            list["definition"] = json!({});
            *list = json!([list.clone()]);
        }
    }
}

type Object = serde_json::Map<String, Value>;

fn actor(actor: &mut Value, dice: &mut Dice) {
    if let Some(Value::Array(members)) = actor.get_mut("member") {
        dice.shuffle(members);
    } else if actor.get("objectType").is_none() {
        actor["objectType"] = "Agent".into();
    }
}

fn upper(text: &mut Value) {
    *text = text.as_str().unwrap_or_default().to_uppercase().into();
}

const BASE: &str = r#"{"actor":{"mbox":"mailto:a@x","name":"A"},"verb":{"id":"v:1"},"object":{"id":"a:1"},
    "result":{"score":{"raw":1,"scaled":0.5},"success":true,"response":"r","duration":"PT1.25S",
        "extensions":{"e:1":{"k":[1,2,null]},"e:2":9007199254740993}},
    "context":{"registration":"6690e6c9-3ef0-4ed3-8b37-7f3964730bee","platform":"p","revision":"1","language":"en",
        "instructor":{"mbox":"mailto:i@x"},"team":{"objectType":"Group","member":[{"mbox":"mailto:m@x"}]},
        "statement":{"objectType":"StatementRef","id":"6690e6c9-3ef0-4ed3-8b37-7f3964730bee"},
        "contextActivities":{"parent":[{"id":"a:2"},{"id":"a:3"}]}},
    "timestamp":"2026-11-22T14:38:00Z",
    "attachments":[{"usageType":"u:1","display":{"en":"d"},"contentType":"text/plain","length":3,
        "sha2":"495395e777cd98da653df9615d09c0fd6bb2f8d4788394cd53c56a3bfdcd848a"}]}"#;

#[test]
fn whatever_bears_meaning_changes_the_fingerprint() {
    let base = meaning(BASE, Version::V1_0_3);
    let mut seen = vec![base];
    for (old, new) in [
        ("mailto:a@x", "mailto:b@x"),
        (r#","name":"A""#, ""),
        ("v:1", "v:2"),
        ("a:1", "a:9"),
        (r#"{"id":"a:1"}"#, r#"{"objectType":"Agent","mbox":"mailto:a@x"}"#),
        (r#""raw":1,"#, r#""raw":2,"#),
        (r#""raw":1,"#, r#""raw":-1,"#),
        (r#""raw":1,"#, r#""min":1,"#),
        ("0.5", "0.50000000000000000001"),
        ("true", "false"),
        (r#""success""#, r#""completion""#),
        (r#""r""#, r#""R""#),
        ("PT1.25S", "PT1.26S"),
        ("PT1.25S", "P1D"),
        ("[1,2,null]", "[2,1,null]"),
        ("[1,2,null]", "[1,2]"),
        ("[1,2,null]", "[1,2,[null]]"),
        ("[1,2,null]", r#"["1",2,null]"#),
        (r#""k""#, r#""K""#),
        ("9007199254740993", "9007199254740992"),
        ("e:2", "e:3"),
        (r#""registration":"66"#, r#""registration":"67"#),
        (r#""platform":"p","revision":"1""#, r#""platform":"1","revision":"p""#),
        (r#""en","#, r#""de","#),
        ("mailto:i@x", "mailto:j@x"),
        ("mailto:m@x", "mailto:n@x"),
        (r#"[{"id":"a:2"},{"id":"a:3"}]"#, r#"[{"id":"a:3"},{"id":"a:2"}]"#),
        (r#"[{"id":"a:2"},{"id":"a:3"}]"#, r#"[{"id":"a:2"}]"#),
        ("parent", "other"),
        ("14:38:00Z", "14:38:00.000001Z"),
        (r#""timestamp":"2026-11-22T14:38:00Z","#, ""),
        ("848a", "848b"),
        (r#""length":3"#, r#""length":4"#),
        (r#"{"en":"d"}"#, r#"{"en":"e"}"#),
    ] {
        let text = BASE.replacen(old, new, 1);
        let text =
            if new.contains("Agent") { text.replace(r#""platform":"p","revision":"1","#, "") } else { text };
        assert_ne!(text, BASE, "{old} is not there");
        let changed = meaning(&text, Version::V1_0_3);
        assert!(!seen.contains(&changed), "{old} to {new} changes nothing");
        seen.push(changed);
    }
}

#[test]
fn a_signature_can_be_left_out() {
    let signature = r#",{"usageType":"http://adlnet.gov/expapi/attachments/signature","display":{},"length":1,
        "contentType":"application/octet-stream",
        "sha2":"495395e777cd98da653df9615d09c0fd6bb2f8d4788394cd53c56a3bfdcd848a"}]}"#;
    let signed = format!("{}{signature}", BASE.strip_suffix("]}").unwrap());
    let statement = parse_statement(signed.as_bytes(), Version::V1_0_3).unwrap();
    assert_eq!(statement.attachments.len(), 2);
    assert_eq!(statement.unsigned_fingerprint(), Some(meaning(BASE, Version::V1_0_3)));
    assert_ne!(statement.fingerprint(), statement.unsigned_fingerprint());
}
