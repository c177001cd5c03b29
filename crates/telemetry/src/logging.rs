//! Structured logs on standard error, for people or for machines. Standard output is left to what commands answer.

use std::fmt::{self, Debug};
use std::io::IsTerminal;

use tracing::field::Field;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::{Writer, debug_fn};

use crate::TelemetryError;

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object per line.
    Json,
}

/// What a client does wrong on the wire, actix-http reports as an error of ours; clients get a 4xx, and we count it.
const QUIET: &str = "actix_http=off";

/// Sets up the logs of this process: what `filter` lets through, as in `info,plaudit_http=debug`.
///
/// # Errors
/// When the filter is none, or logs are already set up.
pub fn init(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    let parsed = EnvFilter::try_new(format!("{QUIET},{filter}"));
    let parsed = parsed.map_err(|cause| TelemetryError::Filter { filter: filter.to_owned(), cause })?;
    let lines = tracing_subscriber::fmt().with_env_filter(parsed).with_writer(std::io::stderr);
    let done = match format {
        LogFormat::Human => {
            let fields = debug_fn(write_field).delimited(" ");
            lines.with_ansi(std::io::stderr().is_terminal()).fmt_fields(fields).try_init()
        }
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).try_init(),
    };
    done.map_err(|_| TelemetryError::Again)
}

/// By default fields whose name begins with `log.` are left out, as if all of them came from the `log` crate; `log.position` is ours.
fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    match field.name() {
        "message" => write!(writer, "{value:?}"),
        "log.target" | "log.module_path" | "log.file" | "log.line" => Ok(()),
        name => write!(writer, "{name}={value:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_is_none_is_named() {
        let error = init(LogFormat::Human, "plaudit=loudly").expect_err("no such level");
        assert_eq!(
            error.to_string(),
            "`plaudit=loudly` is not a filter of logs; try `info` or `info,plaudit_http=debug`"
        );
    }
}
