//! Whom and what a statement concerns, as the filters of queries see it (1.0.3 Communication 2.1.3).

use smallvec::SmallVec;
use uuid::Uuid;

use crate::statement::{
    Activity, Actor, Context, Group, Ifi, Object, Statement, StatementId, SubStatement, VOIDED,
};

/// Identifiers that one statement names; one may occur several times.
pub type Ifis<'s, 'a> = SmallVec<[&'s Ifi<'a>; 4]>;

/// Activities that one statement names; one may occur several times.
pub type Activities<'s, 'a> = SmallVec<[&'s Activity<'a>; 4]>;

impl<'a> Statement<'a> {
    /// Whom the `agent` filter sees: actor and object, and the members of groups there.
    #[must_use]
    pub fn agents(&self) -> Ifis<'_, 'a> {
        let mut ifis = Ifis::new();
        add_actor(&mut ifis, &self.actor);
        if let Object::Actor(actor) = &self.object {
            add_actor(&mut ifis, actor);
        }
        ifis
    }

    /// Whom the filter sees with `related_agents`: also authority, instructor, team, the context agents and
    /// groups of 2.0, and all of these in a sub-statement.
    #[must_use]
    pub fn related_agents(&self) -> Ifis<'_, 'a> {
        let mut ifis = self.agents();
        if let Some(authority) = &self.authority {
            add_actor(&mut ifis, authority);
        }
        add_context_agents(&mut ifis, self.context.as_ref());
        if let Some(sub) = self.sub_statement() {
            add_actor(&mut ifis, &sub.actor);
            if let Object::Actor(actor) = &sub.object {
                add_actor(&mut ifis, actor);
            }
            add_context_agents(&mut ifis, sub.context.as_ref());
        }
        ifis
    }

    /// What the `activity` filter sees: the object, if it is an activity.
    #[must_use]
    pub fn activity(&self) -> Option<&Activity<'a>> {
        match &self.object {
            Object::Activity(activity) => Some(activity),
            _ => None,
        }
    }

    /// What the filter sees with `related_activities`: also the context activities, and all of these in a
    /// sub-statement.
    #[must_use]
    pub fn related_activities(&self) -> Activities<'_, 'a> {
        let mut activities: Activities<'_, 'a> = self.activity().into_iter().collect();
        activities.extend(self.context.iter().flat_map(Context::activities));
        if let Some(sub) = self.sub_statement() {
            if let Object::Activity(activity) = &sub.object {
                activities.push(activity);
            }
            activities.extend(sub.context.iter().flat_map(Context::activities));
        }
        activities
    }

    /// What the `registration` filter sees.
    #[must_use]
    pub fn registration(&self) -> Option<Uuid> {
        self.context.as_ref()?.registration
    }

    /// The statement inside this one, if its object is one.
    #[must_use]
    pub fn sub_statement(&self) -> Option<&SubStatement<'a>> {
        match &self.object {
            Object::SubStatement(sub) => Some(sub),
            _ => None,
        }
    }

    /// The statement that this one is about. Filters that match that one match this one too.
    #[must_use]
    pub fn refers_to(&self) -> Option<StatementId> {
        match self.object {
            Object::StatementRef(id) => Some(id),
            _ => None,
        }
    }

    /// Whether this is a voiding statement (1.0.3 Data 2.3.2).
    #[must_use]
    pub fn is_voiding(&self) -> bool {
        self.verb == VOIDED
    }

    /// The statement that this one voids, unless that is itself voiding.
    #[must_use]
    pub fn voids(&self) -> Option<StatementId> {
        if self.is_voiding() { self.refers_to() } else { None }
    }
}

impl<'a> Context<'a> {
    /// All context activities: parent, grouping, category, other.
    pub fn activities(&self) -> impl Iterator<Item = &Activity<'a>> {
        [&self.parent, &self.grouping, &self.category, &self.other].into_iter().flatten()
    }
}

fn add_context_agents<'s, 'a>(ifis: &mut Ifis<'s, 'a>, context: Option<&'s Context<'a>>) {
    let Some(context) = context else { return };
    for actor in context.instructor.iter().chain(&context.context_agents) {
        add_actor(ifis, actor);
    }
    for group in context.team.iter().chain(&context.context_groups) {
        add_group(ifis, group);
    }
}

fn add_actor<'s, 'a>(ifis: &mut Ifis<'s, 'a>, actor: &'s Actor<'a>) {
    match actor {
        Actor::Agent(agent) => ifis.push(&agent.ifi),
        Actor::Group(group) => add_group(ifis, group),
    }
}

fn add_group<'s, 'a>(ifis: &mut Ifis<'s, 'a>, group: &'s Group<'a>) {
    ifis.extend(&group.ifi);
    ifis.extend(group.members.iter().map(|member| &member.ifi));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Version, parse_statement};

    const RICH: &str = r#"{"actor":{"objectType":"Group","mbox":"mailto:g@x","member":[{"mbox":"mailto:m@x"}]},
        "verb":{"id":"v:1"},"authority":{"mbox":"mailto:auth@x"},
        "context":{"registration":"ec531277-b57b-4c15-8d91-d292c5b2b8f7","instructor":{"mbox":"mailto:i@x"},
            "team":{"objectType":"Group","member":[{"mbox":"mailto:t@x"}]},
            "contextActivities":{"parent":{"id":"a:parent"},"other":[{"id":"a:o1"},{"id":"a:o2"}]},
            "contextAgents":[{"objectType":"contextAgent","agent":{"mbox":"mailto:ca@x"}}],
            "contextGroups":[{"objectType":"contextGroup","group":{"objectType":"Group","openid":"http://cg"}}]},
        "object":{"objectType":"SubStatement","actor":{"mbox":"mailto:sa@x"},"verb":{"id":"v:2"},
            "object":{"id":"a:sub"},"context":{"contextActivities":{"category":{"id":"a:sc"}},
            "instructor":{"account":{"homePage":"http://h","name":"n"}}}}}"#;

    fn names(ifis: &Ifis<'_, '_>) -> String {
        ifis.iter().map(|ifi| ifi.canonical()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn filters_see_what_the_standard_says() {
        let statement = parse_statement(RICH.as_bytes(), Version::V2_0_0).unwrap();
        assert_eq!(names(&statement.agents()), "mailto:g@x mailto:m@x");
        assert_eq!(
            names(&statement.related_agents()),
            "mailto:g@x mailto:m@x mailto:auth@x mailto:i@x mailto:ca@x mailto:t@x openid:http://cg mailto:sa@x \
             account:http://h|n"
        );
        let activities = statement.related_activities();
        let ids: Vec<_> = activities.iter().map(|activity| &*activity.id).collect();
        assert_eq!(ids, ["a:parent", "a:o1", "a:o2", "a:sub", "a:sc"]);
        assert_eq!(statement.registration().unwrap().to_string(), "ec531277-b57b-4c15-8d91-d292c5b2b8f7");
        assert!(statement.activity().is_none() && statement.refers_to().is_none() && !statement.is_voiding());
    }

    #[test]
    fn a_voiding_statement_names_its_target() {
        let text = format!(
            r#"{{"actor":{{"mbox":"mailto:a@x"}},"verb":{{"id":"{VOIDED}"}},
            "object":{{"id":"ec531277-b57b-4c15-8d91-d292c5b2b8f7","objectType":"StatementRef"}}}}"#
        );
        let statement = parse_statement(text.as_bytes(), Version::V1_0_3).unwrap();
        assert!(statement.is_voiding());
        assert_eq!(statement.voids(), statement.refers_to());
        assert!(statement.voids().is_some());
    }
}
