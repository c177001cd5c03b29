//! `plaudit demo`: a server in a temporary directory, a term of learning in seconds, and what it says about the learners.

use std::process::ExitCode;
use std::time::Duration;

use indicatif::ProgressBar;
use plaudit_simulate::{Options, TermOptions, play};
use plaudit_xapi::Timestamp;
use serde_json::Value;

use crate::cli::{Common, Demo, Serve};
use crate::commands::simulate::describe;
use crate::config::{ServeSettings, Settings, no_file};
use crate::error::ServerError;
use crate::serve::{Server, Signals};
use crate::show;

const KEY: &str = "demo";
const SECRET: &str = "demo";
/// Requests under way at once: as an LMS with a few workers.
const CONNECTIONS: u16 = 8;
/// Many times what a term in a demo takes to be projected.
const CATCH_UP_WAIT_MAX: Duration = Duration::from_secs(120);
const MICROS_PER_DAY: i64 = 86_400_000_000;
/// Characters of the longest bar.
const BAR_CHARS: usize = 30;

/// Plays a term, shows the figures, and goes on serving until Ctrl-C unless told otherwise.
pub async fn run(options: &Demo) -> Result<ExitCode, ServerError> {
    let directory = tempfile::Builder::new().prefix("plaudit-demo-").tempdir();
    let directory =
        directory.map_err(|cause| no_file("make a directory in", &std::env::temp_dir(), cause))?;
    let common = Common { data_dir: Some(directory.path().to_owned()), ..Common::default() };
    let settings = Settings::new(&common, "warn")?;
    let serve = Serve {
        listen: Some(options.listen.clone()),
        admin_listen: Some("127.0.0.1:0".to_owned()),
        key: Some(KEY.to_owned()),
        secret: Some(SECRET.to_owned()),
        ..Serve::default()
    };
    let mut signals = Signals::new()?;
    let server = Server::start(&settings, &ServeSettings::new(&serve, &settings.file)?).await?;
    server.recover().await?;
    let outcome = tokio::select! {
        outcome = learn_and_show(&server, options) => outcome,
        () = signals.next() => Ok(()),
    };
    if outcome.is_ok() && !options.once {
        urls(&server);
        signals.next().await;
    }
    server.stop().await?;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn learn_and_show(server: &Server, options: &Demo) -> Result<(), ServerError> {
    let term = Options {
        target: Some(format!("{}/xapi", server.url)),
        key: KEY.to_owned(),
        secret: SECRET.to_owned(),
        out: None,
        rate: None,
        connections: CONNECTIONS,
        term: options.term.clone(),
        quiet: false,
    };
    show::line(format_args!("A term of {} people begins.", options.term.learners));
    let played = play(&term, &ProgressBar::new(0)).await?;
    show::line(describe(&played));
    server.catch_up(CATCH_UP_WAIT_MAX).await?;
    let api = Api { client: reqwest::Client::new(), url: format!("{}/api/v1", server.url) };
    let last = last_day(&options.term);
    funnel(&api.get(&format!("funnels/default/summary?as_of={last}")).await?);
    achievements(&api.get("achievement-summaries").await?);
    recognition(&api.get(&format!("recognition/default/summary?as_of={last}")).await?);
    Ok(())
}

/// When the term ends: who is dormant, and what is overdue, is told as of then.
fn last_day(term: &TermOptions) -> Timestamp {
    Timestamp::from_micros((term.start_day + i64::from(term.days)) * MICROS_PER_DAY)
}

fn urls(server: &Server) {
    let url = &server.url;
    show::line(format_args!(
        "\nLook further (key {KEY}, secret {SECRET}), until Ctrl-C:\n  \
         curl -u {KEY}:{SECRET} {url}/api/v1/funnels/default/learners?stage=advocate\n  \
         curl -u {KEY}:{SECRET} {url}/api/v1/recognition/default/expectations\n  \
         curl -u {KEY}:{SECRET} -H 'X-Experience-API-Version: 1.0.3' {url}/xapi/statements?limit=3\n  \
         curl {url}/api/v1/openapi.json\n  curl {}/metrics",
        server.admin
    ));
}

/// The read API of the server.
struct Api {
    client: reqwest::Client,
    url: String,
}

impl Api {
    async fn get(&self, path: &str) -> Result<Value, ServerError> {
        let url = format!("{}/{path}", self.url);
        let failed = |cause| ServerError::Admin { url: url.clone(), cause };
        let response = self.client.get(&url).basic_auth(KEY, Some(SECRET)).send().await.map_err(failed)?;
        response.error_for_status().map_err(failed)?.json().await.map_err(failed)
    }
}

fn funnel(summary: &Value) {
    let learners = number(&summary["learners"]);
    show::line(format_args!("\nFunnel: {}, {learners} people", text(&summary["title"])));
    let rows = list(&summary["stages"]).iter().map(|stage| {
        let reached = number(&stage["reached"]);
        vec![
            text(&stage["title"]),
            bar(reached, learners),
            reached.to_string(),
            percent(&stage["conversion_from_before"]),
            duration(&stage["time_from_before"]["p50_seconds"]),
            number(&stage["current"]).to_string(),
            number(&stage["dormant"]).to_string(),
        ]
    });
    show::table(&["stage", "", "reached", "of those before", "half within", "are here", "dormant"], rows);
}

fn achievements(summaries: &Value) {
    show::line("\nAchievements");
    let items = list(&summaries["items"]);
    let most = items.iter().map(|item| number(&item["earned"])).max().unwrap_or_default();
    let rows = items.iter().map(|item| {
        let earned = number(&item["earned"]);
        vec![
            text(&item["title"]),
            bar(earned, most),
            earned.to_string(),
            number(&item["learners"]).to_string(),
            number(&item["revoked"]).to_string(),
        ]
    });
    show::table(&["achievement", "", "earned", "people", "revoked"], rows);
}

fn recognition(summary: &Value) {
    let expected = number(&summary["expectations"]);
    show::line(format_args!(
        "\nRecognition: {}, {expected} achievements to recognise",
        text(&summary["title"])
    ));
    let rows = ["met_in_time", "met", "open", "overdue"].map(|name| {
        let count = number(&summary[name]);
        vec![name.replace('_', " "), bar(count, expected), count.to_string()]
    });
    show::table(&["", "", "achievements"], rows);
    show::line(format_args!(
        "half of the recognition came within {}; {} people were never recognised",
        duration(&summary["time_to_recognition"]["p50_seconds"]),
        number(&summary["never_recognised"]),
    ));
}

/// As long as its share; what is there at all shows.
fn bar(count: u64, most: u64) -> String {
    let chars = |of: u64| usize::try_from(of).unwrap_or(usize::MAX);
    let long = (chars(count).saturating_mul(BAR_CHARS) + chars(most) / 2) / chars(most.max(1));
    "█".repeat(long.clamp(usize::from(count > 0), BAR_CHARS))
}

fn percent(share: &Value) -> String {
    share.as_f64().map_or_else(String::new, |share| format!("{:.0} %", share * 100.0))
}

fn duration(seconds: &Value) -> String {
    let Some(seconds) = seconds.as_f64().filter(|seconds| *seconds >= 0.0) else { return String::new() };
    match seconds {
        0.0..1.0 => "at once".to_owned(),
        _ => indicatif::HumanDuration(Duration::from_secs_f64(seconds)).to_string(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        assert_eq!(bar(0, 10).chars().count(), 0);
        assert_eq!(bar(1, 1000).chars().count(), 1, "what is there shows");
        assert_eq!(bar(5, 10).chars().count(), BAR_CHARS / 2);
        assert_eq!(bar(10, 10).chars().count(), BAR_CHARS);
        assert_eq!(bar(0, 0).chars().count(), 0);
    }

    #[test]
    fn durations_are_for_people() {
        assert_eq!(duration(&Value::Null), "");
        assert_eq!(duration(&serde_json::json!(0.0)), "at once");
        assert_eq!(duration(&serde_json::json!(88_608.8)), "25 hours");
    }
}
