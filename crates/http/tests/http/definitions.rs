//! Definitions as documents.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::World;
use crate::{did, header};

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
