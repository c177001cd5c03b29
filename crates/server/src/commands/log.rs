//! `plaudit log inspect`.

use std::process::ExitCode;

use plaudit_event::Event;
use plaudit_log::{Position, RecordRef};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::backends::{Inspected, is_in_use};
use crate::cli::{EXIT_DIFFERENT, Inspect};
use crate::config::Settings;
use crate::error::ServerError;
use crate::show;

/// Bytes of records that are read at once.
const READ_BYTES: usize = 1 << 20;

/// Shows segments, records, damage.
pub async fn inspect(settings: &Settings, options: &Inspect) -> Result<ExitCode, ServerError> {
    let log = Inspected::open(&settings.data_dir).map_err(|error| match is_in_use(&error) {
        true => ServerError::Running { path: settings.data_dir.clone(), action: "look into its log" },
        false => error,
    })?;
    match options.from {
        Some(from) => print(&log, Position(from), options.limit).await?,
        None => describe(&log),
    }
    if options.check { Ok(check(&log)) } else { Ok(ExitCode::SUCCESS) }
}

fn describe(log: &Inspected) {
    let description = log.describe();
    let rows = description.segments.iter().map(|segment| {
        vec![
            segment.file.clone(),
            segment.first.0.to_string(),
            segment.next.0.saturating_sub(segment.first.0).to_string(),
            indicatif::HumanBytes(segment.bytes).to_string(),
            if segment.sealed { format!("sealed, {:.1} : 1", segment.ratio) } else { "open".to_owned() },
        ]
    });
    show::table(&["segment", "first position", "records", "size", "state"], rows);
    let bytes = description.segments.iter().map(|segment| segment.bytes).sum();
    show::line(format_args!("head {}, {} on disk", description.head.0, indicatif::HumanBytes(bytes)));
}

async fn print(log: &Inspected, from: Position, limit: usize) -> Result<(), ServerError> {
    let (mut next, mut left) = (from, limit);
    while left > 0 {
        let records = log.log().read(0, next, READ_BYTES).await?;
        if records.is_empty() {
            return Ok(());
        }
        for (position, record) in records.iter().take(left) {
            show::line(as_json(position, &record));
        }
        left = left.saturating_sub(records.len());
        next = records.next();
    }
    Ok(())
}

fn as_json(position: Position, record: &RecordRef<'_>) -> Value {
    // As it stands in the log, byte by byte.
    let value = || serde_json::from_slice::<&RawValue>(record.value).ok();
    match Event::decode(record) {
        Ok(Event::Statement(event)) => json!({
            "position": position.0,
            "tenant": event.tenant.as_str(),
            "learner": event.learner,
            "stored": event.stored.to_string(),
            "statement": value(),
        }),
        Ok(Event::Definition(event)) => json!({
            "position": position.0,
            "tenant": event.tenant.as_str(),
            "definition": value(),
        }),
        Err(error) => json!({
            "position": position.0,
            "key": String::from_utf8_lossy(record.key),
            "error": error.to_string(),
        }),
    }
}

fn check(log: &Inspected) -> ExitCode {
    let found = log.check(|_, _| {});
    for damage in &found.damaged {
        show::line(damage);
    }
    let bytes = indicatif::HumanBytes(found.bytes);
    show::line(format_args!("{} records, {bytes} checked, {} damages", found.records, found.damaged.len()));
    if found.damaged.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_DIFFERENT) }
}
