//! Which definitions the rows are made by, and when others are wanted.

use std::sync::Arc;

use jiff::tz::TimeZone;
use plaudit_event::{DefinitionEvent, DefinitionKind, Event, StatementEvent, TenantId};
use plaudit_log::Position;
use plaudit_store::{Generation, Store};
use plaudit_store_embedded::{EmbeddedStore, Options};
use plaudit_xapi::{Fingerprint, Timestamp};
use serde_json::value::RawValue;

use super::world::reading;
use crate::definitions::{self, DefinitionRow, Definitions};
use crate::engagement::{self, DefinitionSet, Engagement, definition_set};
use crate::{Context, Generations, ReadModel, Recorded, Rows};

const FIRST: Generation = Generation(1);
const SECOND: Generation = Generation(2);

/// A store and the read models that write to it.
struct Place {
    _dir: tempfile::TempDir,
    context: Context,
    next: u64,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(EmbeddedStore::open(dir.path(), Options::default(), None).unwrap());
        let generations = Generations::default();
        generations.serve(definitions::NAME, None, FIRST);
        generations.serve(engagement::NAME, None, FIRST);
        let context = Context {
            partition: 0,
            generation: FIRST,
            tenant: None,
            store,
            generations,
            time_zone: TimeZone::UTC,
        };
        Self { _dir: dir, context, next: 0 }
    }

    fn live(&self) -> Instance {
        Instance { model: Engagement::new(self.context.clone()), generation: FIRST }
    }

    /// An instance that builds the rows of one tenant anew.
    fn rebuild(&self, name: &str) -> Instance {
        let context = Context { generation: SECOND, tenant: Some(tenant(name)), ..self.context.clone() };
        Instance { model: Engagement::new(context), generation: SECOND }
    }

    /// Lets `into` absorb a statement.
    fn state(&mut self, name: &str, into: &mut Instance) {
        let body = br#"{"id":"00000000-0000-4000-8000-000000000001","actor":{"mbox":"mailto:a@b.example"},
            "verb":{"id":"http://v.example"},"object":{"id":"http://o.example"},"stored":"2024-01-01T00:00:00Z"}"#;
        let event = Event::Statement(StatementEvent {
            tenant: tenant(name),
            learner: "mailto:a@b.example",
            stored: Timestamp::from_micros(0),
            fingerprint: Fingerprint(1),
            body,
        });
        let statement = Some(plaudit_xapi::read_stored(body).unwrap());
        let recorded = Recorded { partition: 0, position: self.position(), event, statement };
        self.absorb(&recorded, &mut into.model, into.generation);
    }

    /// Writes a funnel of that version, which `into` sees too.
    fn define(&mut self, name: &str, version: u64, into: &mut Instance) {
        let document = format!(r#"{{"id":"mine","title":"version {version}","stages":[{{"id":"in"}}]}}"#);
        let event = Event::Definition(DefinitionEvent {
            tenant: tenant(name),
            kind: DefinitionKind::Funnel,
            id: "mine".to_owned(),
            version,
            at: Timestamp::default(),
            document: Some(RawValue::from_string(document).unwrap()),
        });
        let recorded = Recorded { partition: 0, position: self.position(), event, statement: None };
        self.absorb(&recorded, &mut Definitions, FIRST);
        self.absorb(&recorded, &mut into.model, into.generation);
    }

    fn absorb(&self, recorded: &Recorded<'_>, into: &mut dyn ReadModel, generation: Generation) {
        let mut rows = Rows::new(self.context.store.clone(), generation);
        reading(into.apply(std::slice::from_ref(recorded), &mut rows)).unwrap();
        reading(self.context.store.write(rows.into_writes())).unwrap();
    }

    fn position(&mut self) -> Position {
        self.next += 1;
        Position(self.next - 1)
    }

    /// The titles of the funnels that the rows of a generation are made by.
    fn titles(&self, name: &str, generation: Generation) -> Vec<String> {
        let set = reading(definition_set(self.context.store.as_ref(), generation, &tenant(name))).unwrap();
        set.funnels.into_iter().map(|funnel| funnel.title).collect()
    }
}

struct Instance {
    model: Engagement,
    generation: Generation,
}

impl Instance {
    fn wants(&mut self) -> Vec<String> {
        let tenants = reading(self.model.wants_rebuild()).unwrap();
        tenants.iter().map(ToString::to_string).collect()
    }
}

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

#[test]
fn a_generation_keeps_the_definitions_that_it_began_with() {
    let mut place = Place::new();
    let mut live = place.live();
    place.state("a", &mut live);
    place.define("a", 1, &mut live);
    assert_eq!(place.titles("a", FIRST), ["From aware to advocate"]);
    place.define("b", 1, &mut live);
    assert_eq!(
        place.titles("b", FIRST),
        ["version 1", "From aware to advocate"],
        "it was there when b began"
    );
}

#[test]
fn a_change_is_told_once_to_each_instance_until_other_rows_serve() {
    let mut place = Place::new();
    let mut live = place.live();
    place.state("a", &mut live);
    place.state("b", &mut live);
    assert!(live.wants().is_empty());
    place.define("a", 1, &mut live);
    assert_eq!(live.wants(), ["a"]);
    assert!(live.wants().is_empty());
    assert_eq!(place.live().wants(), ["a"], "after a restart");
    let mut rebuild = place.rebuild("a");
    place.state("a", &mut rebuild);
    assert_eq!(place.titles("a", SECOND), ["version 1", "From aware to advocate"]);
    assert!(rebuild.wants().is_empty(), "it does not serve");
    place.context.generations.serve(engagement::NAME, Some(&tenant("a")), SECOND);
    assert!(place.live().wants().is_empty());
    assert!(place.rebuild("a").wants().is_empty());
}

#[test]
fn a_change_during_a_build_is_told_by_whoever_serves() {
    let mut place = Place::new();
    let mut live = place.live();
    place.state("a", &mut live);
    place.define("a", 1, &mut live);
    assert_eq!(live.wants(), ["a"]);
    let mut rebuild = place.rebuild("a");
    place.state("a", &mut rebuild);
    place.define("a", 2, &mut live);
    assert_eq!(live.wants(), ["a"]);
    place.context.generations.serve(engagement::NAME, Some(&tenant("a")), SECOND);
    assert_eq!(rebuild.wants(), ["a"], "it serves version 1");
}

#[test]
fn another_time_zone_is_a_change() {
    let mut place = Place::new();
    let mut live = place.live();
    place.state("a", &mut live);
    assert!(place.live().wants().is_empty());
    place.context.time_zone = TimeZone::get("Europe/Vienna").unwrap();
    assert_eq!(place.live().wants(), ["a"]);
}

#[test]
fn documents_that_do_not_fit_are_left_out() {
    let row = |kind, id: &str, document: &str| DefinitionRow {
        kind,
        id: id.to_owned(),
        version: 1,
        changed_at: Timestamp::default(),
        document: Some(document.to_owned()),
    };
    let rows = vec![
        row(DefinitionKind::Achievement, "a", r#"{"id":"a","all_of":["gone"]}"#),
        row(DefinitionKind::Achievement, "b", r#"{"id":"b","count":1}"#),
        row(DefinitionKind::Achievement, "c", r#"{"id":"c","some":"thing"}"#),
        row(DefinitionKind::Recognition, "r", r#"{"id":"r","due_within":"P1D","achievements":["a"]}"#),
    ];
    let set = DefinitionSet::of_rows(rows, &TimeZone::UTC);
    let achievements: Vec<&str> = set.achievements.iter().map(|it| it.id.as_str()).collect();
    let rules: Vec<&str> = set.recognition.iter().map(|it| it.id.as_str()).collect();
    let (_, defaults, _) = plaudit_engagement::Definitions::defaults();
    let kept: Vec<&str> = std::iter::once("b").chain(defaults.iter().map(|it| it.id.as_str())).collect();
    assert_eq!((achievements, rules), (kept, vec!["default"]));
}
