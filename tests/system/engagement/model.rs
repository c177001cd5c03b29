//! The default definitions, computed from a list of statements as slowly and obviously as can be.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::Value;

/// Everything about one learner.
#[derive(Debug, Default, PartialEq)]
pub struct Learner {
    /// Of the default funnel: the statement at which each stage was entered.
    pub stages: Vec<String>,
    /// (achievement, occurrence) -> the statement at which it was earned.
    pub achievements: BTreeMap<(String, usize), String>,
    /// (achievement, occurrence) -> the statement that recognised it, if any.
    pub recognition: BTreeMap<(String, usize), Option<String>>,
}

struct One<'a> {
    time: Timestamp,
    stored: Timestamp,
    id: &'a str,
    learner: String,
    word: &'a str,
    json: &'a Value,
}

/// An achievement as it was earned.
struct Earned {
    time: Timestamp,
    at: String,
    evidence: Vec<String>,
}

const ENGAGED: [&str; 4] = ["attempted", "progressed", "interacted", "answered"];
const ADVOCATE: [&str; 7] =
    ["shared", "recommended", "endorsed", "mentored", "praised", "liked", "commented"];
const PRAISE: [&str; 2] = ["praised", "endorsed"];

/// All learners, from all statements that were ever stored.
pub fn learners(statements: &[Value]) -> BTreeMap<String, Learner> {
    let voided: BTreeSet<&str> = statements
        .iter()
        .filter(|one| one["verb"]["id"] == "http://adlnet.gov/expapi/verbs/voided")
        .map(|one| text(&one["object"]["id"]))
        .collect();
    let is_void = |one: &Value| one["verb"]["id"] == "http://adlnet.gov/expapi/verbs/voided";
    let mut all: Vec<One<'_>> = statements
        .iter()
        .filter(|one| is_void(one) || !voided.contains(text(&one["id"])))
        .map(read)
        .collect();
    all.sort_by(|a, b| (a.time, a.stored, a.id).cmp(&(b.time, b.stored, b.id)));
    let names: BTreeSet<String> = statements.iter().map(|one| learner(&one["actor"])).collect();
    names.into_iter().map(|name| (name.clone(), one_learner(&name, &all))).collect()
}

fn one_learner(name: &str, all: &[One<'_>]) -> Learner {
    let own: Vec<&One<'_>> = all.iter().filter(|one| one.learner == name).collect();
    let mut result = Learner { stages: funnel(&own), ..Learner::default() };
    for (achievement, earned) in achievements(&own) {
        for (index, one) in earned.into_iter().enumerate() {
            let key = (achievement.to_owned(), index + 1);
            result.recognition.insert(key.clone(), recognised(name, &one, all));
            result.achievements.insert(key, one.at);
        }
    }
    result
}

/// Stage after stage, each at the first statement that fulfils it or a later one, from the stage before on.
fn funnel(own: &[&One<'_>]) -> Vec<String> {
    let mut entered = Vec::new();
    let mut from = 0;
    for stage in 0..5 {
        let first = (stage..5).filter_map(|later| fulfilled(later, from, own)).min();
        let Some(position) = first else { break };
        entered.push(own[position].id.to_owned());
        from = position;
    }
    entered
}

fn fulfilled(stage: usize, from: usize, own: &[&One<'_>]) -> Option<usize> {
    (from..own.len()).find(|&at| match stage {
        0 => true,
        1 => own[from..=at].iter().map(|one| day(one)).collect::<BTreeSet<_>>().len() >= 2,
        2 => ENGAGED.contains(&own[at].word),
        3 => proficient(own[at]),
        _ => ADVOCATE.contains(&own[at].word),
    })
}

fn proficient(one: &One<'_>) -> bool {
    let result = &one.json["result"];
    let scaled = result["score"]["scaled"].as_f64().is_some_and(|scaled| scaled >= 0.8);
    ["passed", "mastered"].contains(&one.word)
        || one.word == "completed" && result["success"] == true
        || scaled
}

fn achievements(own: &[&One<'_>]) -> Vec<(&'static str, Vec<Earned>)> {
    let of = |words: &[&str]| -> Vec<&One<'_>> {
        own.iter().copied().filter(|one| words.contains(&one.word)).collect()
    };
    let first = |words: &[&str]| of(words).first().map(|one| earn(&[one])).into_iter().collect::<Vec<_>>();
    let pass = first(&["passed", "mastered"]);
    let share = first(&["shared"]);
    let both = match (pass.first(), share.first()) {
        (Some(a), Some(b)) => {
            let later = if position(own, &a.at) >= position(own, &b.at) { a } else { b };
            let evidence = a.evidence.iter().chain(&b.evidence).cloned().collect();
            vec![Earned { time: later.time, at: later.at.clone(), evidence }]
        }
        _ => Vec::new(),
    };
    vec![
        ("first-completion", first(&["completed"])),
        ("first-pass", pass),
        ("five-activities", five_activities(&of(&["completed"]))),
        ("week-streak", streaks(own)),
        ("mentor", of(&["mentored"]).chunks_exact(5).map(earn).collect()),
        ("first-share", share),
        ("all-rounder", both),
    ]
}

fn five_activities(completed: &[&One<'_>]) -> Vec<Earned> {
    let mut different: Vec<&One<'_>> = Vec::new();
    for one in completed {
        let id = &one.json["object"]["id"];
        if id.is_string() && !different.iter().any(|other| other.json["object"]["id"] == *id) {
            different.push(one);
        }
        if different.len() == 5 {
            return vec![earn(&different)];
        }
    }
    Vec::new()
}

/// Seven days in a row, and after that day anew.
fn streaks(own: &[&One<'_>]) -> Vec<Earned> {
    let mut earned = Vec::new();
    let mut run: Vec<&One<'_>> = Vec::new();
    for one in own {
        let today = day(one);
        match run.last().map(|last| day(last)) {
            Some(last) if last == today => continue,
            Some(last) if last.tomorrow().expect("a date") != today => run.clear(),
            _ => {}
        }
        let used = earned.last().is_some_and(|last: &Earned| day_of(last.time) == today);
        if used {
            continue;
        }
        run.push(one);
        if run.len() == 7 {
            earned.push(earn(&run));
            run.clear();
        }
    }
    earned
}

fn earn(evidence: &[&One<'_>]) -> Earned {
    let last = evidence.last().expect("evidence");
    let ids = evidence.iter().map(|one| one.id.to_owned()).collect();
    Earned { time: last.time, at: last.id.to_owned(), evidence: ids }
}

/// The first praise by somebody else, of the learner or of a piece of evidence.
fn recognised(name: &str, earned: &Earned, all: &[One<'_>]) -> Option<String> {
    let meets = |one: &&One<'_>| {
        let object = &one.json["object"];
        let evidence = object["objectType"] == "StatementRef"
            && earned.evidence.iter().any(|id| *id == text(&object["id"]));
        let agent = object["objectType"] == "Agent" && learner(object) == name;
        one.time >= earned.time && one.learner != name && PRAISE.contains(&one.word) && (evidence || agent)
    };
    all.iter().find(meets).map(|one| one.id.to_owned())
}

fn read(json: &Value) -> One<'_> {
    let time = |name: &str| text(&json[name]).parse().expect("a timestamp");
    let verb = text(&json["verb"]["id"]).trim_end_matches('/');
    One {
        time: time("timestamp"),
        stored: time("stored"),
        id: text(&json["id"]),
        learner: learner(&json["actor"]),
        word: verb.rsplit('/').next().unwrap_or_default(),
        json,
    }
}

/// The canonical identity of an actor with an IFI.
fn learner(actor: &Value) -> String {
    if let Some(mbox) = actor["mbox"].as_str() {
        return mbox.to_owned();
    }
    if let Some(sum) = actor["mbox_sha1sum"].as_str() {
        return format!("sha1:{sum}");
    }
    if let Some(openid) = actor["openid"].as_str() {
        return format!("openid:{openid}");
    }
    format!("account:{}|{}", text(&actor["account"]["homePage"]), text(&actor["account"]["name"]))
}

fn position(own: &[&One<'_>], id: &str) -> usize {
    own.iter().position(|one| one.id == id).expect("an own statement")
}

fn day(one: &One<'_>) -> Date {
    day_of(one.time)
}

fn day_of(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
