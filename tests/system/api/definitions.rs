//! `/api/v1` definitions: written, versioned, refused with the place of the fault, and served once they are built.

use plaudit_tests::{Answer, Plaudit};
use reqwest::Method;
use serde_json::{Value, json};

use crate::samples::{statement_at, verb};

fn funnel(within: &str) -> Value {
    json!({
        "id": "onboarding", "title": "Onboarding", "order": "ordered",
        "stages": [
            { "id": "started", "title": "Started", "match": { "verb": [verb("attempted")] } },
            { "id": "passed", "title": "Passed", "match": { "result": { "success": true } }, "within": within },
        ],
    })
}

async fn with_two_learners() -> Plaudit {
    let plaudit = Plaudit::start();
    let mut passed = statement_at("ada", "passed", "one", "2026-03-20T09:00:00Z");
    passed["result"] = json!({ "success": true });
    let batch = json!([
        statement_at("ada", "attempted", "one", "2026-03-02T09:00:00Z"),
        passed,
        statement_at("bob", "attempted", "one", "2026-03-02T09:00:00Z"),
    ]);
    plaudit.client().post(&format!("{}/statements", plaudit.xapi), batch.to_string()).await.expect(200);
    plaudit
}

/// Waits until the summary counts so many in the funnel's second stage.
async fn check_passed(plaudit: &Plaudit, reached: u64) {
    let url = format!("{}/funnels/onboarding/summary", plaudit.api);
    let done = |answer: &Answer| answer.status == 200 && answer.json()["stages"][1]["reached"] == reached;
    plaudit.client().get_until(&url, done).await;
}

#[tokio::test]
async fn a_funnel_is_built_from_what_is_there_and_again_when_it_changes() {
    let plaudit = with_two_learners().await;
    let client = plaudit.client();
    let url = format!("{}/funnels/onboarding", plaudit.api);
    let first = client.put(&url, funnel("P60D").to_string()).await;
    assert!(matches!(first.status, 200 | 201), "{}", first.text());
    check_passed(&plaudit, 1).await;

    let second = client.put(&url, funnel("P7D").to_string()).await.expect(200);
    assert_ne!(first.header("etag"), second.header("etag"));
    check_passed(&plaudit, 0).await;
    let plaudit = plaudit.crash();
    check_passed(&plaudit, 0).await;

    let client = plaudit.client();
    let url = format!("{}/funnels/onboarding", plaudit.api);
    assert_eq!(client.send(Method::DELETE, &url, "").await.status, 204);
    assert_eq!(client.get(&url).await.status, 404);
    assert_eq!(client.get(&format!("{}/funnels/default", plaudit.api)).await.status, 200);
}

#[tokio::test]
async fn a_default_stays_beside_others_and_comes_back_when_its_replacement_goes() {
    let plaudit = Plaudit::start();
    let client = plaudit.client();
    let default = format!("{}/funnels/default", plaudit.api);
    let built_in = client.get(&default).await.expect(200).json()["document"].clone();
    client.put(&format!("{}/funnels/onboarding", plaudit.api), funnel("P1M").to_string()).await.expect(201);
    assert_eq!(client.get(&default).await.expect(200).json()["document"], built_in);

    let mut own = funnel("P1M");
    own["id"] = json!("default");
    client.put(&default, own.to_string()).await.expect(201);
    assert_eq!(client.get(&default).await.expect(200).json()["document"]["title"], "Onboarding");
    assert_eq!(client.send(Method::DELETE, &default, "").await.status, 204);
    assert_eq!(client.get(&default).await.expect(200).json()["document"], built_in);
}

#[tokio::test]
async fn a_stale_write_is_refused() {
    let plaudit = Plaudit::start();
    let client = plaudit.client();
    let url = format!("{}/funnels/onboarding", plaudit.api);
    let old = client.put(&url, funnel("P1M").to_string()).await.header("etag").to_owned();
    client.put(&url, funnel("P2M").to_string()).await.expect(200);
    let request = client.request(Method::PUT, &url).header("If-Match", old);
    let answer =
        Answer::of(request.header("Content-Type", "application/json").body(funnel("P3M").to_string())).await;
    assert_eq!(answer.status, 412);
}

#[tokio::test]
async fn faults_point_into_the_document() {
    let plaudit = Plaudit::start();
    let url = format!("{}/funnels/onboarding", plaudit.api);
    let mut faulty = funnel("sixty days");
    faulty["stages"][0]["match"] = json!({ "verbs": ["http://a.example/b"] });
    let answer = plaudit.client().put(&url, faulty.to_string()).await.expect(422);
    let problem = answer.json();
    let pointers: Vec<_> =
        problem["errors"].as_array().expect("errors").iter().map(|one| &one["pointer"]).collect();
    assert!(pointers.contains(&&json!("/stages/1/within")), "{problem}");
    assert!(problem.to_string().contains("/stages/0/match"), "{problem}");
    assert_eq!(plaudit.client().get(&url).await.status, 404);
}

#[tokio::test]
async fn achievements_that_need_each_other_are_refused() {
    let plaudit = Plaudit::start();
    let rule = |id: &str, other: &str| json!({ "id": id, "title": id, "all_of": [other] }).to_string();
    let put = async |id: &str, other: &str| {
        plaudit.client().put(&format!("{}/achievements/{id}", plaudit.api), rule(id, other)).await
    };
    assert_eq!(put("a", "first-pass").await.expect(201).json()["version"], 1);
    assert_eq!(put("b", "a").await.expect(201).json()["version"], 1);
    let answer = put("a", "b").await.expect(422);
    assert!(answer.text().contains("all_of"), "{}", answer.text());
}
