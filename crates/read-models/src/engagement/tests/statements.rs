//! Statements that get into each other's way, and the ways in which they may come.

use plaudit_xapi::{StatementId, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Learners that there are.
const PEOPLE: usize = 4;
/// Statements that there are at most.
const STATEMENTS_MAX: usize = 24;
/// 2024-03-01T00:00:00Z.
const START_MICROS: i64 = 1_709_251_200_000_000;
const HOUR_MICROS: i64 = 3_600_000_000;

/// A statement.
#[derive(Clone, Debug)]
pub(super) struct Drawn {
    number: usize,
    actor: Party,
    hour: Option<i64>,
    what: What,
}

/// Who acts or is recognised.
#[derive(Clone, Debug)]
enum Party {
    Person(usize),
    /// An identified group of these.
    Team(Vec<usize>),
    /// A group without a name.
    Crowd(Vec<usize>),
}

#[derive(Clone, Debug)]
enum What {
    Did {
        verb: &'static str,
        activity: usize,
        success: bool,
    },
    Praised {
        party: Party,
        named: Option<&'static str>,
    },
    /// A statement about what somebody did, as a sub-statement.
    Reported {
        person: usize,
    },
    PraisedEvidence {
        number: usize,
    },
    Voided {
        number: usize,
    },
}

/// Statements, and how they come.
#[derive(Clone, Debug)]
pub(super) struct Play {
    /// Which of the sets of documents counts.
    pub documents: usize,
    pub statements: Vec<Drawn>,
    /// The order of the log: indices of statements, some perhaps twice.
    pub order: Vec<usize>,
    /// Sizes of batches, over and over.
    pub batches: Vec<usize>,
    /// What goes wrong with each batch, over and over.
    pub mishaps: Vec<Mishap>,
    /// Whether the read model of statements has absorbed everything before engagement starts.
    pub ahead: bool,
    /// The record at that place in the order is parked, and tried again at the end.
    pub parked: Option<usize>,
}

/// What goes wrong with a batch.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mishap {
    Nothing,
    /// Its rows are not written: the instance forgets, and gets it again.
    Lost,
    /// The process dies before the rows are written, and another one goes on.
    Died,
    /// It is delivered again.
    Repeated,
}

/// Statements that hang on one another: evidence, its recognition, the voiding of the recognition, the voiding of the
/// voiding, and a group that praises its own statement by referring to it.
pub(super) fn chain() -> Vec<Drawn> {
    let did = What::Did { verb: "passed", activity: 1, success: true };
    let all = [
        (Party::Team(vec![0, 2]), did),
        (Party::Person(1), What::PraisedEvidence { number: 0 }),
        (Party::Person(3), What::Voided { number: 1 }),
        (Party::Person(3), What::Voided { number: 2 }),
        (Party::Crowd(vec![0, 3]), What::PraisedEvidence { number: 4 }),
    ];
    let numbered = all.into_iter().enumerate();
    numbered.map(|(number, (actor, what))| Drawn { number, actor, hour: Some(2), what }).collect()
}

/// Draws statements.
pub(super) fn draw() -> impl Strategy<Value = Vec<Drawn>> {
    let statement = (party(), proptest::option::weighted(0.9, 0..100_i64), what());
    vec(statement, 1..STATEMENTS_MAX).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        numbered.map(|(number, (actor, hour, what))| Drawn { number, actor, hour, what }).collect()
    })
}

/// Draws how they come.
pub(super) fn scene(statements: impl Strategy<Value = Vec<Drawn>>) -> impl Strategy<Value = Play> {
    let ways = (
        0..super::world::DOCUMENTS.len(),
        vec(1..9_usize, 1..4),
        vec(mishap(), 1..5),
        vec(0..STATEMENTS_MAX, 0..5),
        any::<bool>(),
    );
    (statements, ways).prop_flat_map(|(statements, (documents, batches, mishaps, again, ahead))| {
        let mut order: Vec<usize> = (0..statements.len()).collect();
        order.extend(again.iter().map(|index| index % statements.len()));
        let shuffled = Just(order).prop_shuffle();
        shuffled.prop_map(move |order| Play {
            documents,
            statements: statements.clone(),
            order,
            batches: batches.clone(),
            mishaps: mishaps.clone(),
            ahead,
            parked: None,
        })
    })
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![Just(Mishap::Nothing), Just(Mishap::Lost), Just(Mishap::Died), Just(Mishap::Repeated)]
}

fn party() -> impl Strategy<Value = Party> {
    prop_oneof![
        6 => (0..PEOPLE).prop_map(Party::Person),
        1 => vec(0..PEOPLE, 1..3).prop_map(Party::Team),
        1 => vec(0..PEOPLE, 1..3).prop_map(Party::Crowd),
    ]
}

fn what() -> impl Strategy<Value = What> {
    let verb = prop_oneof![Just("attempted"), Just("completed"), Just("passed"), Just("shared")];
    let named = prop_oneof![Just(None), Just(Some("pair")), Just(Some("nothing"))];
    // A few numbers are of no statement.
    let number = || 0..STATEMENTS_MAX + 2;
    prop_oneof![
        6 => (verb, 0..3_usize, any::<bool>())
            .prop_map(|(verb, activity, success)| What::Did { verb, activity, success }),
        2 => (party(), named).prop_map(|(party, named)| What::Praised { party, named }),
        1 => (0..PEOPLE).prop_map(|person| What::Reported { person }),
        3 => number().prop_map(|number| What::PraisedEvidence { number }),
        3 => number().prop_map(|number| What::Voided { number }),
    ]
}

impl Drawn {
    /// One of many by the same person.
    pub(super) fn plain(number: usize) -> Self {
        let what = What::Did { verb: "attempted", activity: 0, success: false };
        Self { number, actor: Party::Person(0), hour: Some(3), what }
    }

    /// As it is stored.
    pub(super) fn body(&self) -> String {
        let mut body = json!({
            "id": id(self.number),
            "actor": self.actor.json(),
            "stored": self.stored().to_string(),
        });
        if let Some(hour) = self.hour {
            // Hours far enough apart for days and deadlines, and some at the same instant.
            let time = Timestamp::from_micros(START_MICROS + hour / 2 * 5 * HOUR_MICROS);
            body["timestamp"] = time.to_string().into();
        }
        self.what.write(&mut body);
        body.to_string()
    }

    pub(super) fn stored(&self) -> Timestamp {
        let number = i64::try_from(self.number).unwrap();
        Timestamp::from_micros(START_MICROS + 400 * HOUR_MICROS + number)
    }
}

impl What {
    fn write(&self, body: &mut Value) {
        let adl = |verb: &str| json!({ "id": format!("http://adlnet.gov/expapi/verbs/{verb}") });
        body["verb"] = match self {
            Self::Did { verb, .. } => adl(verb),
            Self::Praised { .. } | Self::Reported { .. } | Self::PraisedEvidence { .. } => adl("praised"),
            Self::Voided { .. } => adl("voided"),
        };
        let activity = |number: usize| json!({ "id": format!("http://a.example/{number}") });
        let reference = |number: usize| json!({ "objectType": "StatementRef", "id": id(number) });
        body["object"] = match self {
            Self::Did { activity: number, .. } => activity(*number),
            Self::Praised { party, .. } => party.json(),
            Self::Reported { person } => json!({
                "objectType": "SubStatement", "actor": Party::Person(*person).json(), "verb": adl("passed"),
                "object": activity(0),
            }),
            Self::PraisedEvidence { number } | Self::Voided { number } => reference(*number),
        };
        if let Self::Did { success: true, .. } = self {
            body["result"] = json!({ "success": true });
        }
        if let Self::Praised { named: Some(named), .. } = self {
            body["context"] = json!({ "extensions": { "urn:plaudit:achievement": named } });
        }
    }
}

impl Party {
    fn json(&self) -> Value {
        let person = |number: &usize| json!({ "objectType": "Agent", "account": { "homePage": "http://h.example", "name": number.to_string() } });
        let people = |numbers: &[usize]| Value::Array(numbers.iter().map(person).collect());
        match self {
            Self::Person(number) => person(number),
            Self::Team(numbers) => json!({
                "objectType": "Group", "mbox": format!("mailto:team{}@a.example", numbers.len()),
                "member": people(numbers),
            }),
            Self::Crowd(numbers) => json!({ "objectType": "Group", "member": people(numbers) }),
        }
    }
}

fn id(number: usize) -> StatementId {
    StatementId::from_u128(0x1000_4000_8000_0000_0000_0000 + u128::try_from(number).unwrap())
}
