//! A whole server in this process: it starts, stores, shows, is measured, stops, and starts again.

use std::path::Path;
use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::cli::{Common, Serve};
use crate::config::{ServeSettings, Settings};
use crate::operator::Operator;
use crate::serve::Server;

const PATIENCE: Duration = Duration::from_secs(30);
/// What a metric can be measured in: one of these is among the last words of its name.
const UNITS: [&str; 17] = [
    "batches",
    "bytes",
    "count",
    "fds",
    "info",
    "learners",
    "max",
    "position",
    "positions",
    "ratio",
    "records",
    "requests",
    "seconds",
    "segments",
    "statements",
    "threads",
    "total",
];

async fn start(data_dir: &Path) -> Server {
    let common = Common { data_dir: Some(data_dir.to_owned()), ..Common::default() };
    let settings = Settings::new(&common, "warn").unwrap();
    let options = Serve {
        listen: Some("127.0.0.1:0".to_owned()),
        admin_listen: Some("127.0.0.1:0".to_owned()),
        key: Some("k".to_owned()),
        secret: Some("s".to_owned()),
        workers: Some(1),
        ..Serve::default()
    };
    let server =
        Server::start(&settings, &ServeSettings::new(&options, &settings.file).unwrap()).await.unwrap();
    server.recover().await.unwrap();
    server
}

async fn ask(method: Method, url: String, body: &Value) -> (StatusCode, String) {
    let request = Client::new().request(method, url).basic_auth("k", Some("s"));
    let request = request.header("X-Experience-API-Version", "1.0.3").json(body);
    let response = request.send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

async fn store(server: &Server, learner: &str) {
    let statement = json!({
        "actor": { "mbox": learner },
        "verb": { "id": "http://adlnet.gov/expapi/verbs/passed" },
        "object": { "id": "http://lms.example.com/course/7" },
    });
    let (status, body) = ask(Method::POST, format!("{}/xapi/statements", server.url), &statement).await;
    assert_eq!(status, StatusCode::OK, "{body}");
}

async fn stored(server: &Server) -> usize {
    let (_, body) = ask(Method::GET, format!("{}/xapi/statements", server.url), &Value::Null).await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    answer["statements"].as_array().unwrap().len()
}

#[actix_web::test]
async fn what_was_stored_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let server = start(directory.path()).await;
    store(&server, "mailto:ada@example.com").await;
    server.stop().await.unwrap();
    let server = start(directory.path()).await;
    assert_eq!(stored(&server).await, 1);
    store(&server, "mailto:bo@example.com").await;
    assert_eq!(stored(&server).await, 2);
    assert!(server.catch_up(PATIENCE).await.unwrap());
    let (status, body) = ask(Method::GET, format!("{}/readyz", server.admin), &Value::Null).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    server.stop().await.unwrap();
    let left: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name == "log" || name == "store"), "{left:?}");
}

#[actix_web::test]
async fn operators_rebuild_and_verify_while_it_runs() {
    let directory = tempfile::tempdir().unwrap();
    let server = start(directory.path()).await;
    store(&server, "mailto:ada@example.com").await;
    let admin = |path: &str| format!("{}/admin/{path}", server.admin);
    let (status, body) = ask(Method::POST, admin("rebuild"), &json!({ "model": "statements" })).await;
    assert_eq!(
        (status, body.as_str()),
        (StatusCode::OK, r#"{"begun":[{"generation":2,"model":"statements"}]}"#)
    );
    let (status, body) = ask(Method::POST, admin("rebuild"), &json!({ "model": "nothing" })).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{body}");
    let (status, body) = ask(Method::POST, admin("verify"), &Value::Null).await;
    let report: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &report["different"]), (StatusCode::OK, &json!(0)), "{body}");
    let (_, body) = ask(Method::GET, admin("server"), &Value::Null).await;
    let shown: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(shown["data_dir"].as_str().map(Path::new), Some(directory.path()));
    let (_, body) = ask(Method::GET, admin("dead-letters"), &Value::Null).await;
    assert_eq!(body, r#"{"dead_letters":[]}"#);
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn every_metric_says_what_it_is_and_in_which_unit() {
    let directory = tempfile::tempdir().unwrap();
    let server = start(directory.path()).await;
    store(&server, "mailto:ada@example.com").await;
    assert!(server.catch_up(PATIENCE).await.unwrap());
    let (status, _) = ask(Method::GET, format!("{}/metrics", server.admin), &Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    let metrics = plaudit_telemetry::describe(server.registry());
    assert!(metrics.len() > 40, "only {} metrics", metrics.len());
    for metric in &metrics {
        assert!(metric.help.split(' ').count() >= 2, "{}: {}", metric.name, metric.help);
        let last = metric.name.rsplit('_').next().unwrap();
        assert!(
            metric.name.rsplit('_').take(3).any(|word| UNITS.contains(&word)),
            "{} has no unit",
            metric.name
        );
        assert_eq!(metric.kind == "counter", last == "total", "{}", metric.name);
    }
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn a_command_on_a_mistyped_directory_makes_none() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("typo");
    let common = Common { data_dir: Some(data_dir.clone()), ..Common::default() };
    let settings = Settings::new(&common, "warn").unwrap();
    let Err(error) = Operator::find(&settings, false).await else { panic!("it was found") };
    assert!(error.to_string().ends_with("typo/log"), "{error}");
    assert!(!data_dir.exists());
}
