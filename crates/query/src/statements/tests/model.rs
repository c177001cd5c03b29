//! The standard's text on filters (1.0.3 Communication 2.1.3, Data 2.3.2), as simply as can be.

use bytes::Bytes;
use plaudit_xapi::{Ifi, Statement, StatementId, Timestamp, read_stored};
use uuid::Uuid;

use super::world::World;
use crate::StatementQuery;
use crate::cursor::Place;

/// Every statement that counts.
pub(super) struct Model(Vec<Known>);

struct Known {
    place: Place,
    id: StatementId,
    verb: String,
    agents: Vec<Ifi<'static>>,
    related_agents: Vec<Ifi<'static>>,
    activity: Option<String>,
    related_activities: Vec<String>,
    registration: Option<Uuid>,
    target: Option<StatementId>,
    body: Bytes,
}

type Test<'a> = Box<dyn Fn(&Known) -> bool + 'a>;

impl Model {
    /// Of records with one id, the first counts.
    pub(super) fn of(world: &World) -> Self {
        let mut known: Vec<Known> = Vec::new();
        for record in &world.records {
            let statement = read_stored(&record.body).unwrap();
            let id = statement.id.unwrap();
            if !known.iter().any(|earlier| earlier.id == id) {
                known.push(Known::of(record.place, id, &statement, record.body.clone()));
            }
        }
        known.sort_by_key(|known| known.place);
        Self(known)
    }

    pub(super) fn find(&self, query: &StatementQuery<'_>) -> Vec<Bytes> {
        let tests = tests(query);
        let mut found: Vec<&Known> = self.0.iter().filter(|known| !self.is_voided(known)).collect();
        found.retain(|known| tests.iter().all(|test| self.meets(known, test)));
        let stored = |known: &Known| Timestamp::from_micros(known.place.stored);
        found.retain(|known| query.since.is_none_or(|since| stored(known) > since));
        found.retain(|known| query.until.is_none_or(|until| stored(known) <= until));
        if !query.ascending {
            found.reverse();
        }
        found.into_iter().map(|known| known.body.clone()).collect()
    }

    pub(super) fn by_id(&self, id: StatementId, voided: bool) -> Option<Bytes> {
        let known = self.get(id)?;
        (self.is_voided(known) == voided).then(|| known.body.clone())
    }

    /// Two instants within the time of the statements.
    pub(super) fn middle(&self) -> Option<(Timestamp, Timestamp)> {
        let at = |part: usize| self.0.get(self.0.len() * part / 10).map(|known| known.place.stored);
        Some((Timestamp::from_micros(at(3)?), Timestamp::from_micros(at(7)?)))
    }

    fn get(&self, id: StatementId) -> Option<&Known> {
        self.0.iter().find(|known| known.id == id)
    }

    fn is_voided(&self, known: &Known) -> bool {
        let voiding = |known: &Known| known.verb == plaudit_xapi::VOIDED;
        !voiding(known) && self.0.iter().any(|other| voiding(other) && other.target == Some(known.id))
    }

    /// A statement meets a condition if it does itself, or refers to one that does.
    fn meets(&self, known: &Known, test: &Test<'_>) -> bool {
        let mut seen = Vec::new();
        let mut next = Some(known);
        while let Some(known) = next.filter(|known| !seen.contains(&known.id)) {
            if test(known) {
                return true;
            }
            seen.push(known.id);
            next = known.target.and_then(|target| self.get(target));
        }
        false
    }
}

impl Known {
    fn of(place: Place, id: StatementId, statement: &Statement<'_>, body: Bytes) -> Self {
        let owned = |ifis: plaudit_xapi::Ifis<'_, '_>| ifis.iter().map(|ifi| own(ifi)).collect();
        let activities = statement.related_activities();
        Self {
            place,
            id,
            verb: statement.verb.to_string(),
            agents: owned(statement.agents()),
            related_agents: owned(statement.related_agents()),
            activity: statement.activity().map(|activity| activity.id.to_string()),
            related_activities: activities.iter().map(|activity| activity.id.to_string()).collect(),
            registration: statement.registration(),
            target: statement.refers_to(),
            body,
        }
    }
}

fn own(ifi: &Ifi<'_>) -> Ifi<'static> {
    let own = |text: &str| text.to_owned().into();
    match ifi {
        Ifi::Mbox(mbox) => Ifi::Mbox(own(mbox)),
        Ifi::MboxSha1Sum(sum) => Ifi::MboxSha1Sum(own(sum)),
        Ifi::OpenId(uri) => Ifi::OpenId(own(uri)),
        Ifi::Account { home_page, name } => Ifi::Account { home_page: own(home_page), name: own(name) },
    }
}

fn tests<'a>(query: &'a StatementQuery<'_>) -> Vec<Test<'a>> {
    let mut tests: Vec<Test<'a>> = Vec::new();
    if let Some(agent) = &query.agent {
        tests.push(Box::new(move |known| {
            if query.related_agents {
                known.related_agents.contains(agent)
            } else {
                known.agents.contains(agent)
            }
        }));
    }
    if let Some(verb) = &query.verb {
        tests.push(Box::new(move |known| known.verb == *verb));
    }
    if let Some(activity) = &query.activity {
        tests.push(Box::new(move |known| {
            if query.related_activities {
                known.related_activities.contains(activity)
            } else {
                known.activity.as_ref() == Some(activity)
            }
        }));
    }
    if let Some(registration) = query.registration {
        tests.push(Box::new(move |known| known.registration == Some(registration)));
    }
    tests
}
