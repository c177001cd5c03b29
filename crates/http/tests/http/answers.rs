//! Figures, lists and tables.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::world::World;
use crate::{did, header};

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
