//! The `plaudit` binary: options, backend choice, start and stop order.

mod admin;
mod allocator;
mod backends;
mod cli;
mod commands;
mod config;
mod credential;
mod error;
mod known;
mod operator;
mod parts;
mod running;
mod serve;
mod show;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;

fn main() -> ExitCode {
    allocator::configure();
    match commands::run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            show::error(&error);
            ExitCode::from(cli::EXIT_ERROR)
        }
    }
}
