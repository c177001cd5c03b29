//! What to play, and against whom.

use std::path::PathBuf;

use clap::Args;

/// Options of `plaudit simulate`.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Address of the store's xAPI endpoint, as in http://127.0.0.1:8080/xapi
    #[arg(long, env = "PLAUDIT_TARGET", required_unless_present = "out")]
    pub target: Option<String>,
    /// Key of the credential
    #[arg(long, env = "PLAUDIT_KEY", default_value = "")]
    pub key: String,
    /// Secret of the credential
    #[arg(long, env = "PLAUDIT_SECRET", default_value = "", hide_env_values = true)]
    pub secret: String,
    /// Write the statements to this file, one a line, instead of sending them (or besides, with --target)
    #[arg(long, value_name = "FILE.ndjson")]
    pub out: Option<PathBuf>,
    /// Statements a second; as fast as the store takes them when absent
    #[arg(long)]
    pub rate: Option<f64>,
    /// Requests under way at once
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub connections: u16,
    #[command(flatten)]
    /// What is played.
    pub term: TermOptions,
    /// Show no progress
    #[arg(long)]
    pub quiet: bool,
}

/// What a term is made of. The same options give the same statements, byte for byte.
#[derive(Clone, Debug, Args)]
pub struct TermOptions {
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many people learn
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub learners: u32,
    /// Days that the term lasts
    #[arg(long, default_value_t = 84, value_parser = clap::value_parser!(u32).range(1..=3660))]
    pub days: u32,
    /// First day of the term, in days since 1970-01-01 (default: 2026-01-05)
    #[arg(long, default_value_t = 20_458)]
    pub start_day: i64,
    /// Stop after so many statements
    #[arg(long)]
    pub statements: Option<u64>,
    /// Statements in a full batch
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub batch: u16,
}

impl Default for TermOptions {
    fn default() -> Self {
        Self { seed: 1, learners: 100, days: 84, start_day: 20_458, statements: None, batch: 50 }
    }
}
