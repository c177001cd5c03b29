//! Commands and options.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// What `verify` exits with when rows differ.
pub const EXIT_DIFFERENT: u8 = 1;
/// What every command exits with when it could not do its work. Wrong options are this, too.
pub const EXIT_ERROR: u8 = 2;

const AFTER_HELP: &str = "\
Examples:
  plaudit serve                                   listen on 127.0.0.1:8080, data in ./plaudit-data
  plaudit serve --data-dir /var/lib/plaudit --listen 0.0.0.0:8080 --key lms --secret \"$SECRET\"
  plaudit rebuild engagement                      build funnel, achievements and recognition anew
  plaudit verify --data-dir /var/lib/plaudit      replay the log and compare it with the rows
  plaudit config print > plaudit.toml             every setting, with its meaning and default

Every option can be given in the environment (PLAUDIT_DATA_DIR, PLAUDIT_LISTEN, ...) and in a file (--config).
An option goes before the environment, that before the file, that before the default.

Exit codes: 0 done; 1 `verify` found differences, or `log inspect --check` damage; 2 an error, said on standard error.";

/// Plaudit, a learning record store that knows how far learners have come.
#[derive(Debug, Parser)]
#[command(name = "plaudit", version, after_help = AFTER_HELP, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the binary can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server.
    Serve(Serve),
    /// Show what Plaudit does: a server with a term of learning in it, and the figures that follow.
    Demo(Demo),
    /// Play an LMS against any learning record store: people, habits, late and repeated batches, from a seed.
    #[command(after_help = "\
Examples:
  plaudit simulate --target http://127.0.0.1:8080/xapi --key lms --secret \"$SECRET\" --learners 200
  plaudit simulate --out term.ndjson --seed 7 --learners 50          only write the statements, one a line")]
    Simulate(plaudit_simulate::Options),
    /// Build read models anew from the start of the log, while the old rows go on serving.
    Rebuild(Rebuild),
    /// Records that could not be applied, and what to do with them.
    #[command(subcommand)]
    DeadLetters(DeadLetters),
    /// Look into the log.
    #[command(subcommand)]
    Log(Log),
    /// Replay the log beside the rows and report every difference.
    #[command(after_help = "\
Works beside a running server, which then replays for itself and holds its rows still during the comparison, and without one.
Exits with 0 when nothing differs, with 1 and the differences when something does, with 2 when it could not compare.")]
    Verify(Common),
    /// The configuration file.
    #[command(subcommand)]
    Config(Config),
}

/// Options of every command that works on a data directory.
#[derive(Args, Debug, Default)]
pub struct Common {
    /// Directory that holds log, tables and credential [default: plaudit-data].
    #[arg(long, env = "PLAUDIT_DATA_DIR", value_name = "DIR", help_heading = "Common options")]
    pub data_dir: Option<PathBuf>,
    /// TOML file with settings; `plaudit config print` prints one.
    #[arg(long, env = "PLAUDIT_CONFIG", value_name = "FILE", help_heading = "Common options")]
    pub config: Option<PathBuf>,
    /// What to log, as in `info,plaudit_http=debug` [default: info for `serve`, else warn].
    #[arg(long, env = "PLAUDIT_LOG", value_name = "FILTER", help_heading = "Common options")]
    pub log: Option<String>,
    /// How to log [default: human].
    #[arg(long, env = "PLAUDIT_LOG_FORMAT", value_name = "FORMAT", help_heading = "Common options")]
    pub log_format: Option<LogFormat>,
    /// Time zone in which days and months begin, as in `Europe/Berlin` [default: UTC].
    #[arg(long, env = "PLAUDIT_TIME_ZONE", value_name = "ZONE", help_heading = "Common options")]
    pub time_zone: Option<String>,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object per line.
    Json,
}

/// Options of `serve`.
#[derive(Args, Debug, Default)]
#[command(after_help = "\
When the server is ready it prints one line on standard output:
  plaudit is ready: xapi=http://127.0.0.1:8080/xapi admin=http://127.0.0.1:9090 data=/var/lib/plaudit
Without --key it makes a credential at its first start and shows it once, on standard error.
SIGTERM or SIGINT lets it finish what it has begun and exit with 0; a second one ends it at once.")]
pub struct Serve {
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
    /// Where to listen for xAPI and the read API; port 0 takes any free one [default: 127.0.0.1:8080].
    #[arg(long, env = "PLAUDIT_LISTEN", value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// Where to listen for metrics, health and commands. It asks for no credential: keep it private [default:
    /// 127.0.0.1:9090].
    #[arg(long, env = "PLAUDIT_ADMIN_LISTEN", value_name = "HOST:PORT")]
    pub admin_listen: Option<String>,
    /// Key that clients give as Basic user name.
    #[arg(long, env = "PLAUDIT_KEY", value_name = "KEY", requires = "secret")]
    pub key: Option<String>,
    /// Secret that clients give as Basic password.
    #[arg(long, env = "PLAUDIT_SECRET", value_name = "SECRET", hide_env_values = true, requires = "key")]
    pub secret: Option<String>,
    /// Tenant whose data the credential opens [default: default].
    #[arg(long, env = "PLAUDIT_TENANT", value_name = "NAME")]
    pub tenant: Option<String>,
    /// Threads that serve requests; as many as there are cores when left out.
    #[arg(long, env = "PLAUDIT_WORKERS", value_name = "N")]
    pub workers: Option<usize>,
}

/// Options of `demo`.
#[derive(Args, Debug)]
pub struct Demo {
    /// Exit after showing the figures; else the server runs on until Ctrl-C.
    #[arg(long)]
    pub once: bool,
    /// Where to listen; port 0 takes any free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    pub listen: String,
    /// What the term is made of.
    #[command(flatten)]
    pub term: plaudit_simulate::TermOptions,
}

/// Options of `rebuild`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  plaudit rebuild                       all read models
  plaudit rebuild engagement            one of them
  plaudit rebuild --drop-old            give back the space of rows that earlier rebuilds have replaced")]
pub struct Rebuild {
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
    /// Name of a read model; all of them when left out.
    pub model: Option<String>,
    /// Build nothing; drop the rows that earlier rebuilds have replaced.
    #[arg(long)]
    pub drop_old: bool,
    /// Do not wait for the end; a running server goes on by itself.
    #[arg(long, conflicts_with = "json")]
    pub no_wait: bool,
    /// Print one JSON object at the end: statements, seconds, statements per second.
    #[arg(long)]
    pub json: bool,
}

/// What to do with records that could not be applied.
#[derive(Debug, Subcommand)]
pub enum DeadLetters {
    /// Show them: one line per learner, with the first record that could not be applied and why.
    List(Common),
    /// Apply all that is parked of a learner, in order.
    Retry(Parked),
    /// Leave the first parked record of a learner out for good, and apply the others.
    Skip(Parked),
}

/// Whose records.
#[derive(Args, Debug)]
pub struct Parked {
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
    /// The tenant, as `dead-letters list` shows it.
    #[arg(long, default_value = "default")]
    pub tenant: String,
    /// The learner, as `dead-letters list` shows it.
    pub learner: String,
    /// Only in this read model.
    #[arg(long)]
    pub model: Option<String>,
}

/// What to see of the log.
#[derive(Debug, Subcommand)]
pub enum Log {
    /// Show segments and counts, and records on demand. Needs the directory for itself: stop the server before.
    Inspect(Inspect),
}

/// Options of `log inspect`.
#[derive(Args, Debug)]
pub struct Inspect {
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
    /// Print records from this position on, one JSON object per line.
    #[arg(long, value_name = "POSITION")]
    pub from: Option<u64>,
    /// How many records to print.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// Read every byte and compare it with its checksum.
    #[arg(long)]
    pub check: bool,
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Print a file with every setting, its meaning and its default.
    Print,
    /// Check a file.
    Check {
        /// The file.
        file: PathBuf,
    },
}
