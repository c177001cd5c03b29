//! `GET /xapi/statements`: filters, order, pages, formats, wrong parameters.

use plaudit_tests::{Answer, Plaudit};
use reqwest::Method;
use serde_json::{Value, json};

use crate::samples::{activity, agent, encode, id, id_of, ids, statement, verb, with};

async fn store(plaudit: &Plaudit, statements: &[Value]) {
    for one in statements {
        let url = format!("{}/statements", plaudit.xapi);
        plaudit.client().post(&url, one.to_string()).await.expect(200);
    }
}

async fn find(plaudit: &Plaudit, query: &str) -> Answer {
    plaudit.client().get(&format!("{}/statements?{query}", plaudit.xapi)).await
}

/// Fails unless the query finds exactly these, newest first.
async fn check(plaudit: &Plaudit, query: &str, newest_first: &[&Value]) {
    let found = find(plaudit, query).await.expect(200).json();
    let wanted: Vec<_> = newest_first.iter().map(|one| id_of(one)).collect();
    assert_eq!(ids(&found), wanted, "{query}");
}

#[tokio::test]
async fn each_filter_finds_what_it_names_and_filters_join_by_and() {
    let plaudit = Plaudit::start();
    let registration = id();
    let context = json!({
        "registration": registration,
        "instructor": agent("ina"),
        "contextActivities": { "parent": [{ "id": activity("programme") }] },
    });
    let a = with(statement("ada", "passed", "one"), "context", context);
    let b = statement("bob", "passed", "one");
    let c = statement("ada", "failed", "two");
    store(&plaudit, &[a.clone(), b.clone(), c.clone()]).await;
    let ada = encode(&agent("ada").to_string());
    let ina = encode(&agent("ina").to_string());
    let passed = encode(&verb("passed"));
    check(&plaudit, "", &[&c, &b, &a]).await;
    check(&plaudit, &format!("agent={ada}"), &[&c, &a]).await;
    check(&plaudit, &format!("verb={passed}"), &[&b, &a]).await;
    check(&plaudit, &format!("agent={ada}&verb={passed}"), &[&a]).await;
    check(&plaudit, &format!("activity={}", encode(&activity("one"))), &[&b, &a]).await;
    check(&plaudit, &format!("activity={}", encode(&activity("programme"))), &[]).await;
    let related = format!("activity={}&related_activities=true", encode(&activity("programme")));
    check(&plaudit, &related, &[&a]).await;
    check(&plaudit, &format!("registration={registration}"), &[&a]).await;
    check(&plaudit, &format!("registration={}", registration.to_uppercase()), &[&a]).await;
    check(&plaudit, &format!("agent={ina}"), &[]).await;
    check(&plaudit, &format!("agent={ina}&related_agents=true"), &[&a]).await;
    check(&plaudit, "ascending=true", &[&a, &b, &c]).await;
    check(&plaudit, "limit=1", &[&c]).await;
}

#[tokio::test]
async fn since_is_exclusive_and_until_inclusive() {
    let plaudit = Plaudit::start();
    let all: Vec<_> = (0..3).map(|n| statement("ada", "passed", &n.to_string())).collect();
    store(&plaudit, &all).await;
    let found = find(&plaudit, "").await.json();
    let middle = found["statements"][1]["stored"].as_str().unwrap();
    check(&plaudit, &format!("since={middle}"), &[&all[2]]).await;
    check(&plaudit, &format!("until={middle}"), &[&all[1], &all[0]]).await;
    check(&plaudit, &format!("since={middle}&until={middle}"), &[]).await;
}

#[tokio::test]
async fn pages_give_each_statement_once_also_after_a_restart() {
    let plaudit = Plaudit::start();
    let mut all: Vec<_> = (0..25).map(|n| statement("ada", "answered", &n.to_string())).collect();
    all.iter_mut().for_each(|one| one["object"]["definition"] = json!({ "name": { "en": "Question" } }));
    let other: Vec<_> = (0..5).map(|n| statement("bob", "answered", &n.to_string())).collect();
    store(&plaudit, &all).await;
    store(&plaudit, &other).await;
    let query = format!("limit=10&agent={}&format=ids", encode(&agent("ada").to_string()));
    let mut page = find(&plaudit, &query).await.expect(200).json();
    let mut found: Vec<String> = Vec::new();
    let plaudit = plaudit.restart();
    loop {
        found.extend(ids(&page).into_iter().map(str::to_owned));
        let more = page["more"].as_str().unwrap_or_default().to_owned();
        if more.is_empty() {
            break;
        }
        assert!(more.starts_with("/xapi/statements"), "{more}");
        let host = plaudit.xapi.trim_end_matches("/xapi");
        page = plaudit.client().get(&format!("{host}{more}")).await.expect(200).json();
        assert!(page["statements"][0]["object"].get("definition").is_none(), "format=ids is kept");
    }
    let wanted: Vec<_> = all.iter().rev().map(|one| id_of(one).to_owned()).collect();
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn members_of_groups_are_agents_and_hashes_of_mailboxes_are_not() {
    let plaudit = Plaudit::start();
    let group = json!({ "objectType": "Group", "member": [agent("ada"), agent("bob")] });
    let a = with(statement("x", "passed", "one"), "actor", group);
    let b = with(statement("eve", "met", "x"), "object", with(agent("bob"), "objectType", json!("Agent")));
    store(&plaudit, &[a.clone(), b.clone()]).await;
    check(&plaudit, &format!("agent={}", encode(&agent("ada").to_string())), &[&a]).await;
    check(&plaudit, &format!("agent={}", encode(&agent("bob").to_string())), &[&b, &a]).await;
    // SHA-1 of mailto:ada@example.com
    let sum = json!({ "mbox_sha1sum": "d7b8bd7e6c5ad5ef0aff1ef2ea4b8c4eeea26fa6" });
    check(&plaudit, &format!("agent={}", encode(&sum.to_string())), &[]).await;
}

#[tokio::test]
async fn formats_reduce_what_is_shown() {
    let plaudit = Plaudit::start();
    let mut sent = statement("ada", "passed", "one");
    sent["actor"]["name"] = json!("Ada");
    sent["verb"]["display"] = json!({ "en": "passed", "de": "bestanden" });
    sent["object"]["definition"] = json!({ "name": { "en": "One", "de": "Eins" } });
    store(&plaudit, std::slice::from_ref(&sent)).await;
    let exact = find(&plaudit, "format=exact").await.json()["statements"][0].clone();
    assert_eq!(exact["object"], sent["object"]);
    let reduced = find(&plaudit, "format=ids").await.json()["statements"][0].clone();
    assert_eq!(reduced["actor"]["mbox"], "mailto:ada@example.com");
    assert!(reduced["actor"].get("name").is_none());
    assert!(reduced["object"].get("definition").is_none());
    let url = format!("{}/statements?format=canonical", plaudit.xapi);
    let request = plaudit.client().request(Method::GET, &url).header("Accept-Language", "de-AT, en;q=0.5");
    let canonical = Answer::of(request).await.expect(200).json()["statements"][0].clone();
    assert_eq!(canonical["verb"]["display"], json!({ "de": "bestanden" }));
    assert_eq!(canonical["object"]["definition"]["name"], json!({ "de": "Eins" }));
}

#[tokio::test]
async fn wrong_parameters_are_refused_with_a_reason() {
    let plaudit = Plaudit::start();
    let one = statement("ada", "passed", "one");
    store(&plaudit, std::slice::from_ref(&one)).await;
    let known = id_of(&one);
    for query in [
        "colour=red".to_owned(),
        "Verb=http://a.example/b".into(),
        "limit=-1".into(),
        "limit=many".into(),
        "ascending=yes".into(),
        "agent=ada".into(),
        format!("agent={}", encode(r#"{"name":"Ada"}"#)),
        "verb=not-an-iri".into(),
        "registration=1".into(),
        "since=yesterday".into(),
        "format=short".into(),
        "statementId=1".into(),
        format!("statementId={known}&verb={}", encode(&verb("passed"))),
        format!("statementId={known}&voidedStatementId={known}"),
        format!("voidedStatementId={known}&limit=1"),
        "more=not-a-cursor".into(),
    ] {
        let answer = find(&plaudit, &query).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
        assert!(answer.json()["detail"].is_string(), "{query}");
        assert_ne!(answer.header("x-experience-api-consistent-through"), "", "{query}");
    }
    assert_eq!(find(&plaudit, &format!("statementId={known}&format=ids")).await.status, 200);
    assert_eq!(find(&plaudit, &format!("statementId={}", id())).await.status, 404);
}

#[tokio::test]
async fn consistent_through_moves_without_traffic_and_never_back() {
    let plaudit = Plaudit::start();
    let mut last = String::new();
    for _ in 0..5 {
        let answer = find(&plaudit, "limit=1").await.expect(200);
        let through = answer.header("x-experience-api-consistent-through").to_owned();
        assert!(through > last, "{through} after {last}");
        last = through;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
