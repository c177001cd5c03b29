//! `plaudit config`.

use std::process::ExitCode;

use crate::cli::Config;
use crate::config::{DEFAULT_FILE, read};
use crate::error::ServerError;
use crate::show;

/// Prints the default file, or checks one.
pub fn run(command: &Config) -> Result<ExitCode, ServerError> {
    match command {
        Config::Print => show::line(DEFAULT_FILE.trim_end()),
        Config::Check { file } => {
            read(file)?;
            show::line(format_args!("{} is fine", file.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}
