//! What a program can check of our structure and style: the crate graph, files and functions.

mod graph;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{Failure, root};

/// Runs all tidy tests and lists every finding.
pub fn check() -> Result<(), Failure> {
    let root = root();
    let mut findings = graph::check(&root)?;
    findings.extend(sources::check(&root)?);
    match findings.len() {
        0 => Ok(()),
        count => Err(Failure(format!("tidy found {count}:\n  {}", findings.join("\n  ")))),
    }
}

/// All files below `directory` with that ending, sorted; build output and hidden folders are left out.
fn files(directory: &Path, ending: &str) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && name != "node_modules" && !name.starts_with('.') {
            found.extend(files(&path, ending)?);
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_workspace_is_tidy() {
        if let Err(failure) = super::check() {
            panic!("{failure}");
        }
    }
}
