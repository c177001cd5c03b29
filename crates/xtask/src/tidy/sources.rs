//! Files and functions: what each begins with, and how long it may get.

use std::fs;
use std::path::Path;

use crate::command::Failure;
use crate::tidy::files;

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;
const LIB_LINES_MAX: usize = 80;

/// Checks every Rust file of the workspace.
pub fn check(root: &Path) -> Result<Vec<String>, Failure> {
    let mut findings = Vec::new();
    for folder in ["crates", "tests"] {
        for path in files(&root.join(folder), ".rs")? {
            let text = fs::read_to_string(&path)?;
            let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            findings.extend(check_file(&text).into_iter().map(|finding| format!("{name}: {finding}")));
            findings.extend(check_name(&name, &text).map(|finding| format!("{name}: {finding}")));
        }
    }
    Ok(findings)
}

fn check_name(name: &str, text: &str) -> Option<String> {
    if name.ends_with("/mod.rs") {
        return Some("modules are `foo.rs` with children in `foo/`, not `mod.rs`".into());
    }
    let lines = code_lines(text);
    let long = name.ends_with("/lib.rs") && lines > LIB_LINES_MAX;
    long.then(|| format!("{lines} lines; `lib.rs` holds docs, `mod` and `pub use`"))
}

fn check_file(text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    if !text.starts_with("//! ") {
        findings.push("does not begin with `//!` and what it is for".to_owned());
    }
    let lines = code_lines(text);
    if lines > FILE_LINES_MAX {
        findings.push(format!("{lines} lines before its tests; split it"));
    }
    for (name, lines) in functions(text).filter(|(_, lines)| *lines > FUNCTION_LINES_MAX) {
        findings.push(format!("`{name}` has {lines} lines, over {FUNCTION_LINES_MAX}"));
    }
    findings
}

/// Lines before the tests of the file.
fn code_lines(text: &str) -> usize {
    text.lines().take_while(|line| *line != "#[cfg(test)]").count()
}

/// Names and lengths of the functions: with our formatting, one ends at the first `}` indented like its `fn`.
fn functions(text: &str) -> impl Iterator<Item = (String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let starts: Vec<usize> = (0..lines.len()).filter(|&at| function_name(lines[at]).is_some()).collect();
    starts.into_iter().filter_map(move |start| {
        let indent = lines[start].len() - lines[start].trim_start().len();
        let end = format!("{}}}", " ".repeat(indent));
        let length = lines[start..].iter().position(|line| *line == end)?;
        Some((function_name(lines[start])?.to_owned(), length + 1))
    })
}

fn function_name(line: &str) -> Option<&str> {
    let code = line.trim_start();
    let words = ["pub ", "pub(crate) ", "pub(super) ", "const ", "async "];
    let mut rest = code;
    while let Some(shorter) = words.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = shorter;
    }
    let name = rest.strip_prefix("fn ")?;
    (!code.ends_with(';') && !code.ends_with('}')).then(|| name.split(['(', '<']).next())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured_from_fn_to_brace() {
        let text = "pub async fn a(\n    x: u8,\n) -> u8 {\n    x\n}\n\nimpl B {\n    fn c<T>(&self) {\n        d()\n    }\n    fn e(&self) {}\n}\n";
        let found: Vec<_> = functions(text).collect();
        assert_eq!(found, [("a".to_owned(), 5), ("c".to_owned(), 3)]);
    }

    #[test]
    fn a_file_says_what_it_is_for() {
        assert_eq!(check_file("use std::fs;\n"), ["does not begin with `//!` and what it is for"]);
        assert_eq!(check_file("//! What it is for.\n"), [""; 0]);
    }
}
