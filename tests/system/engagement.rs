//! The engagement model over a whole term: what the server answers equals a slow, obvious computation.

mod model;

use std::collections::BTreeMap;

use plaudit_simulate::{Delivery, Term, TermOptions};
use plaudit_tests::Plaudit;
use serde_json::{Value, json};

use crate::engagement::model::Learner;
use crate::samples::{encode, id_of, reference, statement_at};

/// After everything that happens in the tests, and within a month of it.
const AS_OF: &str = "2026-04-15T00:00:00Z";

async fn post(plaudit: &Plaudit, delivery: &Delivery) {
    plaudit.client().post(&format!("{}/statements", plaudit.xapi), delivery.body()).await.expect(200);
}

/// Every statement that the server has, voided ones included.
async fn everything(plaudit: &Plaudit) -> Vec<Value> {
    let client = plaudit.client();
    let host = plaudit.xapi.trim_end_matches("/xapi").to_owned();
    let mut all: Vec<Value> = Vec::new();
    let mut url = format!("{}/statements", plaudit.xapi);
    loop {
        let page = client.get(&url).await.expect(200).json();
        all.extend(page["statements"].as_array().expect("a list").iter().cloned());
        match page["more"].as_str().filter(|more| !more.is_empty()) {
            Some(more) => url = format!("{host}{more}"),
            None => break,
        }
    }
    let voids: Vec<String> = all
        .iter()
        .filter(|one| one["verb"]["id"] == "http://adlnet.gov/expapi/verbs/voided")
        .map(|one| one["object"]["id"].as_str().expect("an id").to_owned())
        .collect();
    for id in voids {
        let url = format!("{}/statements?voidedStatementId={id}", plaudit.xapi);
        all.push(client.get(&url).await.expect(200).json());
    }
    all
}

/// What the server says of a learner, in the words of the model.
async fn story(plaudit: &Plaudit, learner: &str) -> Learner {
    let url = format!("{}/learners/{}?as_of={AS_OF}", plaudit.api, encode(learner));
    let story = plaudit.client().get(&url).await.expect(200).json();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let key = |one: &Value| {
        let occurrence = one["occurrence"].as_u64().expect("a number");
        (text(&one["achievement"]), usize::try_from(occurrence).expect("small"))
    };
    let entered =
        list(&story["funnels"][0]["stages"]).into_iter().filter(|stage| stage["statement"].is_string());
    let stages = entered.map(|stage| text(&stage["statement"])).collect();
    let earned = list(&story["achievements"]).into_iter().filter(|one| one.get("revoked").is_none());
    let achievements = earned.map(|one| (key(&one), text(&one["statement"]))).collect();
    let met = |one: &Value| one["met"]["statement"].as_str().map(str::to_owned);
    let recognition = list(&story["recognition"]).iter().map(|one| (key(one), met(one))).collect();
    Learner { stages, achievements, recognition }
}

async fn check(plaudit: &Plaudit) {
    let wanted = model::learners(&everything(plaudit).await);
    assert!(!wanted.is_empty());
    for (learner, wanted) in &wanted {
        assert_eq!(&story(plaudit, learner).await, wanted, "{learner}");
    }
    check_summary(plaudit, &wanted).await;
}

/// The funnel's figures are counts over the learners.
async fn check_summary(plaudit: &Plaudit, wanted: &BTreeMap<String, Learner>) {
    let url = format!("{}/funnels/default/summary?as_of={AS_OF}", plaudit.api);
    let summary = plaudit.client().get(&url).await.expect(200).json();
    for (index, stage) in summary["stages"].as_array().expect("stages").iter().enumerate() {
        let reached = wanted.values().filter(|learner| learner.stages.len() > index).count();
        let current = wanted.values().filter(|learner| learner.stages.len() == index + 1).count();
        assert_eq!(stage["reached"], reached, "{stage}");
        assert_eq!(stage["current"], current, "{stage}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_term_gives_what_the_slow_model_says() {
    let plaudit = Plaudit::start();
    for delivery in Term::new(TermOptions { learners: 50, days: 70, seed: 21, ..TermOptions::default() }) {
        post(&plaudit, &delivery).await;
    }
    check(&plaudit).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_of_arrival_does_not_matter() {
    let options = TermOptions { learners: 25, days: 42, seed: 4, batch: 7, ..TermOptions::default() };
    let plaudit = Plaudit::start();
    let mut deliveries: Vec<Delivery> = Term::new(options).collect();
    // Backwards, and every third one again later.
    deliveries.reverse();
    let again: Vec<Delivery> = deliveries.iter().step_by(3).cloned().collect();
    for delivery in deliveries.iter().chain(&again) {
        post(&plaudit, delivery).await;
    }
    check(&plaudit).await;
    let plaudit = plaudit.crash();
    check(&plaudit).await;
}

#[tokio::test]
async fn praise_and_a_void_change_the_row_of_another_learner() {
    let plaudit = Plaudit::start();
    let passed = statement_at("ada", "passed", "course/1", "2026-03-02T09:00:00Z");
    let praised = crate::samples::with(
        reference("bob", "praised", id_of(&passed)),
        "timestamp",
        json!("2026-03-02T10:00:00Z"),
    );
    let send = async |one: &Value| {
        let url = format!("{}/statements", plaudit.xapi);
        plaudit.client().post(&url, one.to_string()).await.expect(200);
    };
    // The praise comes before what it praises.
    send(&praised).await;
    send(&passed).await;
    let ada = story(&plaudit, "mailto:ada@example.com").await;
    let first_pass = ("first-pass".to_owned(), 1);
    assert_eq!(ada.stages.len(), 4);
    assert_eq!(ada.recognition[&first_pass].as_deref(), Some(id_of(&praised)));

    send(&reference("admin", "voided", id_of(&praised))).await;
    assert_eq!(story(&plaudit, "mailto:ada@example.com").await.recognition[&first_pass], None);

    send(&reference("admin", "voided", id_of(&passed))).await;
    let ada = story(&plaudit, "mailto:ada@example.com").await;
    assert_eq!(ada, Learner::default());
}
