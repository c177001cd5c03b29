//! Running other programs.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process;

/// Why a task did not succeed: a sentence for the developer.
#[derive(Debug)]
pub struct Failure(pub String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// A program to be run in the root of the workspace.
pub struct Command {
    inner: process::Command,
    shown: String,
}

/// Cargo with these arguments.
pub fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    program_named("cargo", &program).with(arguments)
}

/// Any program with these arguments.
pub fn program(name: &str, arguments: &[&str]) -> Command {
    program_named(name, name).with(arguments)
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("crates/xtask is two below the root")
        .into()
}

fn program_named(shown: &str, program: &str) -> Command {
    let mut inner = process::Command::new(program);
    inner.current_dir(root());
    Command { inner, shown: shown.into() }
}

impl Command {
    fn with(mut self, arguments: &[&str]) -> Self {
        self.args(arguments);
        self
    }

    /// More arguments.
    pub fn args<S: AsRef<OsStr>>(&mut self, arguments: impl IntoIterator<Item = S>) -> &mut Self {
        for argument in arguments {
            self.shown = format!("{} {}", self.shown, argument.as_ref().to_string_lossy());
            self.inner.arg(argument);
        }
        self
    }

    /// A variable of its environment.
    pub fn env(&mut self, name: &str, value: impl AsRef<OsStr>) -> &mut Self {
        self.inner.env(name, value);
        self
    }

    /// Where it runs.
    pub fn directory(&mut self, directory: &Path) -> &mut Self {
        self.inner.current_dir(directory);
        self
    }

    /// Runs it to its end, with its output on the terminal.
    pub fn run(&mut self) -> Result<(), Failure> {
        eprintln!("$ {}", self.shown);
        let status = self.inner.status().map_err(|error| Failure(format!("`{}`: {error}", self.shown)))?;
        match status.success() {
            true => Ok(()),
            false => Err(Failure(format!("`{}` failed: {status}", self.shown))),
        }
    }

    /// Whether it can be started and succeeds; its output is dropped.
    pub fn works(&mut self) -> bool {
        let quiet = self.inner.stdout(process::Stdio::null()).stderr(process::Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    }
}
