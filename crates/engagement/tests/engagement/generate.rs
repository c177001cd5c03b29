//! Small random definitions and statements, dense with ties, repeats and near misses.

use jiff::tz::TimeZone;
use plaudit_engagement::{AchievementDefinition, Definitions, FunnelDefinition, RecognitionDefinition};
use plaudit_xapi::VOIDED;
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// A tenant and everything that was stored.
#[derive(Clone, Debug)]
pub struct Case {
    pub funnels: Vec<FunnelDefinition>,
    pub achievements: Vec<AchievementDefinition>,
    pub rules: Vec<RecognitionDefinition>,
    pub zone: &'static str,
    pub statements: Vec<Value>,
}

impl Case {
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(self.zone).unwrap()
    }

    pub fn compile(&self) -> Definitions {
        Definitions::compile(&self.funnels, &self.achievements, &self.rules, &self.zone()).unwrap()
    }
}

pub fn case() -> impl Strategy<Value = Case> {
    let funnels = vec(funnel(), 1..3).prop_map(|mut all| {
        all.iter_mut().enumerate().for_each(|(index, it)| it["id"] = json!(format!("f{index}")));
        all
    });
    let rules = vec(rule(), 0..3).prop_map(|mut all| {
        all.iter_mut().enumerate().for_each(|(index, it)| it["id"] = json!(format!("r{index}")));
        all
    });
    let zone = select(vec!["UTC", "UTC", "America/New_York"]);
    (funnels, achievements(), rules, zone, statements()).prop_map(
        |(funnels, achievements, rules, zone, statements)| Case {
            funnels: funnels.into_iter().map(|it| serde_json::from_value(it).unwrap()).collect(),
            achievements: achievements.into_iter().map(|it| serde_json::from_value(it).unwrap()).collect(),
            rules: rules.into_iter().map(|it| serde_json::from_value(it).unwrap()).collect(),
            zone,
            statements,
        },
    )
}

/// An object from those keys that are there.
fn object(keys: Vec<(&str, Option<Value>)>) -> Value {
    let there = keys.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(there.collect::<Map<_, _>>())
}

fn matcher() -> impl Strategy<Value = Value> {
    let verbs = vec(select(vec!["v:a", "v:b", "v:c", VOIDED]), 1..3).prop_map(|it| json!({"verb": it}));
    let leaf = prop_oneof![
        2 => Just(json!({})),
        4 => verbs,
        1 => Just(json!({"activity": ["o:x", "o:z"]})),
        1 => Just(json!({"activity_prefix": ["o:"]})),
        1 => any::<bool>().prop_map(|it| json!({"result": {"success": it}})),
    ];
    leaf.prop_recursive(2, 4, 2, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..3).prop_map(|it| json!({"any": it})),
            vec(inner.clone(), 1..3).prop_map(|it| json!({"all": it})),
            inner.prop_map(|it| json!({"not": it})),
        ]
    })
}

fn distinct() -> impl Strategy<Value = Option<Value>> {
    weighted(0.4, select(vec![json!("days"), json!("activities")]))
}

fn within() -> impl Strategy<Value = Option<Value>> {
    let some = select(vec!["PT0S", "PT6H", "P1D", "P2D", "PT48H", "P1M", "P1DT3H"]);
    weighted(0.4, some.prop_map(|it| json!(it)))
}

fn funnel() -> impl Strategy<Value = Value> {
    let order = select(vec!["ordered", "ordered", "strict", "any"]);
    let stage = (
        matcher(),
        1..4u32,
        distinct(),
        within(),
        weighted(0.3, matcher()),
        weighted(0.2, Just(json!(true))),
    );
    let stage = (stage, weighted(0.6, Just(1u32)));
    (order, vec(stage, 1..5), weighted(0.3, matcher()), any::<bool>(), within()).prop_map(
        |(order, stages, scope, members, dormant_after)| {
            let stages = stages.into_iter().enumerate().map(|(index, (stage, one))| {
                let (matcher, count, distinct, within, exclude, or_later) = stage;
                let follows = index > 0 && order != "any";
                object(vec![
                    ("id", Some(json!(format!("s{index}")))),
                    ("match", Some(matcher)),
                    ("count", Some(json!(one.unwrap_or(count)))),
                    ("distinct", distinct),
                    ("within", within.filter(|_| follows)),
                    ("exclude", exclude.filter(|_| follows)),
                    ("or_later", or_later),
                ])
            });
            object(vec![
                ("id", Some(json!("f"))),
                ("order", Some(json!(order))),
                ("stages", Some(stages.collect())),
                ("scope", scope),
                ("members", Some(json!(members))),
                ("dormant_after", dormant_after),
            ])
        },
    )
}

/// Some that count, one or two that are made of these, and one that is made of everything.
fn achievements() -> impl Strategy<Value = Vec<Value>> {
    let counting = (matcher(), 1..4u32, distinct(), within(), any::<bool>(), any::<bool>(), any::<bool>());
    let counting = counting.prop_map(|(matcher, n, distinct, within, streak, repeatable, members)| {
        let key = if streak { "streak" } else { "count" };
        object(vec![
            ("match", Some(matcher)),
            (key, Some(json!(n))),
            ("distinct", distinct.filter(|_| !streak)),
            ("within", within.filter(|_| !streak)),
            ("repeatable", Some(json!(repeatable))),
            ("members", Some(json!(members))),
            ("points", Some(json!(n))),
        ])
    });
    let made = (any::<bool>(), any::<bool>(), vec(0..8usize, 1..3));
    (vec(counting, 0..4), vec(made, 0..3)).prop_map(|(mut all, made)| {
        for (all_of, repeatable, parts) in made {
            if all.is_empty() {
                break;
            }
            let ids: Vec<String> = parts.iter().map(|part| format!("a{}", part % all.len())).collect();
            let key = if all_of { "all_of" } else { "any_of" };
            all.push(object(vec![(key, Some(json!(ids))), ("repeatable", Some(json!(repeatable)))]));
        }
        all.iter_mut().enumerate().for_each(|(index, it)| it["id"] = json!(format!("a{index}")));
        // Parts need not be defined before what is made of them.
        all.reverse();
        all
    })
}

fn rule() -> impl Strategy<Value = Value> {
    let due = select(vec!["PT24H", "P1D", "PT1H"]);
    (matcher(), due, any::<bool>()).prop_map(
        |(matcher, due, members)| json!({"id": "r", "match": matcher, "due_within": due, "members": members}),
    )
}

fn statements() -> impl Strategy<Value = Vec<Value>> {
    vec(statement(), 0..13).prop_map(|all| {
        let numbered = (0u128..).zip(&all);
        numbered.map(|(number, it)| finished(it.clone(), number, all.len() as u128)).collect()
    })
}

/// A statement whose references are still numbers.
fn statement() -> impl Strategy<Value = Value> {
    let ada = json!({"mbox": "mailto:ada@example.org"});
    let bob = json!({"mbox": "mailto:bob@example.org"});
    let team = json!({"objectType": "Group", "mbox": "mailto:team@example.org", "member": [ada, bob]});
    let nameless = json!({"objectType": "Group", "member": [ada]});
    let actor = prop_oneof![
        6 => Just(ada.clone()),
        3 => Just(bob.clone()),
        1 => Just(team.clone()),
        1 => Just(nameless),
    ];
    let verb = select(vec!["v:a", "v:a", "v:b", "v:c"]);
    let mut agent = ada.clone();
    agent["objectType"] = json!("Agent");
    let object = prop_oneof![
        6 => select(vec!["o:x", "o:y", "p:z"]).prop_map(|id| json!({"id": id})),
        1 => Just(agent),
        1 => Just(team),
        1 => Just(json!({"objectType": "SubStatement", "actor": ada, "verb": {"id": "v:a"}, "object": {"id": "o:x"}})),
        3 => (0..20u128).prop_map(|number| json!({"objectType": "StatementRef", "id": number.to_string()})),
    ];
    // Mostly within some days around a change of clocks, in steps that make ties and differences of whole days likely.
    let hours = prop_oneof![8 => (0..32i64).prop_map(|it| it * 3), 1 => 0..1500i64];
    let named = weighted(0.2, select(vec![json!("a0"), json!("a1"), json!(7), json!("nothing")]));
    (actor, verb, object, hours, weighted(0.4, any::<bool>()), weighted(0.2, Just(())), named, 0..4u8)
        .prop_map(|(actor, verb, object, hours, success, voids, named, stored)| {
            let is_reference = object["objectType"] == "StatementRef";
            let verb = if voids.is_some() && is_reference { VOIDED } else { verb };
            let mut statement = json!({
                "actor": actor, "verb": {"id": verb}, "object": object,
                "timestamp": at(hours), "stored": at(2000 + i64::from(stored)),
            });
            if let Some(success) = success {
                statement["result"] = json!({"success": success});
            }
            if let Some(named) = named {
                statement["context"] = json!({"extensions": {"urn:plaudit:achievement": named}});
            }
            statement
        })
}

fn at(hours: i64) -> String {
    let start: jiff::Timestamp = "2024-03-08T20:00:00Z".parse().unwrap();
    (start + jiff::SignedDuration::from_hours(hours)).to_string()
}

fn finished(mut statement: Value, number: u128, all: u128) -> Value {
    // Ids in another order than that of the list.
    let id =
        |number: u128| uuid::Uuid::from_u128(number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
    statement["id"] = json!(id(number + 1));
    if statement["object"]["objectType"] == "StatementRef" {
        let target: u128 = statement["object"]["id"].as_str().unwrap().parse().unwrap();
        statement["object"]["id"] = json!(id(target % all + 1));
    }
    statement
}
