//! Whatever the bytes, an answer comes back.

use plaudit_xapi::{
    AcceptLanguage, Version, append_canonical, append_ids, merge_definitions, parse_actor, parse_statements,
    read_stored,
};

use crate::dice::Dice;
use crate::spelling::respell;
use crate::{BOTH, cases, statements};

/// Runs everything that takes bytes.
fn survive(bytes: &[u8]) {
    for version in BOTH {
        if let Err(invalid) = parse_statements(bytes, version) {
            assert!(invalid.offset <= bytes.len() && invalid.to_string().len() < 3_000, "{invalid}");
        }
        drop(parse_actor(bytes, version));
    }
    drop(read_stored(bytes));
    let mut out = Vec::new();
    append_ids(bytes, &mut out);
    append_canonical(bytes, &AcceptLanguage::parse("de, *;q=0.1"), &|_| None, &mut out);
    drop(merge_definitions(bytes, bytes));
}

#[test]
fn damaged_statements_never_panic() {
    const PIECES: [&[u8]; 24] = [
        b"\"",
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"null",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\\ud800",
        b"\\u00",
        b"-",
        b"1e999999999999999999999",
        b"00",
        b"NaN",
        b"\x00",
        b"\xc3",
        b"%",
        b"\xf0\x9f\x98\x80",
        b"@",
        b"T",
        b"1e-9999",
    ];
    cases(3_000, |_, dice| {
        let version = BOTH[dice.below(2)];
        let mut bytes = respell(&statements::statement(dice, version), dice).into_bytes();
        for _ in 0..=dice.below(3) {
            let piece = dice.pick(&PIECES);
            damage(&mut bytes, dice, piece);
        }
        survive(&bytes);
    });
}

fn damage(bytes: &mut Vec<u8>, dice: &mut Dice, piece: &[u8]) {
    let at = dice.below(bytes.len());
    match dice.below(4) {
        0 => bytes.truncate(at),
        1 => drop(bytes.splice(at..at, piece.iter().copied())),
        2 => drop(bytes.splice(at..(at + 1).min(bytes.len()), piece.iter().copied())),
        _ => {
            let end = (at + dice.below(20)).min(bytes.len());
            drop(bytes.drain(at..end));
        }
    }
}

#[test]
fn every_beginning_of_a_statement_is_refused_calmly() {
    let text = statements::statement(&mut Dice::new(3), Version::V2_0_0).to_string();
    for end in 0..text.len() {
        survive(&text.as_bytes()[..end]);
        assert!(parse_statements(&text.as_bytes()[..end], Version::V2_0_0).is_err());
    }
}

#[test]
fn nesting_does_not_exhaust_the_stack() {
    for opening in
        ["[", "{\"a:b\":", "{\"object\":", "{\"context\":{\"extensions\":{\"a:b\":", "[{\"actor\":"]
    {
        survive(opening.repeat(100_000).as_bytes());
    }
    let member = "{\"objectType\":\"Group\",\"member\":[";
    survive(format!("{{\"actor\":{}", member.repeat(100_000)).as_bytes());
}

#[test]
fn errors_stay_short() {
    let key = "k".repeat(100_000);
    survive(format!("{{\"{key}\":1}}").as_bytes());
    survive(format!("{{\"context\":{{\"extensions\":{{\"a:{key}\":}}").as_bytes());
}

#[test]
fn big_objects_take_linear_time() {
    let keys: Vec<String> = (0..200_000).map(|number| format!("\"k:{number}\":{number}")).collect();
    let text = format!(
        r#"{{"actor":{{"mbox":"mailto:a@b"}},"verb":{{"id":"a:b"}},"object":{{"id":"a:b"}},
        "result":{{"extensions":{{{}}}}}}}"#,
        keys.join(",")
    );
    assert!(parse_statements(text.as_bytes(), Version::V1_0_3).is_ok());
}
