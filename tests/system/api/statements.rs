//! `/xapi/statements`: writing, reading back, duplicates, versions.

use plaudit_tests::{Answer, Client, Plaudit};
use reqwest::Method;
use serde_json::{Value, json};

use crate::samples::{id, id_of, ids, reference, statement, with};

async fn post(plaudit: &Plaudit, body: &Value) -> Answer {
    plaudit.client().post(&format!("{}/statements", plaudit.xapi), body.to_string()).await
}

async fn by_id(plaudit: &Plaudit, id: &str) -> Answer {
    plaudit.client().get(&format!("{}/statements?statementId={id}", plaudit.xapi)).await
}

#[tokio::test]
async fn a_statement_comes_back_with_what_the_store_adds() {
    let plaudit = Plaudit::start();
    let sent = statement("ada", "passed", "course/1");
    assert_eq!(post(&plaudit, &sent).await.expect(200).json(), json!([id_of(&sent)]));
    let answer = by_id(&plaudit, id_of(&sent)).await.expect(200);
    let found = answer.json();
    for property in ["id", "actor", "verb", "object"] {
        assert_eq!(found[property], sent[property]);
    }
    assert_eq!(found["timestamp"], found["stored"]);
    assert!(found["version"].as_str().is_some_and(|version| version.starts_with("1.0")));
    assert!(found["authority"]["account"]["name"].is_string() || found["authority"]["mbox"].is_string());
    assert_eq!(answer.header("x-experience-api-version"), "1.0.3");
    assert_ne!(answer.header("x-experience-api-consistent-through"), "");
    assert_ne!(answer.header("last-modified"), "");
}

#[tokio::test]
async fn the_clients_bytes_survive() {
    let plaudit = Plaudit::start();
    let statement_id = id();
    let extension = r#"{"https://x.example/e" : {"z":1,"a":1.50, "big":12345678901234567890123.4500,"n":null,"u":"\u00e9"}}"#;
    let body = format!(
        r#"{{"id":"{statement_id}","verb":{{"id":"http://adlnet.gov/expapi/verbs/passed"}},"actor":{{"mbox":"mailto:bytes@example.com"}},
        "object":{{"id":"https://lms.example.com/b"}},"result":{{"extensions":{extension},"duration":"PT1.00500S"}},"timestamp":"2026-01-05T10:00:00.1234567+02:00"}}"#
    );
    plaudit.client().post(&format!("{}/statements", plaudit.xapi), body).await.expect(200);
    let text = by_id(&plaudit, &statement_id).await.expect(200).text();
    for part in
        [extension, r#""duration":"PT1.00500S""#, r#""timestamp":"2026-01-05T10:00:00.1234567+02:00""#]
    {
        assert!(text.contains(part), "`{part}` is not in {text}");
    }
}

#[tokio::test]
async fn a_batch_is_all_or_nothing() {
    let plaudit = Plaudit::start();
    let good = statement("ada", "passed", "course/1");
    let bad = with(statement("ada", "passed", "course/1"), "colour", json!("red"));
    let answer = post(&plaudit, &json!([good, bad])).await.expect(400);
    let problem = answer.json();
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert!(problem.to_string().contains("/1/colour"), "{problem}");
    by_id(&plaudit, id_of(&good)).await.expect(404);
}

#[tokio::test]
async fn two_equal_ids_in_one_batch_are_refused() {
    let plaudit = Plaudit::start();
    let one = statement("ada", "passed", "course/1");
    assert_eq!(post(&plaudit, &json!([one, one])).await.status, 400);
    assert_eq!(by_id(&plaudit, id_of(&one)).await.status, 404);
}

#[tokio::test]
async fn a_resent_batch_is_accepted_and_a_different_statement_is_a_conflict() {
    let plaudit = Plaudit::start();
    let batch = json!([statement("ada", "attempted", "a"), statement("ada", "passed", "b")]);
    let first = post(&plaudit, &batch).await.expect(200).json();
    let stored = by_id(&plaudit, id_of(&batch[0])).await.expect(200).text();
    assert_eq!(post(&plaudit, &batch).await.expect(200).json(), first);

    let longer = json!([batch[1], statement("ada", "completed", "c")]);
    assert_eq!(post(&plaudit, &longer).await.status, 200);
    let other = json!([
        statement("ada", "completed", "d"),
        with(batch[0].clone(), "actor", crate::samples::agent("eve"))
    ]);
    assert_eq!(post(&plaudit, &other).await.status, 409);
    assert_eq!(by_id(&plaudit, id_of(&other[0])).await.status, 404, "the batch of a conflict is not stored");
    assert_eq!(by_id(&plaudit, id_of(&batch[0])).await.text(), stored, "what is stored never changes");
    let all = plaudit.client().get(&format!("{}/statements", plaudit.xapi)).await.expect(200).json();
    assert_eq!(ids(&all).len(), 3);
}

#[tokio::test]
async fn put_stores_under_the_id_of_the_parameter() {
    let plaudit = Plaudit::start();
    let client = plaudit.client();
    let sent = statement("ada", "passed", "course/1");
    let url = format!("{}/statements?statementId={}", plaudit.xapi, id_of(&sent));
    let answer = client.put(&url, sent.to_string()).await.expect(204);
    assert!(answer.body.is_empty());
    assert_eq!(client.put(&url, sent.to_string()).await.status, 204);
    let mut without_id = sent.clone();
    without_id.as_object_mut().unwrap().remove("id");
    assert_eq!(client.put(&url, without_id.to_string()).await.status, 204);
    let other = with(sent.clone(), "actor", crate::samples::agent("eve"));
    assert_eq!(client.put(&url, other.to_string()).await.status, 409);
    assert_eq!(client.put(&url, with(sent.clone(), "id", json!(id())).to_string()).await.status, 400);
    let nowhere = format!("{}/statements", plaudit.xapi);
    assert_eq!(client.put(&nowhere, sent.to_string()).await.status, 400);
    assert_eq!(client.put(&url, json!([sent]).to_string()).await.status, 400);
}

#[tokio::test]
async fn the_version_header_is_required_and_answered() {
    let plaudit = Plaudit::start();
    let (key, secret) = plaudit.credential();
    let url = format!("{}/statements", plaudit.xapi);
    let get = |version: Option<&str>| {
        let request = reqwest::Client::new().get(&url).basic_auth(key, Some(secret));
        Answer::of(match version {
            Some(version) => request.header("X-Experience-API-Version", version),
            None => request,
        })
    };
    for (asked, status, answered) in [
        (Some("1.0.3"), 200, "1.0.3"),
        (Some("1.0"), 200, "1.0.3"),
        (Some("1.0.0"), 200, "1.0.3"),
        (Some("2.0.0"), 200, "2.0.0"),
        (Some("0.9"), 400, ""),
        (Some("1.1.0"), 400, ""),
        (None, 400, ""),
    ] {
        let answer = get(asked).await.expect(status);
        let version = answer.header("x-experience-api-version");
        assert!(!version.is_empty() && (answered.is_empty() || version == answered), "{asked:?}: {version}");
    }
}

#[tokio::test]
async fn version_2_takes_context_agents_and_1_0_3_does_not() {
    let plaudit = Plaudit::start();
    let agents =
        json!({ "contextAgents": [{ "objectType": "contextAgent", "agent": crate::samples::agent("bob") }] });
    let sent = with(statement("ada", "passed", "course/1"), "context", agents);
    assert_eq!(post(&plaudit, &sent).await.status, 400);
    let url = format!("{}/statements", plaudit.xapi);
    let (key, secret) = plaudit.credential();
    let request = reqwest::Client::new().post(&url).basic_auth(key, Some(secret));
    let request =
        request.header("X-Experience-API-Version", "2.0.0").header("Content-Type", "application/json");
    Answer::of(request.body(sent.to_string())).await.expect(200);
    let found = by_id(&plaudit, id_of(&sent)).await.expect(200).json();
    assert_eq!(found["version"], "2.0.0");
    assert_eq!(found["context"], sent["context"]);
}

#[tokio::test]
async fn a_voided_statement_is_found_only_as_voided() {
    let plaudit = Plaudit::start();
    let target = statement("ada", "passed", "course/1");
    let void = reference("admin", "voided", id_of(&target));
    // The voiding statement may come first.
    post(&plaudit, &void).await.expect(200);
    post(&plaudit, &target).await.expect(200);
    assert_eq!(by_id(&plaudit, id_of(&target)).await.status, 404);
    let url = format!("{}/statements?voidedStatementId={}", plaudit.xapi, id_of(&target));
    assert_eq!(plaudit.client().get(&url).await.expect(200).json()["id"], target["id"]);
    let all = plaudit.client().get(&format!("{}/statements", plaudit.xapi)).await.json();
    assert_eq!(ids(&all), [id_of(&void)]);
    // A voiding statement cannot be voided.
    let again = reference("admin", "voided", id_of(&void));
    post(&plaudit, &again).await.expect(200);
    assert_eq!(by_id(&plaudit, id_of(&void)).await.status, 200);
    assert_eq!(plaudit.client().get(&url).await.status, 200);
}

#[tokio::test]
async fn voided_has_to_refer_to_a_statement() {
    let plaudit = Plaudit::start();
    assert_eq!(post(&plaudit, &statement("ada", "voided", "course/1")).await.status, 400);
}

#[tokio::test]
async fn head_gives_the_headers_of_get() {
    let plaudit = Plaudit::start();
    let sent = statement("ada", "passed", "course/1");
    post(&plaudit, &sent).await.expect(200);
    let url = format!("{}/statements?statementId={}", plaudit.xapi, id_of(&sent));
    let answer = Answer::of(plaudit.client().request(Method::HEAD, &url)).await.expect(200);
    assert!(answer.body.is_empty());
    assert_ne!(answer.header("x-experience-api-consistent-through"), "");
    let list = format!("{}/statements", plaudit.xapi);
    assert_eq!(Answer::of(plaudit.client().request(Method::HEAD, &list)).await.status, 200);
}

#[tokio::test]
async fn a_wrong_credential_sees_nothing() {
    let plaudit = Plaudit::start();
    let url = format!("{}/statements", plaudit.xapi);
    for (key, secret) in [("tests", "wrong"), ("wrong", "tests-secret"), ("", ""), ("tests", "")] {
        assert_eq!(Client::new(key, secret).get(&url).await.status, 401);
        assert_eq!(
            Client::new(key, secret).post(&url, statement("a", "passed", "b").to_string()).await.status,
            401
        );
    }
}

#[tokio::test]
async fn many_clients_with_the_same_ids_store_each_once() {
    let plaudit = Plaudit::start();
    let batch = Value::Array((0..20).map(|n| statement("ada", "answered", &format!("q/{n}"))).collect());
    let mut reversed = batch.clone();
    reversed.as_array_mut().unwrap().reverse();
    let tasks: Vec<_> = (0..16)
        .map(|n| {
            let (client, url) = (plaudit.client(), format!("{}/statements", plaudit.xapi));
            let body = if n % 2 == 0 { batch.to_string() } else { reversed.to_string() };
            tokio::spawn(async move { client.post(&url, body).await.status })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 200);
    }
    let all = plaudit.client().get(&format!("{}/statements?limit=100", plaudit.xapi)).await.json();
    assert_eq!(ids(&all).len(), 20);
}
