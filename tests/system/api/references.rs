//! Filters reach through StatementRefs, in any order of arrival.

use plaudit_tests::Plaudit;
use serde_json::{Value, json};

use crate::samples::{agent, encode, id, id_of, ids, reference, statement, verb, with};

async fn check(statements: &[&Value], query: &str, wanted: &[&Value]) {
    let plaudit = Plaudit::start();
    let client = plaudit.client();
    for one in statements {
        client.post(&format!("{}/statements", plaudit.xapi), one.to_string()).await.expect(200);
    }
    let answer = client.get(&format!("{}/statements?{query}", plaudit.xapi)).await.expect(200).json();
    let mut found = ids(&answer);
    let mut wanted: Vec<_> = wanted.iter().map(|one| id_of(one)).collect();
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted, "{query}");
}

#[tokio::test]
async fn what_refers_to_a_match_matches_transitively_and_in_any_order() {
    let a = statement("ada", "passed", "one");
    let b = reference("bob", "commented", id_of(&a));
    let c = reference("eve", "liked", id_of(&b));
    let query = format!("agent={}", encode(&agent("ada").to_string()));
    check(&[&a, &b, &c], &query, &[&a, &b, &c]).await;
    check(&[&c, &b, &a], &query, &[&a, &b, &c]).await;
    check(&[&b, &a, &c], &query, &[&a, &b, &c]).await;
    let liked = format!("verb={}", encode(&verb("liked")));
    check(&[&c, &a, &b], &liked, &[&c]).await;
}

#[tokio::test]
async fn statements_that_refer_to_each_other_end() {
    let (x, y) = (id(), id());
    let a = with(reference("ada", "liked", &y), "id", json!(x));
    let b = with(reference("bob", "shared", &x), "id", json!(y));
    let query = format!("agent={}", encode(&agent("ada").to_string()));
    check(&[&a, &b], &query, &[&a, &b]).await;
}

#[tokio::test]
async fn what_refers_to_a_voided_statement_still_appears() {
    let a = statement("ada", "passed", "one");
    let b = reference("bob", "commented", id_of(&a));
    let void = reference("admin", "voided", id_of(&a));
    let query = format!("agent={}", encode(&agent("ada").to_string()));
    check(&[&a, &b, &void], &query, &[&b, &void]).await;
    check(&[&void, &b, &a], &query, &[&b, &void]).await;
}
