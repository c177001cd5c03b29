//! Holds the typed validator to the published JSON Schemas, on generated and mutated statements.
//!
//! `PLAUDIT_CASES` sets how many cases run (per test and version), `PLAUDIT_SEED` where they start.

#![expect(clippy::unwrap_used, reason = "the helpers of a test may stop it where they stand")]

mod dice;
mod meaning;
mod model;
mod mutations;
mod robustness;
mod spelling;
mod statements;

use jsonschema::Validator;
use plaudit_xapi::{Version, parse_statement};
use serde_json::Value;

use crate::dice::Dice;

const BOTH: [Version; 2] = [Version::V1_0_3, Version::V2_0_0];

/// Rules that JSON Schema cannot say: the schema accepts the example, the validator refuses it with this text.
/// `schemas/xapi/README.md` lists them too.
const BEYOND_SCHEMA: [(&str, &str); 6] = [
    ("min must be less than max", r#""result":{"score":{"min":2,"max":2}}"#),
    ("raw must lie between min and max", r#""result":{"score":{"raw":2,"min":3}}"#),
    (
        "two components of one list have the same id",
        r#""context":{"contextActivities":{"other":{"id":"a:b","definition":
            {"interactionType":"likert","scale":[{"id":"x"},{"id":"x"}]}}}}"#,
    ),
    (
        "a language tag must not repeat a variant or an extension",
        r#""context":{"language":"sl-rozaj-rozaj"}"#,
    ),
    ("not a date and time that exists", r#""timestamp":"2023-02-29T00:00:00Z""#),
    ("nested deeper than 64 levels", ""),
];

fn schema(version: Version) -> Validator {
    let text = match version {
        Version::V1_0_3 => include_str!("../../../../schemas/xapi/statement-1.0.3.schema.json"),
        Version::V2_0_0 => include_str!("../../../../schemas/xapi/statement-2.0.schema.json"),
    };
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
}

/// Runs `case` with as many seeds as wanted.
fn cases(default: u64, mut case: impl FnMut(u64, &mut Dice)) {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let first = number("PLAUDIT_SEED").unwrap_or(1);
    for seed in first..first + number("PLAUDIT_CASES").unwrap_or(default) {
        case(seed, &mut Dice::new(seed));
    }
}

/// The rule that refused `statement`, if any, once validator and schema agree.
fn agree(schema: &Validator, statement: &Value, version: Version, seed: u64) -> Option<String> {
    let text = statement.to_string();
    let refused = parse_statement(text.as_bytes(), version).err();
    let by_schema =
        schema.iter_errors(statement).map(|error| format!("{}: {error}", error.instance_path())).next();
    match (&refused, &by_schema) {
        (None, Some(error)) => panic!("seed {seed}: only the schema refuses {text}\n{error}"),
        (Some(invalid), None) => {
            let is_listed = BEYOND_SCHEMA.iter().any(|(rule, _)| invalid.rule.contains(rule));
            assert!(is_listed, "seed {seed}: only the validator refuses {text}\n{invalid}");
        }
        _ => {}
    }
    refused.map(|invalid| invalid.rule.into_owned())
}

#[test]
fn generated_statements_are_valid() {
    for version in BOTH {
        let schema = schema(version);
        cases(2_000, |seed, dice| {
            let statement = statements::statement(dice, version);
            let refused = agree(&schema, &statement, version, seed);
            assert_eq!(refused, None, "seed {seed}: {statement}");
        });
    }
}

#[test]
fn validator_and_schema_agree_on_mutated_statements() {
    for version in BOTH {
        let schema = schema(version);
        let (mut accepted, mut refused) = (0, 0);
        cases(6_000, |seed, dice| {
            let mut statement = statements::statement(dice, version);
            mutations::mutate(&mut statement, dice);
            match agree(&schema, &statement, version, seed) {
                None => accepted += 1,
                Some(_) => refused += 1,
            }
        });
        // Mutations that never or always break something would test nothing.
        assert!(accepted * 20 > refused && refused * 2 > accepted, "{accepted} accepted, {refused} refused");
    }
}

#[test]
fn rules_beyond_the_schema_are_real() {
    for version in BOTH {
        let schema = schema(version);
        for (rule, property) in BEYOND_SCHEMA {
            let property = match property {
                "" => {
                    let deep = format!("{}1{}", "[".repeat(65), "]".repeat(65));
                    format!(r#""result":{{"extensions":{{"a:b":{deep}}}}}"#)
                }
                _ => property.to_owned(),
            };
            let text = format!(
                r#"{{{property},"actor":{{"mbox":"mailto:a@b"}},"verb":{{"id":"a:b"}},"object":{{"id":"a:b"}}}}"#
            );
            let invalid = parse_statement(text.as_bytes(), version).unwrap_err();
            assert!(invalid.rule.contains(rule), "{invalid}");
            assert!(schema.is_valid(&serde_json::from_str(&text).unwrap()), "{text}");
        }
    }
}

#[test]
fn both_schemas_say_the_same_where_the_versions_do() {
    let read = |text| serde_json::from_str::<Value>(text).unwrap();
    let one = read(include_str!("../../../../schemas/xapi/statement-1.0.3.schema.json"));
    let two = read(include_str!("../../../../schemas/xapi/statement-2.0.schema.json"));
    let (one, two) = (one["$defs"].as_object().unwrap(), two["$defs"].as_object().unwrap());
    let differing: Vec<_> =
        two.iter().filter(|(name, rule)| one.get(*name) != Some(rule)).map(|(name, _)| name).collect();
    assert_eq!(differing, ["context", "contextAgent", "contextGroup", "timestamp", "version"]);
    assert!(one.keys().all(|name| two.contains_key(name)));
}
