//! What a client sees of the server as such: versions, limits, slow and broken requests, definitions, tables.

mod world;

use std::time::{Duration, Instant};

use plaudit_http::Limits;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::world::World;

const STATEMENT: &str =
    r#"{"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://v/1"},"object":{"id":"http://o/1"}}"#;

fn header<'a>(answer: &'a reqwest::Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[actix_web::test]
async fn statements_are_stored_and_answered_with_their_ids() {
    let world = World::start();
    let answer = world.post("/xapi/statements", STATEMENT).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(header(&answer, "x-experience-api-version"), "1.0.3");
    assert_eq!(header(&answer, "content-type"), "application/json");
    assert!(!header(&answer, "x-request-id").is_empty());
    let ids: Vec<String> = answer.json().await.unwrap();
    assert_eq!(ids.len(), 1);
    let path = format!("/xapi/statements?statementId={}", ids[0]);
    // The same statement under its id: accepted. Another one: refused.
    assert_eq!(world.put(&path, STATEMENT).await.status(), StatusCode::NO_CONTENT);
    let other = world.put(&path, &STATEMENT.replace("o/1", "o/2")).await;
    assert_eq!(other.status(), StatusCode::CONFLICT);
    assert_eq!(other.json::<Value>().await.unwrap()["id"], json!(ids[0]));
}

#[actix_web::test]
async fn what_was_stored_is_read_at_once() {
    let world = World::start();
    let ids: Vec<String> = world.post("/xapi/statements", STATEMENT).await.json().await.unwrap();
    let one = world.get(&format!("/xapi/statements?statementId={}", ids[0])).await;
    assert_eq!(one.status(), StatusCode::OK);
    assert!(header(&one, "last-modified").ends_with(" GMT"));
    assert_ne!(header(&one, "x-experience-api-consistent-through"), "");
    let one: Value = one.json().await.unwrap();
    let stored = one["stored"].as_str().unwrap_or_else(|| panic!("{one}")).to_owned();

    world.post("/xapi/statements", &format!("[{STATEMENT},{STATEMENT}]")).await;
    let list = world.get("/xapi/statements?limit=2&format=ids").await;
    assert!(header(&list, "x-experience-api-consistent-through") > stored.as_str());
    let page: Value = list.json().await.unwrap();
    assert_eq!(page["statements"].as_array().map(Vec::len), Some(2), "{page}");
    let last: Value = world.get(page["more"].as_str().unwrap()).await.json().await.unwrap();
    assert_eq!((&last["statements"][0]["id"], &last["more"]), (&json!(ids[0]), &json!("")));

    let head = world.request(Method::HEAD, "/xapi/statements?limit=2").send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    let mixed = world.get("/xapi/statements?attachments=true").await;
    assert!(header(&mixed, "content-type").starts_with("multipart/mixed; boundary="));
    assert!(
        mixed.text().await.unwrap().contains("\r\nContent-Type: application/json\r\n\r\n{\"statements\":[")
    );
}

#[actix_web::test]
async fn parameters_that_exclude_each_other_are_refused() {
    let world = World::start();
    let id = "6e5b9aa0-1c1d-4c34-a5a3-3a7f5b0f7a3c";
    for query in [
        format!("statementId={id}&voidedStatementId={id}"),
        format!("statementId={id}&limit=1"),
        format!("voidedStatementId={id}&agent={{}}"),
        "statementId=no".to_owned(),
        "agent=%7B%7D".to_owned(),
        "verb=no".to_owned(),
        "limit=-1".to_owned(),
        "since=yesterday".to_owned(),
        "format=short".to_owned(),
        "Limit=1".to_owned(),
        "more=abc".to_owned(),
    ] {
        let answer = world.get(&format!("/xapi/statements?{query}")).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
        assert_ne!(header(&answer, "x-experience-api-consistent-through"), "");
    }
    let absent =
        world.get(&format!("/xapi/statements?statementId={id}&format=exact&attachments=false")).await;
    assert_eq!(absent.status(), StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn a_refused_body_names_pointer_rule_and_section() {
    let world = World::start();
    let answer = world.post("/xapi/statements", &STATEMENT.replace("mailto:", "")).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(header(&answer, "content-type"), "application/problem+json");
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["type"], "urn:plaudit:problem:invalid");
    assert_eq!(problem["status"], 400);
    assert_eq!(problem["pointer"], "/actor/mbox");
    assert!(problem["section"].as_str().unwrap().contains("2.4.2.3"), "{problem}");
}

#[actix_web::test]
async fn every_answer_under_xapi_names_a_version_and_a_request_id() {
    let world = World::start();
    let check = async |method: Method, path: &str, status: u16| {
        let answer = world.bare(method.clone(), path).header("X-Request-Id", "mine-1").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        assert_eq!(header(&answer, "x-experience-api-version"), "1.0.3", "{method} {path}");
        assert_eq!(header(&answer, "x-request-id"), "mine-1");
        assert_eq!(header(&answer, "access-control-allow-origin"), "*");
        assert_eq!(answer.headers().get_all("date").iter().count(), 1);
    };
    check(Method::GET, "/xapi/about", 200).await;
    check(Method::POST, "/xapi/statements", 400).await;
    check(Method::PATCH, "/xapi/statements", 405).await;
    check(Method::GET, "/xapi/nothing", 400).await;
    assert_eq!(world.get("/xapi/nothing").await.status(), StatusCode::NOT_FOUND);
    let answer = world.bare(Method::GET, "/xapiary").send().await.unwrap();
    assert_eq!(header(&answer, "x-experience-api-version"), "");
}

#[actix_web::test]
async fn without_a_credential_nothing_is_stored() {
    let world = World::start();
    let request = world.bare(Method::POST, "/xapi/statements").header("X-Experience-API-Version", "1.0.3");
    let answer = request.header("Content-Type", "application/json").body(STATEMENT).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert!(header(&answer, "www-authenticate").starts_with("Basic "));
    assert_eq!(world.statements().await, 0);
}

#[actix_web::test]
async fn browsers_may_ask_before_they_send() {
    let world = World::start();
    let preflight = world.bare(Method::OPTIONS, "/xapi/statements").header("Origin", "https://lms.example");
    let answer = preflight.header("Access-Control-Request-Method", "PUT").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert!(header(&answer, "access-control-allow-methods").contains("PUT"));
    assert!(header(&answer, "access-control-allow-headers").contains("X-Experience-API-Version"));
    assert!(header(&answer, "access-control-expose-headers").contains("X-Experience-API-Consistent-Through"));
    assert_eq!(header(&answer, "x-experience-api-version"), "1.0.3");
}

#[actix_web::test]
async fn head_answers_the_headers_of_get() {
    let world = World::start();
    let get = world.bare(Method::GET, "/xapi/about").send().await.unwrap();
    let length = header(&get, "content-length").to_owned();
    let head = world.bare(Method::HEAD, "/xapi/about").send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(header(&head, "content-length"), length);
    assert_eq!(head.bytes().await.unwrap().len(), 0);
}

async fn raw(world: &World, parts: &[&str]) -> String {
    let mut stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
    for part in parts {
        stream.write_all(part.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    }
    let mut answer = vec![0; 4096];
    let mut length = 0;
    while !String::from_utf8_lossy(&answer[..length]).contains("\r\n\r\n") {
        match stream.read(&mut answer[length..]).await.unwrap() {
            0 => break,
            more => length += more,
        }
    }
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[actix_web::test]
async fn a_body_that_stops_coming_is_408() {
    let world = World::start();
    let answer = raw(&world, &[&world.head(), "Content-Length: 100\r\n\r\n", "{\"actor\""]).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[actix_web::test]
async fn a_body_over_the_limit_is_413_announced_or_not() {
    let world = World::start();
    let answer = raw(&world, &[&world.head(), "Content-Length: 999999999\r\n\r\n"]).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let chunk = format!("{:x}\r\n{}\r\n", world::BODY_BYTES_MAX, "x".repeat(world::BODY_BYTES_MAX));
    let answer =
        raw(&world, &[&world.head(), "Transfer-Encoding: chunked\r\n\r\n", &chunk, "1\r\nx\r\n"]).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[actix_web::test]
async fn past_the_limit_requests_are_told_to_come_back() {
    let world = World::with(Limits { requests_max: 0, ..world::limits() });
    let answer = world.get("/xapi/statements").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(header(&answer, "retry-after"), "1");
    assert_eq!(header(&answer, "x-experience-api-version"), "1.0.3");
}

#[actix_web::test]
async fn slow_clients_do_not_use_up_the_limit_of_requests() {
    let limits = Limits { requests_max: 1, body_pause_max: Duration::from_secs(60), ..world::limits() };
    let world = World::with(limits);
    let mut slow = Vec::new();
    for _ in 0..3 {
        let mut stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
        let request = [&*world.head(), "Content-Length: 100\r\nExpect: 100-continue\r\n\r\n"].concat();
        stream.write_all(request.as_bytes()).await.unwrap();
        // The server says that it waits for the body.
        assert_eq!(stream.read_u8().await.unwrap(), b'H');
        slow.push(stream);
    }
    assert_eq!(world.post("/xapi/statements", STATEMENT).await.status(), StatusCode::OK);
}

#[actix_web::test]
async fn a_client_may_wait_for_100_continue() {
    let world = World::start();
    let length = format!("Content-Length: {}\r\nExpect: 100-continue\r\n\r\n", STATEMENT.len());
    let answer = raw(&world, &[&world.head(), &length]).await;
    assert!(answer.starts_with("HTTP/1.1 100"), "{answer}");
}

#[actix_web::test]
async fn other_bodies_are_refused() {
    let world = World::start();
    let send = async |name: &str, value: &str| {
        let request = world.typeless(Method::POST, "/xapi/statements").header(name, value);
        request.body(STATEMENT).send().await.unwrap().status().as_u16()
    };
    assert_eq!(send("Content-Type", "text/plain").await, 400);
    assert_eq!(send("Content-Type", "multipart/mixed; boundary=x").await, 400);
    let zipped = world.request(Method::POST, "/xapi/statements").header("Content-Encoding", "gzip");
    assert_eq!(zipped.body(STATEMENT).send().await.unwrap().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(world.post("/xapi/statements?foo=1", STATEMENT).await.status(), StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn definitions_are_versioned_documents() {
    let world = World::start();
    let funnel = |title: &str| json!({ "id": "f", "title": title, "stages": [{ "id": "one" }] }).to_string();
    let default: Value = world.get("/api/v1/funnels").await.json().await.unwrap();
    assert_eq!((&default["items"][0]["id"], &default["items"][0]["version"]), (&json!("default"), &json!(0)));

    let created = world.put("/api/v1/funnels/f", &funnel("A")).await;
    assert_eq!((created.status(), header(&created, "etag")), (StatusCode::CREATED, "\"1\""));
    let again = world.put("/api/v1/funnels/f", &funnel("A")).await;
    assert_eq!((again.status(), header(&again, "etag")), (StatusCode::OK, "\"1\""));

    let stale = world.request(Method::PUT, "/api/v1/funnels/f").header("If-Match", "\"7\"");
    assert_eq!(stale.body(funnel("B")).send().await.unwrap().status(), StatusCode::PRECONDITION_FAILED);
    let fresh = world.request(Method::PUT, "/api/v1/funnels/f").header("If-Match", "\"1\"");
    assert_eq!(header(&fresh.body(funnel("B")).send().await.unwrap(), "etag"), "\"2\"");

    let read = world.get("/api/v1/funnels/f").await;
    assert_eq!(header(&read, "etag"), "\"2\"");
    assert_eq!(read.json::<Value>().await.unwrap()["document"]["title"], "B");
    let known = world.request(Method::GET, "/api/v1/funnels/f").header("If-None-Match", "\"2\"");
    assert_eq!(known.send().await.unwrap().status(), StatusCode::NOT_MODIFIED);

    let deleted = world.request(Method::DELETE, "/api/v1/funnels/f").send().await.unwrap();
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    assert_eq!(world.get("/api/v1/funnels/f").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(header(&world.put("/api/v1/funnels/f", &funnel("C")).await, "etag"), "\"4\"");
}

#[actix_web::test]
async fn faults_of_a_definition_point_into_the_document() {
    let world = World::start();
    let refused = async |path: &str, document: Value| {
        let answer = world.put(path, &document.to_string()).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        let problem: Value = answer.json().await.unwrap();
        problem["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(
        refused("/api/v1/funnels/f", json!({ "id": "f", "stages": [{ "title": "x" }] })).await,
        "/stages/0"
    );
    assert_eq!(refused("/api/v1/funnels/g", json!({ "id": "f", "stages": [{ "id": "x" }] })).await, "/id");
    let both = json!({ "id": "both", "all_of": ["nobody"] });
    assert_eq!(refused("/api/v1/achievements/both", both).await, "/all_of/0");
    assert_eq!(world.get("/api/v1/funnels/f").await.status(), StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn tables_are_listed_page_by_page() {
    let world = World::start();
    for id in ["a", "b", "c"] {
        let funnel = json!({ "id": id, "stages": [{ "id": "one" }] }).to_string();
        assert_eq!(world.put(&format!("/api/v1/funnels/{id}"), &funnel).await.status(), StatusCode::CREATED);
    }
    let first = world.get("/api/v1/tables/definitions?limit=2").await;
    let link = header(&first, "link").to_owned();
    let page: Value = first.json().await.unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    assert_eq!(page["items"][1]["id"], "b");
    let next = link.trim_start_matches('<').split('>').next().unwrap();
    let csv = world.get(&format!("{next}&format=csv")).await.text().await.unwrap();
    assert!(csv.starts_with("tenant,kind,id,version,changed_at,document\r\nt"), "{csv}");
    assert!(csv.contains(",funnel,c,1,"), "{csv}");
    let missing = world.get("/api/v1/tables/statements").await;
    assert_eq!(missing.status(), StatusCode::BAD_REQUEST);
    assert_eq!(world.get("/api/v1/tables/projections").await.status(), StatusCode::NOT_FOUND);
}

fn did(who: &str, verb: &str, day: u32) -> String {
    format!(
        r#"{{"actor":{{"mbox":"mailto:{who}@b.c"}},"verb":{{"id":"http://adlnet.gov/expapi/verbs/{verb}"}},
        "object":{{"id":"http://o/1"}},"timestamp":"2026-03-{day:02}T10:00:00Z"}}"#
    )
}

#[actix_web::test]
async fn figures_have_the_learners_behind_them() {
    let world = World::start();
    let bob = did("bob", "attempted", 1)
        .replace(r#""mbox":"mailto:bob@b.c""#, r#""account":{"homePage":"http://lms/a?c=%2F","name":"b/ö"}"#);
    let statements = [did("ada", "passed", 1), did("ada", "completed", 2), bob];
    let stored = world.post("/xapi/statements", &format!("[{}]", statements.join(","))).await;
    assert_eq!(stored.status(), StatusCode::OK, "{}", stored.text().await.unwrap());
    let summary: Value =
        world.get("/api/v1/funnels/default/summary?cohorts=month").await.json().await.unwrap();
    assert_eq!(
        (&summary["stages"][0]["reached"], &summary["cohorts"][0]["cohort"]),
        (&json!(2), &json!("2026-03"))
    );
    assert_eq!(summary["stages"][3]["reached"], 1, "{summary}");

    let passed = world.get("/api/v1/funnels/default/learners?stage=proficient").await;
    assert_ne!(header(&passed, "x-plaudit-complete-through"), "");
    let passed: Value = passed.json().await.unwrap();
    assert_eq!(passed["items"].as_array().map(Vec::len), Some(1));
    let all = world.get("/api/v1/funnels/default/learners?limit=1").await;
    let next = header(&all, "link").trim_start_matches('<').split('>').next().unwrap().to_owned();
    let second = world.get(&format!("{next}&format=csv")).await.text().await.unwrap();
    assert_eq!(second.lines().count(), 2, "{second}");

    // The identity of a learner goes into a URL as it is in the lists, percent-encoded.
    let lists: Value = world.get("/api/v1/funnels/default/learners").await.json().await.unwrap();
    let of_bob =
        lists["items"].as_array().unwrap().iter().find(|row| row["learner"].to_string().contains("b/ö"));
    let identity = of_bob.unwrap()["learner"].as_str().unwrap().to_owned();
    let story = world.get(&format!("/api/v1/learners/{}", encoded(&identity))).await;
    assert_eq!(story.status(), StatusCode::OK, "{identity}");
    assert_eq!(story.json::<Value>().await.unwrap()["learner"], json!(identity));

    let earned: Value = world.get("/api/v1/achievements/first-pass/learners").await.json().await.unwrap();
    assert_eq!(earned["items"].as_array().map(Vec::len), Some(1));
    let waiting = "/api/v1/recognition/default/expectations?status=open&as_of=2026-03-01T11:00:00Z";
    let waiting: Value = world.get(waiting).await.json().await.unwrap();
    let figures: Value = world
        .get("/api/v1/recognition/default/summary?as_of=2026-03-01T11:00:00Z")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(json!(waiting["items"].as_array().map(Vec::len)), figures["open"]);
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[actix_web::test]
async fn questions_that_make_no_sense_are_refused() {
    let world = World::start();
    let check = async |path: &str, status: u16| {
        let answer = world.get(path).await;
        assert_eq!(answer.status().as_u16(), status, "{path}");
    };
    check("/api/v1/funnels/nothing/summary", 404).await;
    check("/api/v1/funnels/default/learners?figure=reached", 400).await;
    check("/api/v1/funnels/default/learners?stage=nothing", 404).await;
    check("/api/v1/funnels/default/summary?entered_by=%7B%22colour%22:1%7D", 400).await;
    check("/api/v1/funnels/default/summary?cohort=2026", 400).await;
    check("/api/v1/achievements/nothing/learners", 404).await;
    check("/api/v1/recognition/default/expectations?status=late", 400).await;
    check("/api/v1/learners/nobody", 404).await;
    check("/api/v1/funnels/default/learners?cursor=x", 400).await;
    check("/api/v1/funnels/default/learners?limit=0", 400).await;
}

#[actix_web::test]
async fn a_written_definition_comes_to_serve() {
    let world = World::start();
    world.post("/xapi/statements", &did("ada", "passed", 1)).await;
    assert_eq!(world.get("/api/v1/funnels/default/summary").await.status(), StatusCode::OK);
    let funnel = json!({ "id": "f", "stages": [{ "id": "one" }] }).to_string();
    assert_eq!(world.put("/api/v1/funnels/f", &funnel).await.status(), StatusCode::CREATED);
    let summary: Value = world.get("/api/v1/funnels/f/summary").await.json().await.unwrap();
    assert_eq!(summary["stages"][0]["reached"], 1, "a question waits for the first build: {summary}");
    let changed = json!({ "id": "f", "stages": [{ "id": "one" }, { "id": "two" }] }).to_string();
    assert_eq!(world.put("/api/v1/funnels/f", &changed).await.status(), StatusCode::OK);
    let deadline = Instant::now() + Duration::from_secs(20);
    while world.get("/api/v1/funnels/f").await.json::<Value>().await.unwrap()["state"] != "serving" {
        assert!(Instant::now() < deadline, "it is built by now");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let summary: Value = world.get("/api/v1/funnels/f/summary").await.json().await.unwrap();
    assert_eq!(summary["stages"].as_array().map(Vec::len), Some(2));
}
