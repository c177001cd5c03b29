//! Format `ids`: of agents, groups, verbs and activities only what identifies them.

use super::object_type;
use crate::skim::{Member, member, rewrite_array, rewrite_object};

/// Appends the statement `stored` in format `ids`.
pub fn append_ids(stored: &[u8], out: &mut Vec<u8>) {
    event(stored, out, |object, out| match &*object_type(object) {
        "SubStatement" => event(object, out, simple_object),
        _ => simple_object(object, out),
    });
}

/// A statement or sub-statement.
fn event(value: &[u8], out: &mut Vec<u8>, object: impl Fn(&[u8], &mut Vec<u8>)) {
    rewrite_object(value, out, |key, value, out| {
        match key {
            "actor" | "authority" => actor(value, out),
            "verb" => only(value, out, &["id"]),
            "object" => object(value, out),
            "context" => context(value, out),
            _ => return Member::Kept,
        }
        Member::Written
    });
}

fn simple_object(value: &[u8], out: &mut Vec<u8>) {
    match &*object_type(value) {
        "Agent" | "Group" => actor(value, out),
        "StatementRef" => out.extend_from_slice(value),
        _ => activity(value, out),
    }
}

/// Its type is left out, too: it is the default, and the conformance suite counts the properties.
fn activity(value: &[u8], out: &mut Vec<u8>) {
    rewrite_object(value, out, |key, _, _| if key == "id" { Member::Kept } else { Member::Dropped });
}

const IFIS: [&str; 4] = ["mbox", "mbox_sha1sum", "openid", "account"];

/// An identified group is its identifier, an anonymous one its members.
fn actor(value: &[u8], out: &mut Vec<u8>) {
    let is_identified = IFIS.iter().any(|ifi| member(value, ifi).is_some());
    rewrite_object(value, out, |key, value, out| match key {
        "member" if !is_identified => {
            rewrite_array(value, out, |member, out| only(member, out, &IFIS));
            Member::Written
        }
        "objectType" => Member::Kept,
        _ if IFIS.contains(&key) => Member::Kept,
        _ => Member::Dropped,
    });
}

fn context(value: &[u8], out: &mut Vec<u8>) {
    rewrite_object(value, out, |key, value, out| {
        match key {
            "instructor" | "team" => actor(value, out),
            "contextActivities" => rewrite_object(value, out, |_, value, out| {
                if value.first() == Some(&b'[') {
                    rewrite_array(value, out, activity);
                } else {
                    activity(value, out);
                }
                Member::Written
            }),
            "contextAgents" | "contextGroups" => rewrite_array(value, out, related),
            _ => return Member::Kept,
        }
        Member::Written
    });
}

fn related(value: &[u8], out: &mut Vec<u8>) {
    rewrite_object(value, out, |key, value, out| match key {
        "agent" | "group" => {
            actor(value, out);
            Member::Written
        }
        _ => Member::Kept,
    });
}

/// Of an object only its type and the properties `kept`.
fn only(value: &[u8], out: &mut Vec<u8>, kept: &[&str]) {
    rewrite_object(value, out, |key, _, _| match key {
        "objectType" => Member::Kept,
        _ if kept.contains(&key) => Member::Kept,
        _ => Member::Dropped,
    });
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn only_what_identifies_is_left() {
        let stored = r#"{"id":"1","actor":{"objectType":"Group","name":"G","member":[{"name":"A","mbox":"mailto:a@x"}]},
            "verb":{"id":"v:1","display":{"en":"did"}},"result":{"extensions":{"e:1":{"name":1}}},
            "object":{"objectType":"SubStatement","actor":{"name":"B","openid":"http://b"},"verb":{"display":{},"id":"v:2"},
                "object":{"id":"a:1","definition":{"name":{"en":"x"}}}},
            "context":{"team":{"objectType":"Group","mbox":"mailto:t@x","member":[{"mbox":"mailto:m@x"}],"name":"T"},
                "contextActivities":{"parent":[{"id":"a:2","definition":{}}]},"platform":"p",
                "contextAgents":[{"objectType":"contextAgent","agent":{"name":"C","mbox":"mailto:c@x"}}]},
            "authority":{"objectType":"Agent","name":"L","account":{"homePage":"http://l","name":"l"}}}"#;
        let mut out = Vec::new();
        append_ids(stored.as_bytes(), &mut out);
        let shown = String::from_utf8(out).unwrap().replace(",\"", ",\n\"");
        expect![[r#"
            {"id":"1",
            "actor":{"objectType":"Group",
            "member":[{"mbox":"mailto:a@x"}]},
            "verb":{"id":"v:1"},
            "result":{"extensions":{"e:1":{"name":1}}},
            "object":{"objectType":"SubStatement",
            "actor":{"openid":"http://b"},
            "verb":{"id":"v:2"},
            "object":{"id":"a:1"}},
            "context":{"team":{"objectType":"Group",
            "mbox":"mailto:t@x"},
            "contextActivities":{"parent":[{"id":"a:2"}]},
            "platform":"p",
            "contextAgents":[{"objectType":"contextAgent",
            "agent":{"mbox":"mailto:c@x"}}]},
            "authority":{"objectType":"Agent",
            "account":{"homePage":"http://l",
            "name":"l"}}}"#]]
        .assert_eq(&shown);
    }

    #[test]
    fn references_and_agents_as_objects_stay_what_they_are() {
        for (stored, expected) in [
            (
                r#"{"object":{"objectType":"StatementRef","id":"7"}}"#,
                r#"{"object":{"objectType":"StatementRef","id":"7"}}"#,
            ),
            (r#"{"object":{"objectType":"Activity","id":"a:1"}}"#, r#"{"object":{"id":"a:1"}}"#),
            (
                r#"{"object":{"name":"n","mbox":"mailto:a@x","objectType":"Agent"}}"#,
                r#"{"object":{"mbox":"mailto:a@x","objectType":"Agent"}}"#,
            ),
        ] {
            let mut out = Vec::new();
            append_ids(stored.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
