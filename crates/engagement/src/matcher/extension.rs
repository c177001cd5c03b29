//! Conditions on extensions, the only part of a statement that is parsed for matching.

use std::collections::BTreeMap;

use plaudit_xapi::{Object, RawJson, Statement};
use serde_json::Value;
use serde_json::value::RawValue;

use super::within;
use crate::definition::{ExtensionCondition, ExtensionPlace};

/// The tests on extensions, by place and IRI, so that each value is parsed at most once.
#[derive(Debug, Default)]
pub(super) struct ExtensionTests(BTreeMap<ExtensionPlace, BTreeMap<String, Vec<(ExtensionTest, u32)>>>);

#[derive(Debug)]
struct ExtensionTest {
    pointer: String,
    check: Check,
}

#[derive(Debug)]
enum Check {
    Exists,
    Equals(Value),
    Between { min: Option<u64>, max: Option<u64> },
}

impl ExtensionTests {
    /// Adds the test that sets `node`.
    pub(super) fn add(&mut self, condition: &ExtensionCondition, node: u32) {
        let check = match (&condition.equals, condition.min, condition.max) {
            (Some(value), _, _) => Check::Equals(value.clone()),
            (None, None, None) => Check::Exists,
            (None, min, max) => Check::Between { min: min.map(f64::to_bits), max: max.map(f64::to_bits) },
        };
        let tests = self.0.entry(condition.place).or_default().entry(condition.iri.clone()).or_default();
        tests.push((ExtensionTest { pointer: condition.pointer.clone(), check }, node));
    }

    /// Calls `set` with the node of each test that the statement passes.
    pub(super) fn test(&self, statement: &Statement<'_>, mut set: impl FnMut(u32)) {
        for (place, by_iri) in &self.0 {
            let Some(raw) = extensions(statement, *place) else { continue };
            // The parser of statements has checked that this is an object, so nothing is lost here.
            let Ok(values) = serde_json::from_slice::<BTreeMap<String, &RawValue>>(raw) else { continue };
            for (iri, tests) in by_iri {
                let Some(value) = values.get(iri.as_str()) else { continue };
                let Ok(value) = serde_json::from_str::<Value>(value.get()) else { continue };
                tests.iter().filter(|(test, _)| test.holds(&value)).for_each(|(_, node)| set(*node));
            }
        }
    }
}

fn extensions<'s>(statement: &'s Statement<'_>, place: ExtensionPlace) -> Option<RawJson<'s>> {
    match place {
        ExtensionPlace::Result => statement.result.as_ref()?.extensions,
        ExtensionPlace::Context => statement.context.as_ref()?.extensions,
        ExtensionPlace::Object => match &statement.object {
            Object::Activity(activity) => activity.extensions,
            Object::Actor(_) | Object::StatementRef(_) | Object::SubStatement(_) => None,
        },
    }
}

impl ExtensionTest {
    fn holds(&self, value: &Value) -> bool {
        let Some(found) = value.pointer(&self.pointer) else { return false };
        match &self.check {
            Check::Exists => true,
            Check::Equals(wanted) => equal(found, wanted),
            Check::Between { min, max } => found.as_f64().is_some_and(|number| within(number, *min, *max)),
        }
    }
}

/// Whether two values mean the same: `1` and `1.0` are one number.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            let whole = (one.is_f64() || other.is_f64()).then(|| one.as_f64() == other.as_f64());
            whole.unwrap_or(one == other)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let same = |(key, value)| other.get(key).is_some_and(|it| equal(value, it));
            one.len() == other.len() && one.iter().all(same)
        }
        _ => one == other,
    }
}
