//! `plaudit dead-letters`.

use std::process::ExitCode;

use plaudit_projector::Redo;
use serde_json::Value;

use crate::admin::Whose;
use crate::cli::{Common, DeadLetters, Parked};
use crate::config::Settings;
use crate::error::ServerError;
use crate::operator::Operator;
use crate::show;

/// The options of every command.
pub fn common(command: &DeadLetters) -> &Common {
    match command {
        DeadLetters::List(common) => common,
        DeadLetters::Retry(parked) | DeadLetters::Skip(parked) => &parked.common,
    }
}

/// Lists parked learners, or works on one.
pub async fn run(settings: &Settings, command: &DeadLetters) -> Result<ExitCode, ServerError> {
    let operator = Operator::find(settings, true).await?;
    let outcome = match command {
        DeadLetters::List(_) => list(&operator).await,
        DeadLetters::Retry(parked) => redo(&operator, parked, Redo::Retry).await,
        DeadLetters::Skip(parked) => redo(&operator, parked, Redo::Skip).await,
    };
    operator.close().await?;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn list(operator: &Operator) -> Result<(), ServerError> {
    let answer = operator.dead_letters().await?;
    let letters = answer["dead_letters"].as_array().cloned().unwrap_or_default();
    if letters.is_empty() {
        show::line("nothing is parked");
        return Ok(());
    }
    let columns = ["model", "generation", "tenant", "learner", "position", "waiting", "skipped", "reason"];
    let row = |letter: &Value| columns.iter().map(|column| text(&letter[*column])).collect();
    show::table(&columns, letters.iter().map(row));
    Ok(())
}

async fn redo(operator: &Operator, parked: &Parked, redo: Redo) -> Result<(), ServerError> {
    let (model, tenant) = (parked.model.clone(), parked.tenant.clone());
    let whose = Whose { model, tenant, learner: parked.learner.clone() };
    let done = operator.redo(&whose, redo).await?;
    show::line(format_args!(
        "{} applied, {} left out, {} still parked",
        done["applied"], done["skipped"], done["parked"]
    ));
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
