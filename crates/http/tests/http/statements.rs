//! What a client sees of `/xapi`: statements in and out, versions, credentials, scripts of other origins.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::World;
use crate::{STATEMENT, header};

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
