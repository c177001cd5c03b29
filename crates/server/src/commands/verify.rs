//! `plaudit verify`.

use std::process::ExitCode;
use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::Value;

use crate::cli::EXIT_DIFFERENT;
use crate::config::Settings;
use crate::error::ServerError;
use crate::operator::Operator;
use crate::show;

const TICK: Duration = Duration::from_millis(200);

/// Compares the rows with the log and says what differs.
pub async fn run(settings: &Settings) -> Result<ExitCode, ServerError> {
    let operator = Operator::find(settings, false).await?;
    let spinner = ProgressBar::new_spinner().with_message("replaying the log beside the rows");
    spinner.enable_steady_tick(TICK);
    let outcome = operator.verify().await;
    spinner.finish_and_clear();
    operator.close().await?;
    let report = outcome?;
    let differences = report["differences"].as_array().cloned().unwrap_or_default();
    for difference in &differences {
        show::line(describe(difference));
    }
    let different = report["different"].as_u64().unwrap_or_default();
    show::line(format_args!(
        "{} projections, {} records replayed, {} rows compared: {}",
        report["projections"],
        report["records"],
        report["rows"],
        if different == 0 { "no difference".to_owned() } else { format!("{different} differ") },
    ));
    if different > differences.len() as u64 {
        show::line(format_args!("the first {} are shown", differences.len()));
    }
    Ok(if different == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_DIFFERENT) })
}

fn describe(difference: &Value) -> String {
    let text = |name: &str| difference[name].as_str().unwrap_or("(no row)").to_owned();
    format!(
        "{} of {}, generation {}, key {}\n  is:        {}\n  should be: {}",
        text("table"),
        text("model"),
        difference["generation"],
        text("key"),
        text("running"),
        text("expected"),
    )
}
