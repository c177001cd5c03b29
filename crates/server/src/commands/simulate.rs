//! `plaudit simulate`.

use std::process::ExitCode;

use indicatif::ProgressBar;
use plaudit_simulate::{Options, Played, play, write_out};

use crate::error::ServerError;
use crate::show;

/// Plays a term against a store, or writes it to a file.
pub async fn run(options: &Options) -> Result<ExitCode, ServerError> {
    match (&options.target, &options.out) {
        (None, Some(path)) => {
            let written = write_out(options, path)?;
            show::line(format_args!("{written} statements in {}", path.display()));
        }
        _ => {
            let bar = if options.quiet { ProgressBar::hidden() } else { ProgressBar::new(0) };
            show::line(describe(&play(options, &bar).await?));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What a run came to, in a line.
pub fn describe(played: &Played) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let per_second = played.statements as f64 / played.seconds.max(0.001);
    let [median, p99, longest] = played.latency_ms;
    format!(
        "{} statements in {:.1} s ({per_second:.0} a second), {} repeated, {} requests, {} retries; \
         latency {median:.1} ms median, {p99:.1} ms p99, {longest:.1} ms at most",
        played.statements, played.seconds, played.repeated, played.requests, played.retries
    )
}
