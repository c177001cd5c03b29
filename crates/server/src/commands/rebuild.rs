//! `plaudit rebuild`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::admin::Which;
use crate::cli::Rebuild;
use crate::config::Settings;
use crate::error::ServerError;
use crate::operator::Operator;
use crate::show;

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Rebuilds read models and shows how it goes, or drops what rebuilds have replaced.
pub async fn run(settings: &Settings, options: &Rebuild) -> Result<ExitCode, ServerError> {
    let operator = Operator::find(settings, true).await?;
    let which = Which { model: options.model.clone() };
    let outcome = if options.drop_old {
        drop_old(&operator, &which).await
    } else {
        rebuild(&operator, &which, options).await
    };
    operator.close().await?;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn drop_old(operator: &Operator, which: &Which) -> Result<(), ServerError> {
    let answer = operator.drop_old(which).await?;
    let dropped = entries(&answer["dropped"]);
    if dropped.is_empty() {
        show::line("there is nothing to drop");
    }
    for (model, generation) in dropped {
        show::line(format_args!("dropped generation {generation} of {model}"));
    }
    Ok(())
}

async fn rebuild(operator: &Operator, which: &Which, options: &Rebuild) -> Result<(), ServerError> {
    let started = Instant::now();
    let answer = operator.rebuild(which).await?;
    let begun = entries(&answer["begun"]);
    if options.no_wait && matches!(operator, Operator::Online(_)) {
        show::line(format_args!("{} rebuilds begun", begun.len()));
        return Ok(());
    }
    let bar = bar();
    loop {
        let answer = operator.projections().await?;
        let mine = |status: &&Value| begun.contains(&entry(status));
        let building: Vec<&Value> =
            statuses(&answer).iter().filter(mine).filter(|status| status["state"] == "building").collect();
        if building.is_empty() {
            break;
        }
        show_progress(&bar, &building);
        tokio::time::sleep(LOOK_EVERY).await;
    }
    bar.finish_and_clear();
    let answer = operator.projections().await?;
    if options.json {
        show::line(figures(&answer, &begun, started.elapsed()));
    } else {
        report(&answer, &begun);
    }
    Ok(())
}

/// How fast it went: records of the log by the time until all of them serve.
fn figures(answer: &Value, begun: &[(String, u64)], took: Duration) -> Value {
    let mine = statuses(answer).iter().filter(|status| begun.contains(&entry(status)));
    let records = mine.filter_map(|status| status["events"].as_u64()).max().unwrap_or_default();
    let per_second = Duration::from_secs(records).div_duration_f64(took.max(Duration::from_millis(1)));
    json!({ "statements": records, "seconds": took.as_secs_f64(), "per_second": per_second.round() })
}

fn report(answer: &Value, begun: &[(String, u64)]) {
    for status in statuses(answer).iter().filter(|status| begun.contains(&entry(status))) {
        show::line(format_args!(
            "{}: generation {} is {}, {} records",
            status["model"].as_str().unwrap_or_default(),
            status["generation"],
            status["state"].as_str().unwrap_or_default(),
            status["events"],
        ));
    }
}

fn show_progress(bar: &ProgressBar, building: &[&Value]) {
    let sum =
        |name: &str| building.iter().map(|status| status[name].as_u64().unwrap_or_default()).sum::<u64>();
    bar.set_length(sum("head"));
    bar.set_position(sum("next"));
    let left =
        building.iter().map(|status| status["build"]["remaining_seconds"].as_f64().unwrap_or_default());
    let names: Vec<&str> = building.iter().filter_map(|status| status["model"].as_str()).collect();
    let left = Duration::from_secs_f64(left.fold(0.0, f64::max).max(0.0));
    bar.set_message(format!("{}, {} left", names.join(", "), indicatif::HumanDuration(left)));
}

fn bar() -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {percent:>3} % {human_pos}/{human_len} {per_sec} {msg}");
    ProgressBar::new(0).with_style(style.expect("the template is a constant"))
}

fn statuses(answer: &Value) -> &[Value] {
    answer["projections"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn entries(list: &Value) -> Vec<(String, u64)> {
    list.as_array().map(|list| list.iter().map(entry).collect()).unwrap_or_default()
}

/// Read model and generation.
fn entry(value: &Value) -> (String, u64) {
    let model = value["model"].as_str().unwrap_or_default().to_owned();
    (model, value["generation"].as_u64().unwrap_or_default())
}
