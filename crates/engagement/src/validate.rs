//! Reading definitions: the published schema first, then what a schema cannot say.

use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Registry, ValidationError, Validator};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::check::{
    ONE_WAY, check_achievement, check_funnel, check_matcher, check_recognition, is_json_pointer,
};
use crate::definition::{AchievementDefinition, FunnelDefinition, MatcherDefinition, RecognitionDefinition};
use crate::duration::Duration;
use crate::error::{DefinitionError, FAULTS_MAX, Fault};

/// Larger documents are refused unread: this is ten times what the longest lists of a sensible one take.
pub const DEFINITION_BYTES_MAX: usize = 256 * 1024;

/// Reads a funnel.
///
/// # Errors
/// Names everything that is wrong with the document.
pub fn validate_funnel(bytes: &[u8]) -> Result<FunnelDefinition, DefinitionError> {
    validate(bytes, &VALIDATORS.funnel, check_funnel)
}

/// Reads an achievement.
///
/// # Errors
/// Names everything that is wrong with the document.
pub fn validate_achievement(bytes: &[u8]) -> Result<AchievementDefinition, DefinitionError> {
    validate(bytes, &VALIDATORS.achievement, check_achievement)
}

/// Reads a recognition rule.
///
/// # Errors
/// Names everything that is wrong with the document.
pub fn validate_recognition(bytes: &[u8]) -> Result<RecognitionDefinition, DefinitionError> {
    validate(bytes, &VALIDATORS.recognition, check_recognition)
}

/// Reads a matcher that stands by itself, such as a filter of a query.
///
/// # Errors
/// Names everything that is wrong with the document.
pub fn validate_matcher(bytes: &[u8]) -> Result<MatcherDefinition, DefinitionError> {
    validate(bytes, &VALIDATORS.matcher, |matcher| {
        let mut faults = Vec::new();
        check_matcher(matcher, "", &mut faults);
        faults
    })
}

fn validate<T: DeserializeOwned>(
    bytes: &[u8],
    schema: &Validator,
    check: impl Fn(&T) -> Vec<Fault>,
) -> Result<T, DefinitionError> {
    let refuse = |message: String| DefinitionError { faults: vec![Fault::at("", message)] };
    if bytes.len() > DEFINITION_BYTES_MAX {
        return Err(refuse(format!("is longer than {DEFINITION_BYTES_MAX} bytes")));
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|cause| refuse(format!("not JSON: {cause}")))?;
    DefinitionError::unless_none(schema.iter_errors(&value).flat_map(faults).take(FAULTS_MAX).collect())?;
    // From the bytes again, because only this way keys that stand there twice are seen.
    let definition = serde_json::from_slice(bytes).map_err(|cause| refuse(cause.to_string()))?;
    DefinitionError::unless_none(check(&definition))?;
    Ok(definition)
}

struct Validators {
    funnel: Validator,
    achievement: Validator,
    recognition: Validator,
    matcher: Validator,
}

static VALIDATORS: LazyLock<Validators> = LazyLock::new(|| {
    let matcher = schema(include_str!("../../../schemas/engagement/matcher.schema.json"));
    let id = matcher["$id"].as_str().expect("the schema has an id");
    let registry = Registry::new().add(id, &matcher).and_then(|registry| registry.prepare());
    let registry = registry.expect("the schema of matchers is valid");
    Validators {
        funnel: compile(&schema(include_str!("../../../schemas/engagement/funnel.schema.json")), &registry),
        achievement: compile(
            &schema(include_str!("../../../schemas/engagement/achievement.schema.json")),
            &registry,
        ),
        recognition: compile(
            &schema(include_str!("../../../schemas/engagement/recognition.schema.json")),
            &registry,
        ),
        matcher: compile(&matcher, &registry),
    }
});

fn schema(text: &str) -> Value {
    serde_json::from_str(text).expect("the schemas are checked in and tested")
}

fn compile(schema: &Value, registry: &Registry<'_>) -> Validator {
    jsonschema::options()
        .with_registry(registry)
        .should_validate_formats(true)
        .with_format("duration", |text: &str| Duration::parse(text).is_some())
        .with_format("json-pointer", is_json_pointer)
        .with_format("uuid", |text: &str| text.len() == 36 && text.parse::<uuid::Uuid>().is_ok())
        .build(schema)
        .expect("the schemas are checked in and tested")
}

/// What a validator found, in words that name what to change.
fn faults(error: ValidationError<'_>) -> Vec<Fault> {
    let at = error.instance_path().as_str();
    let one = |message: String| vec![Fault::at(at, message)];
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let unknown =
                unexpected.iter().map(|key| Fault::at(format!("{at}/{}", escaped(key)), "unknown key"));
            unknown.collect()
        }
        ValidationErrorKind::Required { property } => one(format!("{property} is missing").replace('"', "`")),
        ValidationErrorKind::Type { kind: TypeKind::Single(kind) } => one(format!("must be of type {kind}")),
        ValidationErrorKind::Enum { options } => one(format!("must be one of {options}")),
        ValidationErrorKind::Format { format } => one(format!("not {}", described(format))),
        ValidationErrorKind::Pattern { .. } | ValidationErrorKind::AnyOf { .. } => one(NOT_AN_ID.to_owned()),
        ValidationErrorKind::OneOfNotValid { .. } | ValidationErrorKind::OneOfMultipleValid { .. } => {
            one(ONE_WAY.to_owned())
        }
        ValidationErrorKind::MinItems { limit } => one(format!("must have at least {limit} of them")),
        ValidationErrorKind::MaxItems { limit } => one(format!("must have at most {limit} of them")),
        ValidationErrorKind::Minimum { limit } => one(format!("must be at least {limit}")),
        ValidationErrorKind::Maximum { limit } => one(format!("must be at most {limit}")),
        _ => one(error.to_string()),
    }
}

/// The only patterns in the schemas are those of ids.
const NOT_AN_ID: &str =
    "an id is 1 to 100 letters, digits, `.`, `_`, `:` and `-`, and begins with a letter or digit";

fn described(format: &str) -> &str {
    match format {
        "duration" => "an ISO 8601 duration",
        "json-pointer" => "a JSON pointer (RFC 6901)",
        "uuid" => "a UUID",
        other => other,
    }
}

/// A key as part of a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
