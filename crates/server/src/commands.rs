//! What each command does.

mod config;
mod dead_letters;
mod demo;
mod log;
mod rebuild;
mod simulate;
mod verify;

use std::future::Future;
use std::process::ExitCode;

use plaudit_telemetry::LogFormat;

use crate::cli::{Cli, Command, Common};
use crate::config::{ServeSettings, Settings};
use crate::error::ServerError;
use crate::serve::serve;

/// A server tells what it does.
const SERVER_LOG_FILTER: &str = "info,actix_server=warn,fjall=warn,lsm_tree=warn";
/// A command answers; only what is odd is told besides.
const COMMAND_LOG_FILTER: &str = "warn";

/// Does what was asked; returns what to exit with.
pub fn run(cli: Cli) -> Result<ExitCode, ServerError> {
    match cli.command {
        Command::Serve(options) => {
            let settings = settings(&options.common, SERVER_LOG_FILTER)?;
            let serving = ServeSettings::new(&options, &settings.file)?;
            wait_for(serve(settings, serving)).map(|()| ExitCode::SUCCESS)
        }
        Command::Demo(options) => {
            plaudit_telemetry::init(LogFormat::Human, COMMAND_LOG_FILTER)?;
            wait_for(demo::run(&options))
        }
        Command::Simulate(options) => {
            plaudit_telemetry::init(LogFormat::Human, COMMAND_LOG_FILTER)?;
            wait_for(simulate::run(&options))
        }
        Command::Rebuild(options) => {
            let settings = settings(&options.common, COMMAND_LOG_FILTER)?;
            wait_for(rebuild::run(&settings, &options))
        }
        Command::DeadLetters(command) => {
            let settings = settings(dead_letters::common(&command), COMMAND_LOG_FILTER)?;
            wait_for(dead_letters::run(&settings, &command))
        }
        Command::Log(crate::cli::Log::Inspect(options)) => {
            let settings = settings(&options.common, COMMAND_LOG_FILTER)?;
            wait_for(log::inspect(&settings, &options))
        }
        Command::Verify(common) => {
            let settings = settings(&common, COMMAND_LOG_FILTER)?;
            wait_for(verify::run(&settings))
        }
        Command::Config(command) => config::run(&command),
    }
}

fn settings(common: &Common, log_filter: &str) -> Result<Settings, ServerError> {
    let settings = Settings::new(common, log_filter)?;
    plaudit_telemetry::init(settings.log_format, &settings.log_filter)?;
    Ok(settings)
}

/// Runs on actix's runtime: its servers start their workers from here.
fn wait_for<T>(work: impl Future<Output = Result<T, ServerError>>) -> Result<T, ServerError> {
    actix_web::rt::System::new().block_on(work)
}
