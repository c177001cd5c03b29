//! `cargo xtask`: the one entry for developers. `cargo xtask --help` lists the commands.
#![expect(clippy::print_stderr, reason = "a program for the terminal")]

mod clients;
mod command;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::command::{Failure, cargo};

/// The developer's commands.
#[derive(Parser)]
#[command(name = "cargo xtask", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run the server: `cargo xtask run -- serve --help`
    Run {
        /// Arguments of `plaudit`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Formatting, lints and the tidy tests
    Check,
    /// All tests, or those whose name contains FILTER
    Test {
        /// Part of a test's name
        filter: Option<String>,
    },
    /// Compare the frozen outputs with today's, or write them anew
    Golden {
        /// Write them anew
        #[arg(long)]
        update: bool,
    },
    /// Measure: `cargo xtask bench ingest --json`
    Bench {
        /// What to measure
        #[arg(value_parser = ["ingest"])]
        what: String,
        /// Arguments of the benchmark, as in --json
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// What CI does: check, then test
    Ci,
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<(), Failure> {
    match task {
        Task::Run { arguments } => {
            cargo(&["run", "--release", "--bin", "plaudit", "--"]).args(arguments).run()
        }
        Task::Check => check(),
        Task::Test { filter } => test(filter.as_deref()),
        Task::Golden { update } => golden(update),
        Task::Bench { what, arguments } => {
            cargo(&["build", "--release", "--bin", "plaudit"]).run()?;
            cargo(&["bench", "--package", "plaudit-tests", "--bench", &what, "--"]).args(arguments).run()
        }
        Task::Ci => {
            check()?;
            test(None)
        }
    }
}

fn check() -> Result<(), Failure> {
    cargo(&["fmt", "--all", "--check"]).run()?;
    tidy::check()?;
    cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]).run()
}

/// Builds everything once, brings the clients that the tests drive, and runs the tests.
fn test(filter: Option<&str>) -> Result<(), Failure> {
    cargo(&["build", "--workspace", "--all-targets"]).run()?;
    let clients = clients::provide()?;
    let mut tests = cargo(&["test", "--workspace", "--no-fail-fast"]);
    tests.env("PLAUDIT_TEST_CLIENTS", &clients);
    if let Some(filter) = filter {
        tests.args([filter]);
    }
    tests.run()
}

fn golden(update: bool) -> Result<(), Failure> {
    let mut tests = cargo(&["test", "--workspace", "golden"]);
    if update {
        tests.env("PLAUDIT_GOLDEN_UPDATE", "1").env("UPDATE_EXPECT", "1");
    }
    tests.run()
}
