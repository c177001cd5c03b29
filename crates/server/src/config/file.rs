//! The configuration file: TOML, held against the published schema, with faults by pointer.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::config::no_file;
use crate::error::ServerError;

/// The file with every setting commented out, its meaning and its default.
pub const DEFAULT_FILE: &str = include_str!("plaudit.toml");
const SCHEMA: &str = include_str!("../../../../schemas/config.schema.json");

/// What a file can say; `schemas/config.schema.json` describes it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    /// `data_dir`.
    pub data_dir: Option<PathBuf>,
    /// `listen`.
    pub listen: Option<String>,
    /// `admin_listen`.
    pub admin_listen: Option<String>,
    /// `key`.
    pub key: Option<String>,
    /// `secret`.
    pub secret: Option<String>,
    /// `tenant`.
    pub tenant: Option<String>,
    /// `home_page`.
    pub home_page: Option<String>,
    /// `time_zone`.
    pub time_zone: Option<String>,
    /// `workers`.
    pub workers: Option<usize>,
    /// `[log]`.
    pub log: Log,
    /// `[limits]`.
    pub limits: Limits,
}

/// `[log]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// What to log.
    pub filter: Option<String>,
    /// `human` or `json`.
    pub format: Option<String>,
}

/// `[limits]`: what is left out keeps its default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of one request body.
    pub body_bytes: Option<usize>,
    /// Bytes of all request bodies in memory.
    pub bodies_bytes: Option<usize>,
    /// Requests served at once.
    pub requests: Option<usize>,
    /// Connections at once.
    pub connections: Option<usize>,
    /// Statements in one request.
    pub statements_per_batch: Option<usize>,
    /// Statements that may be in the log and not yet in the rows.
    pub unprojected_statements: Option<usize>,
    /// Milliseconds that a read waits for rows to catch up.
    pub read_wait_ms: Option<u64>,
}

/// Reads a file and holds it against the schema.
pub fn read(path: &Path) -> Result<File, ServerError> {
    let text = std::fs::read_to_string(path).map_err(|cause| no_file("read", path, cause))?;
    parse(&text).map_err(|faults| ServerError::Config { path: path.to_owned(), faults })
}

/// Faults come one per line, each with where it is.
fn parse(text: &str) -> Result<File, String> {
    let value: toml::Value = toml::from_str(text).map_err(|error| format!("\n{error}"))?;
    let value = serde_json::to_value(value).map_err(|error| format!("\n{error}"))?;
    check(&value)?;
    serde_json::from_value(value).map_err(|error| format!("\n{error}"))
}

fn check(value: &Value) -> Result<(), String> {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is checked in and tested");
    let validator = jsonschema::validator_for(&schema).expect("the schema is checked in and tested");
    let mut faults = String::new();
    for error in validator.iter_errors(value) {
        let at = error.instance_path().as_str().to_owned();
        let _ = write!(faults, "\n  at {}: {error}", if at.is_empty() { "/" } else { &at });
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_fault(text: &str, says: &str) {
        let faults = parse(text).expect_err("refused");
        assert!(faults.contains(says), "{faults}");
    }

    #[test]
    fn every_line_of_the_printed_file_is_a_setting() {
        let settings: String = DEFAULT_FILE.lines().map(|line| line.strip_prefix("#").unwrap_or(line)).fold(
            String::new(),
            |text, line| {
                let comment = line.starts_with(' ');
                if comment { text } else { text + line + "\n" }
            },
        );
        let file = parse(&settings).unwrap_or_else(|faults| panic!("{faults}\n{settings}"));
        assert!(file.listen.is_some() && file.limits.read_wait_ms.is_some() && file.log.format.is_some());
    }

    #[test]
    fn as_printed_it_sets_nothing() {
        let file = parse(DEFAULT_FILE).unwrap();
        assert!(file.listen.is_none() && file.key.is_none());
    }

    #[test]
    fn faults_say_where_they_are() {
        check_fault("[limits]\nrequests = 0\n", "at /limits/requests: 0 is less than the minimum of 1");
        check_fault("listen = \"x\"\n", "at /listen: \"x\" does not match");
        check_fault("port = 1\n", "('port' was unexpected)");
        check_fault("listen = 8080\n", "at /listen: 8080 is not of type \"string\"");
        check_fault("key = \"only\"\n", "\"secret\" is a required property");
        check_fault("listen = \n", "TOML parse error at line 1");
    }
}
