//! `/xapi/about`.

use plaudit_tests::{Answer, Plaudit};
use reqwest::{Client, Method};
use serde_json::json;

#[tokio::test]
async fn about_needs_neither_credential_nor_version() {
    let plaudit = Plaudit::start();
    let answer = Answer::of(Client::new().get(format!("{}/about", plaudit.xapi))).await.expect(200);
    let versions = answer.json()["version"].clone();
    assert!(
        versions.as_array().is_some_and(|all| all.contains(&json!("1.0.3")) && all.contains(&json!("2.0.0")))
    );
    assert_ne!(answer.header("x-experience-api-version"), "");
}

#[tokio::test]
async fn head_answers_as_get_without_a_body() {
    let plaudit = Plaudit::start();
    let url = format!("{}/about", plaudit.xapi);
    let answer = Answer::of(plaudit.client().request(Method::HEAD, &url)).await.expect(200);
    assert!(answer.body.is_empty());
    assert_ne!(answer.header("x-experience-api-version"), "");
}

#[tokio::test]
async fn a_preflight_needs_no_credential() {
    let plaudit = Plaudit::start();
    let request = Client::new()
        .request(Method::OPTIONS, format!("{}/statements", plaudit.xapi))
        .header("Origin", "https://content.example.com")
        .header("Access-Control-Request-Method", "PUT")
        .header("Access-Control-Request-Headers", "authorization,content-type,x-experience-api-version");
    let answer = Answer::of(request).await;
    assert!((200..300).contains(&answer.status), "{}", answer.status);
    assert!(answer.header("access-control-allow-methods").contains("PUT"));
    let allowed = answer.header("access-control-allow-headers").to_ascii_lowercase();
    assert!(allowed.contains("x-experience-api-version"), "{allowed}");
}

#[tokio::test]
async fn errors_carry_cors_and_version_headers() {
    let plaudit = Plaudit::start();
    let request = Client::new()
        .get(format!("{}/statements", plaudit.xapi))
        .header("Origin", "https://content.example.com")
        .header("X-Experience-API-Version", "1.0.3");
    let answer = Answer::of(request).await.expect(401);
    assert_ne!(answer.header("access-control-allow-origin"), "");
    assert_ne!(answer.header("x-experience-api-version"), "");
    assert!(answer.header("www-authenticate").starts_with("Basic"));
    assert_eq!(answer.header("content-type"), "application/problem+json");
}
