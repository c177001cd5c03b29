//! Rules of the standard, each with a statement that breaks it.

use expect_test::{Expect, expect};

use crate::{Version, parse_statement, parse_statements};

/// A valid statement with `property` set, replacing what is there.
fn with(property: &str, value: &str) -> String {
    let mut members = vec![
        ("actor", r#"{"mbox":"mailto:ada@example.com"}"#),
        ("verb", r#"{"id":"http://example.com/tried"}"#),
        ("object", r#"{"id":"http://example.com/course"}"#),
    ];
    members.retain(|(name, _)| *name != property);
    members.push((property, value));
    let members: Vec<_> = members.iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
    format!("{{{}}}", members.join(","))
}

fn check_body(body: &str, version: Version, expected: &Expect) {
    let shown = match parse_statements(body.as_bytes(), version) {
        Ok(batch) => format!("{} valid", batch.statements.len()),
        Err(invalid) => format!("{}: {}", invalid.pointer, invalid.rule),
    };
    expected.assert_eq(&shown);
}

fn check(property: &str, value: &str, expected: Expect) {
    check_body(&with(property, value), Version::V1_0_3, &expected);
}

fn check_2_0(property: &str, value: &str, expected: Expect) {
    check_body(&with(property, value), Version::V2_0_0, &expected);
}

#[test]
fn a_statement_has_actor_verb_and_object() {
    let one = Version::V1_0_3;
    check_body("{}", one, &expect![": actor is missing"]);
    check_body(
        r#"[{"actor":{"mbox":"mailto:a@b"},"verb":{"id":"a:b"}}]"#,
        one,
        &expect!["/0: object is missing"],
    );
    check("Actor", "{}", expect!["/Actor: a statement has no property `Actor`"]);
    check("verb", "null", expect!["/verb: null is allowed only inside extensions, expected an object"]);
    check(
        "id",
        r#""AA97B177-9383-4934-8543-0F91A7A028368""#,
        expect!["/id: not a UUID of 36 characters, such as 6690e6c9-3ef0-4ed3-8b37-7f3964730bee"],
    );
    check("version", r#""1.1.0""#, expect!["/version: version must be 1.0 or 1.0.x"]);
    check("version", r#""1.0""#, expect!["1 valid"]);
    check("version", r#""2.0.0""#, expect!["/version: version must be 1.0 or 1.0.x"]);
    check_2_0("version", r#""2.0.0""#, expect!["1 valid"]);
    check(
        "timestamp",
        r#""2008-09-15T15:53:00.601-00:00""#,
        expect!["/timestamp: an offset of minus zero is not allowed, use Z"],
    );
    check(
        "stored",
        r#""yesterday""#,
        expect!["/stored: not an RFC 3339 timestamp such as 2026-11-22T14:38:00.123Z"],
    );
}

#[test]
fn an_agent_has_exactly_one_identifier() {
    check(
        "actor",
        r#"{"name":"Ada"}"#,
        expect!["/actor: no identifier: give one of mbox, mbox_sha1sum, openid, account"],
    );
    check(
        "actor",
        r#"{"mbox":"mailto:a@b.c","openid":"http://a"}"#,
        expect!["/actor/openid: two identifiers: mbox, openid; give exactly one"],
    );
    check(
        "actor",
        r#"{"mbox":"ada@example.com"}"#,
        expect!["/actor/mbox: mbox must be `mailto:` and an e-mail address"],
    );
    check(
        "actor",
        r#"{"mbox":"mailto:a@b.c","mbox":"mailto:a@b.c"}"#,
        expect!["/actor/mbox: property `mbox` occurs twice"],
    );
    check(
        "actor",
        r#"{"mbox_sha1sum":"cd9b"}"#,
        expect!["/actor/mbox_sha1sum: mbox_sha1sum must be 40 hex digits"],
    );
    check(
        "actor",
        r#"{"account":{"homePage":"http://a"}}"#,
        expect!["/actor/account: an account needs homePage and name"],
    );
    check(
        "actor",
        r#"{"account":{"homePage":"a","name":"b"}}"#,
        expect!["/actor/account/homePage: not an IRL, such as https://example.com/page"],
    );
    check(
        "actor",
        r#"{"mbox":"mailto:a@b.c","member":[]}"#,
        expect!["/actor: an agent has no member; a group has objectType `Group`"],
    );
}

#[test]
fn a_group_has_an_identifier_or_members() {
    check("actor", r#"{"objectType":"Group"}"#, expect!["/actor: an anonymous group needs members"]);
    check(
        "actor",
        r#"{"objectType":"Group","member":[]}"#,
        expect!["/actor: an anonymous group needs members"],
    );
    check("actor", r#"{"member":[{"mbox":"mailto:a@b.c"}],"objectType":"Group"}"#, expect!["1 valid"]);
    let nested = r#"{"objectType":"Group","member":[{"objectType":"Group","mbox":"mailto:a@b.c"}]}"#;
    check("actor", nested, expect!["/actor/member/0: must be an agent, not a group"]);
    check(
        "actor",
        r#"{"objectType":"group","mbox":"mailto:a@b.c"}"#,
        expect!["/actor/objectType: objectType must be `Agent` or `Group`"],
    );
}

#[test]
fn authority_is_an_agent_or_an_application_with_a_user() {
    check(
        "authority",
        r#"{"objectType":"Group","mbox":"mailto:a@b.c"}"#,
        expect!["/authority: must be an agent or an anonymous group of two"],
    );
    check(
        "authority",
        r#"{"objectType":"Group","member":[{"mbox":"mailto:a@b.c"}]}"#,
        expect!["/authority: a group as authority has exactly two members, an application and a user"],
    );
    let two = r#"{"objectType":"Group","member":[{"mbox":"mailto:a@b.c"},{"mbox":"mailto:d@b.c"}]}"#;
    check(
        "authority",
        two,
        expect!["/authority: one member of an authority group, the application, is identified by account"],
    );
}

#[test]
fn objects_have_the_properties_of_their_kind() {
    check(
        "object",
        r#"{"mbox":"mailto:a@b.c"}"#,
        expect!["/object/mbox: an object without objectType is an activity, which has no property `mbox`"],
    );
    check(
        "object",
        r#"{"id":"course"}"#,
        expect!["/object/id: the id of an activity must be an IRI with a scheme"],
    );
    check(
        "object",
        r#"{"id":"a:b","objectType":"StatementRef"}"#,
        expect!["/object/id: the id of a StatementRef must be a UUID"],
    );
    check(
        "object",
        r#"{"id":"a:b","objectType":"Agent","mbox":"mailto:a@b.c"}"#,
        expect!["/object/id: an agent or group has no property `id`"],
    );
    check(
        "object",
        r#"{"id":"a:b","objectType":"activity"}"#,
        expect![
            "/object/objectType: objectType must be Activity, Agent, Group, StatementRef or SubStatement"
        ],
    );
    check(
        "object",
        r#"{"id":"a:b","definition":{"name":{"a12345":"x"}}}"#,
        expect!["/object/definition/name/a12345: not an RFC 5646 language tag, such as en-GB"],
    );
    check(
        "object",
        r#"{"id":"a:b","definition":{"choices":[]}}"#,
        expect!["/object/definition: interaction properties need an interactionType"],
    );
    check(
        "object",
        r#"{"id":"a:b","definition":{"interactionType":"Choice"}}"#,
        expect![
            "/object/definition/interactionType: interactionType must be one of true-false, choice, fill-in, long-fill-in, matching, performance, sequencing, likert, numeric, other"
        ],
    );
    let repeated =
        r#"{"id":"a:b","definition":{"interactionType":"choice","choices":[{"id":"x"},{"id":"x"}]}}"#;
    check(
        "object",
        repeated,
        expect!["/object/definition/choices/1/id: two components of one list have the same id"],
    );
    check(
        "object",
        r#"{"id":"a:b","definition":{"moreInfo":"x"}}"#,
        expect!["/object/definition/moreInfo: not an IRL, such as https://example.com/page"],
    );
}

#[test]
fn a_sub_statement_stands_alone() {
    let sub = |extra: &str| {
        format!(
            r#"{{"objectType":"SubStatement","actor":{{"mbox":"mailto:a@b.c"}},"verb":{{"id":"a:b"}},
            "object":{{"id":"a:b"}}{extra}}}"#
        )
    };
    check("object", &sub(""), expect!["1 valid"]);
    check(
        "object",
        &sub(r#","id":"6690e6c9-3ef0-4ed3-8b37-7f3964730bee""#),
        expect!["/object/id: a sub-statement has no property `id`"],
    );
    check(
        "object",
        &sub(r#","version":"1.0.0""#),
        expect!["/object/version: a sub-statement has no property `version`"],
    );
    let nested = sub("").replace(r#"{"id":"a:b"}}"#, &format!("{}}}", sub("")));
    check("object", &nested, expect!["/object/object/actor: a sub-statement cannot contain a sub-statement"]);
    check("object", r#"{"objectType":"SubStatement"}"#, expect!["/object: actor is missing"]);
}

#[test]
fn a_voiding_statement_refers_to_its_target() {
    check(
        "verb",
        r#"{"id":"http://adlnet.gov/expapi/verbs/voided"}"#,
        expect!["/object: the object of a voiding statement must be a StatementRef"],
    );
}

#[test]
fn scores_lie_in_their_range() {
    check(
        "result",
        r#"{"score":{"scaled":1.01}}"#,
        expect!["/result/score/scaled: scaled must lie between -1 and 1"],
    );
    check("result", r#"{"score":{"scaled":-1.0}}"#, expect!["1 valid"]);
    check(
        "result",
        r#"{"score":{"raw":11,"min":0,"max":10}}"#,
        expect!["/result/score/raw: raw must lie between min and max"],
    );
    check("result", r#"{"score":{"min":10,"max":10}}"#, expect!["/result/score: min must be less than max"]);
    check(
        "result",
        r#"{"score":{"raw":"1"}}"#,
        expect!["/result/score/raw: expected a number, found a string"],
    );
    check(
        "result",
        r#"{"success":"true"}"#,
        expect!["/result/success: expected true or false, found a string"],
    );
    check(
        "result",
        r#"{"duration":"P4W1D"}"#,
        expect!["/result/duration: not an ISO 8601 duration such as PT4H35M59.14S"],
    );
    check(
        "result",
        r#"{"extensions":{"should fail":1}}"#,
        expect!["/result/extensions/should fail: the key of an extension must be an IRI with a scheme"],
    );
    check("result", r#"{"extensions":{"a:b":{"x":[null,{}],"y":1e400}}}"#, expect!["1 valid"]);
    check(
        "result",
        r#"{"extensions":{"a:b":[{"x":1,"\u0078":2}]}}"#,
        expect![[r#"/result/extensions/a:b/0/\u0078: a key occurs twice in one object"#]],
    );
}

#[test]
fn contexts_suit_the_object_and_the_version() {
    check("context", r#"{"revision":"2"}"#, expect!["1 valid"]);
    let reference = r#""object":{"objectType":"StatementRef","id":"6690e6c9-3ef0-4ed3-8b37-7f3964730bee"}"#;
    let body = with("context", r#"{"platform":"x"}"#);
    let body = body.replace(r#""object":{"id":"http://example.com/course"}"#, reference);
    check_body(
        &body,
        Version::V1_0_3,
        &expect!["/context: revision and platform are allowed only if the object is an activity"],
    );
    check(
        "context",
        r#"{"language":"something"}"#,
        expect!["/context/language: not an RFC 5646 language tag, such as en-GB"],
    );
    check(
        "context",
        r#"{"team":{"mbox":"mailto:a@b.c"}}"#,
        expect!["/context/team: must be a group, with objectType `Group`, not an agent"],
    );
    check(
        "context",
        r#"{"contextActivities":{"other":[{"id":"a:b"}],"parent":{"id":"x"}}}"#,
        expect![
            "/context/contextActivities/parent/id: not an IRI with a scheme, such as https://example.com/verbs/tried"
        ],
    );
    check(
        "context",
        r#"{"contextActivities":{"sibling":[]}}"#,
        expect!["/context/contextActivities/sibling: contextActivities has no property `sibling`"],
    );
    check(
        "context",
        r#"{"statement":{"id":"6690e6c9-3ef0-4ed3-8b37-7f3964730bee"}}"#,
        expect!["/context/statement: a StatementRef needs objectType and id"],
    );
    let agents = r#"{"contextAgents":[{"objectType":"contextAgent","agent":{"mbox":"mailto:a@b.c"}}]}"#;
    check(
        "context",
        agents,
        expect!["/context/contextAgents: contextAgents is a property of xAPI 2.0, this request speaks 1.0.3"],
    );
    check_2_0("context", agents, expect!["1 valid"]);
    check_2_0(
        "context",
        &agents.replace("contextAgent\"", "agent\""),
        expect!["/context/contextAgents/0/objectType: objectType must be `contextAgent`"],
    );
    let empty = agents.replace("\"}}", "\"},\"relevantTypes\":[]}");
    check_2_0(
        "context",
        &empty,
        expect!["/context/contextAgents/0/relevantTypes: relevantTypes must not be empty"],
    );
}

#[test]
fn attachments_are_described_in_full() {
    let attachment = r#"[{"usageType":"a:b","display":{"en":"x"},"contentType":"text/plain","length":3,
        "sha2":"495395e777cd98da653df9615d09c0fd6bb2f8d4788394cd53c56a3bfdcd848a"}]"#;
    check("attachments", attachment, expect!["1 valid"]);
    check(
        "attachments",
        &attachment.replace(":3", ":3.5"),
        expect!["/attachments/0/length: length must be a whole number of octets"],
    );
    check(
        "attachments",
        &attachment.replace("848a", "848"),
        expect!["/attachments/0/sha2: sha2 must be a SHA-224, SHA-256, SHA-384 or SHA-512 in hex digits"],
    );
    check(
        "attachments",
        &attachment.replace("text/plain", "text"),
        expect!["/attachments/0/contentType: contentType must be a media type such as text/plain"],
    );
    check(
        "attachments",
        &attachment.replace(r#""display":{"en":"x"},"#, ""),
        expect!["/attachments/0: an attachment needs display"],
    );
    check("attachments", "{}", expect!["/attachments: expected an array, found an object"]);
}

#[test]
fn a_batch_has_distinct_ids() {
    let one = with("id", r#""6690e6c9-3ef0-4ed3-8b37-7f3964730bee""#);
    let same = one.replace("bee\"", "BEE\"");
    check_body(
        &format!("[{one},{same}]"),
        Version::V1_0_3,
        &expect!["/1/id: two statements of one batch have the id 6690e6c9-3ef0-4ed3-8b37-7f3964730bee"],
    );
    check_body(&format!("[{one}]"), Version::V1_0_3, &expect!["1 valid"]);
    check_body("[]", Version::V1_0_3, &expect!["0 valid"]);
    assert!(parse_statements(one.as_bytes(), Version::V1_0_3).unwrap().single);
    let refused = parse_statement(format!("[{one}]").as_bytes(), Version::V1_0_3).unwrap_err();
    expect!["expected an object, found an array (at ``, byte 0; xAPI 1.0.3 Data 2.2)"]
        .assert_eq(&refused.to_string());
}

#[test]
fn only_strict_json_passes() {
    let one = Version::V1_0_3;
    for (body, expected) in [
        ("", expect![": not JSON: expected an object, found the end of the body"]),
        ("[", expect!["/0: not JSON: expected an object, found the end of the body"]),
        ("[{},]", expect!["/0: actor is missing"]),
        ("\u{feff}[]", expect![[r#": not JSON: expected an object, found `\u{feff}`"#]]),
        ("[] x", expect![": not JSON: expected the end of the body, found `x`"]),
        (r#"{"actor":NaN}"#, expect!["/actor: not JSON: expected an object, found `N`"]),
        (
            r#"{"result":{"score":{"raw":01}}}"#,
            expect!["/result/score/raw: not JSON: expected `,` or `}`, found `1`"],
        ),
        (
            r#"{"result":{"score":{"raw":+1}}}"#,
            expect!["/result/score/raw: not JSON: expected a number, found `+`"],
        ),
        (
            r#"{"result":{"score":{"raw":1.}}}"#,
            expect!["/result/score/raw: not JSON: expected a digit, found `}`"],
        ),
        (
            r#"{"result":{"response":"\ud800"}}"#,
            expect!["/result/response: not Unicode: half a surrogate pair"],
        ),
        (r#"{"result":{"response":"\x"}}"#, expect!["/result/response: not JSON: an unknown escape"]),
        (
            "{\"result\":{\"response\":\"a\nb\"}}",
            expect!["/result/response: not JSON: a control character in a string must be escaped"],
        ),
        (r#"{"result":{"response":"a}}"#, expect!["/result/response: not JSON: a string that does not end"]),
        (r#"{"result" {}}"#, expect!["/result: not JSON: expected `:` after a key, found `{`"]),
        (r#"{result:{}}"#, expect![": not JSON: expected a key in double quotes, found `r`"]),
        (
            r#"{"context":{"extensions":{"a:b":tru}}}"#,
            expect!["/context/extensions/a:b: not JSON: expected a JSON value, found `t`"],
        ),
    ] {
        check_body(body, one, &expected);
    }
    let deep = format!(r#"{{"context":{{"extensions":{{"a:b":{}1{}}}}}}}"#, "[".repeat(70), "]".repeat(70));
    check_body(
        &deep,
        one,
        &expect![
            "/context/extensions/a:b/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0: nested deeper than 64 levels, the limit of this server"
        ],
    );
    let invalid = parse_statements(b"[\"\xff\"]", one).unwrap_err();
    expect!["not UTF-8 (at `/0`, byte 2; RFC 8259 8.1)"].assert_eq(&invalid.to_string());
}

#[test]
fn escapes_in_keys_and_values_are_understood() {
    check(
        "\\u0061ctor",
        r#"{"mbox":"mailto:a@b.c"}"#,
        expect![[r#"/\u0061ctor: property `actor` occurs twice"#]],
    );
    check("result", r#"{"response":"\ud83d\ude00 \"\\\/\b\f\n\r\t\u00e9"}"#, expect!["1 valid"]);
    let body = with("result", r#"{"response":"\ud83d\ude00 \"\\\/\n\u00e9"}"#);
    let statement = parse_statement(body.as_bytes(), Version::V1_0_3).unwrap();
    assert_eq!(statement.result.unwrap().response.unwrap(), "😀 \"\\/\né");
}
