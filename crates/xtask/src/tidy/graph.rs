//! The crate graph: dependencies point down the layers, and only `server` knows the backends.

use std::fs;
use std::path::Path;

use crate::command::Failure;

/// The crates by layer, lowest first. A crate may depend on crates of lower layers only.
const LAYERS: [&[&str]; 7] = [
    &["xapi", "log", "store", "telemetry"],
    &["engagement", "event", "log-embedded", "store-embedded", "simulate"],
    &["read-models"],
    &["query", "projector", "ingest"],
    &["http"],
    &["server"],
    &["tests", "xtask"],
];
/// Only these know which log and which store run.
const KNOW_BACKENDS: [&str; 2] = ["server", "tests"];

/// Checks the dependencies of every member.
pub fn check(root: &Path) -> Result<Vec<String>, Failure> {
    let mut findings = Vec::new();
    for (name, manifest) in members(root)? {
        let Some(layer) = layer_of(&name) else {
            findings.push(format!(
                "crate `{name}` has no layer: add it to LAYERS in crates/xtask/src/tidy/graph.rs"
            ));
            continue;
        };
        for dependency in dependencies(&manifest) {
            let below = layer_of(&dependency).is_some_and(|other| other < layer);
            if !below {
                findings.push(format!("`{name}` depends on `{dependency}`, which is not below it"));
            }
            let backend = dependency.starts_with("log-") || dependency.starts_with("store-");
            if backend && !KNOW_BACKENDS.contains(&name.as_str()) {
                findings.push(format!("`{name}` knows the backend `{dependency}`; only `server` may"));
            }
        }
    }
    Ok(findings)
}

fn layer_of(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&name))
}

fn members(root: &Path) -> Result<Vec<(String, toml::Table)>, Failure> {
    let mut members = vec![("tests".to_owned(), root.join("tests/Cargo.toml"))];
    for entry in fs::read_dir(root.join("crates"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        members.push((name, path.join("Cargo.toml")));
    }
    members.sort();
    let read = |(name, path): (String, std::path::PathBuf)| {
        let text = fs::read_to_string(&path)?;
        let table = text.parse().map_err(|error| Failure(format!("{}: {error}", path.display())))?;
        Ok((name, table))
    };
    members.into_iter().map(read).collect()
}

/// Names of the workspace's crates among the dependencies, without `plaudit-`; those of tests do not count.
fn dependencies(manifest: &toml::Table) -> Vec<String> {
    let table = manifest.get("dependencies").and_then(toml::Value::as_table);
    let names = table.into_iter().flat_map(|table| table.keys());
    names.filter_map(|name| name.strip_prefix("plaudit-")).map(str::to_owned).collect()
}
