//! Terms: what a statement can be found by.

use plaudit_xapi::{Activity, Actor, Agent, Context, Group, Ifi, Object, Statement};
use smallvec::SmallVec;
use uuid::Uuid;
use xxhash_rust::xxh3::{xxh3_128, xxh3_128_with_seed};

/// What kind of thing a term names. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum TermKind {
    /// Every statement of the tenant.
    All = 0,
    /// The verb.
    Verb = 1,
    /// The object, if it is an activity.
    Activity = 2,
    /// Activities in the context, and those of a sub-statement; the object is not repeated.
    RelatedActivity = 3,
    /// The actor, the object if it is an agent or group, and the members of either.
    Agent = 4,
    /// Agents and groups in the context, those of a sub-statement, and their members; agents and authority are not repeated.
    RelatedAgent = 5,
    /// The registration.
    Registration = 6,
    /// The authority and its members.
    Authority = 7,
    /// Statements that are voided.
    Voided = 8,
}

impl TermKind {
    /// Each at the place of its number.
    const STORED: [Self; 9] = [
        Self::All,
        Self::Verb,
        Self::Activity,
        Self::RelatedActivity,
        Self::Agent,
        Self::RelatedAgent,
        Self::Registration,
        Self::Authority,
        Self::Voided,
    ];
}

/// Added to the kind for statements that got a term later than in the order of the log.
const LATE: u8 = 0x80;

/// Bytes of a stored term.
pub const TERM_BYTES: usize = 17;

/// A kind and the hash of a text: what the lists of the inverted index are filed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// What it names.
    pub kind: TermKind,
    /// Hash of the name.
    pub hash: u128,
}

/// Distinguishes identifiers of different kinds that have the same text.
mod seed {
    pub(super) const MBOX: u64 = 1;
    pub(super) const SHA1: u64 = 2;
    pub(super) const OPENID: u64 = 3;
    pub(super) const HOME_PAGE: u64 = 4;
    pub(super) const NAME: u64 = 5;
}

impl Term {
    /// Every statement.
    pub const ALL: Self = Self { kind: TermKind::All, hash: 0 };
    /// Every voided statement.
    pub const VOIDED: Self = Self { kind: TermKind::Voided, hash: 0 };

    /// The term of an IRI.
    #[must_use]
    pub fn iri(kind: TermKind, iri: &str) -> Self {
        Self { kind, hash: xxh3_128(iri.as_bytes()) }
    }

    /// The term of an agent or group.
    #[must_use]
    pub fn ifi(kind: TermKind, ifi: &Ifi<'_>) -> Self {
        Self { kind, hash: hash_of(ifi) }
    }

    /// The term of a registration.
    #[must_use]
    pub fn registration(id: Uuid) -> Self {
        Self { kind: TermKind::Registration, hash: id.as_u128() }
    }

    /// The terms that a statement has by itself, some perhaps twice.
    #[must_use]
    pub fn of_statement(statement: &Statement<'_>) -> Terms {
        let mut terms = Terms::new();
        terms_of(statement, &mut terms);
        terms
    }

    /// The term that [`Term::to_bytes`] wrote for [`Lane::Ordered`].
    #[must_use]
    pub fn from_bytes(bytes: [u8; TERM_BYTES]) -> Option<Self> {
        let (kind, hash) = bytes.split_first()?;
        let kind = *TermKind::STORED.get(usize::from(*kind))?;
        Some(Self { kind, hash: u128::from_be_bytes(hash.try_into().ok()?) })
    }

    /// The stored form.
    #[must_use]
    pub fn to_bytes(self, lane: Lane) -> [u8; TERM_BYTES] {
        let mut bytes = [0; TERM_BYTES];
        bytes[0] = self.kind as u8 | if lane == Lane::Late { LATE } else { 0 };
        bytes[1..].copy_from_slice(&self.hash.to_be_bytes());
        bytes
    }
}

/// Which of the two lists of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Those that had the term when they were stored, in the order of the log.
    Ordered,
    /// Those that got it when another statement came.
    Late,
}

/// The terms that a statement has by itself, some perhaps twice.
pub type Terms = SmallVec<[Term; 16]>;

fn terms_of(statement: &Statement<'_>, terms: &mut Terms) {
    terms.push(Term::ALL);
    terms.push(Term::iri(TermKind::Verb, &statement.verb));
    push_actor(&statement.actor, TermKind::Agent, terms);
    match &statement.object {
        Object::Activity(activity) => terms.push(Term::iri(TermKind::Activity, &activity.id)),
        Object::Actor(actor) => push_actor(actor, TermKind::Agent, terms),
        Object::StatementRef(_) => {}
        Object::SubStatement(sub) => {
            push_actor(&sub.actor, TermKind::RelatedAgent, terms);
            push_related(&sub.object, terms);
            push_context(sub.context.as_ref(), terms);
        }
    }
    if let Some(registration) = statement.context.as_ref().and_then(|context| context.registration) {
        terms.push(Term::registration(registration));
    }
    push_context(statement.context.as_ref(), terms);
    if let Some(authority) = &statement.authority {
        push_actor(authority, TermKind::Authority, terms);
    }
}

fn push_related(object: &Object<'_>, terms: &mut Terms) {
    match object {
        Object::Activity(activity) => terms.push(Term::iri(TermKind::RelatedActivity, &activity.id)),
        Object::Actor(actor) => push_actor(actor, TermKind::RelatedAgent, terms),
        Object::StatementRef(_) | Object::SubStatement(_) => {}
    }
}

fn push_context(context: Option<&Context<'_>>, terms: &mut Terms) {
    let Some(context) = context else { return };
    terms.extend(context.activities().map(|Activity { id, .. }| Term::iri(TermKind::RelatedActivity, id)));
    for actor in context.instructor.iter().chain(&context.context_agents) {
        push_actor(actor, TermKind::RelatedAgent, terms);
    }
    for group in context.team.iter().chain(&context.context_groups) {
        push_group(group, TermKind::RelatedAgent, terms);
    }
}

fn push_actor(actor: &Actor<'_>, kind: TermKind, terms: &mut Terms) {
    match actor {
        Actor::Agent(agent) => terms.push(Term::ifi(kind, &agent.ifi)),
        Actor::Group(group) => push_group(group, kind, terms),
    }
}

fn push_group(group: &Group<'_>, kind: TermKind, terms: &mut Terms) {
    terms.extend(group.ifi.iter().map(|ifi| Term::ifi(kind, ifi)));
    terms.extend(group.members.iter().map(|Agent { ifi, .. }| Term::ifi(kind, ifi)));
}

fn hash_of(ifi: &Ifi<'_>) -> u128 {
    match ifi {
        Ifi::Mbox(mbox) => xxh3_128_with_seed(mbox.as_bytes(), seed::MBOX),
        Ifi::MboxSha1Sum(sum) => {
            let mut lower: SmallVec<[u8; 40]> = SmallVec::from_slice(sum.as_bytes());
            lower.make_ascii_lowercase();
            xxh3_128_with_seed(&lower, seed::SHA1)
        }
        Ifi::OpenId(uri) => xxh3_128_with_seed(uri.as_bytes(), seed::OPENID),
        Ifi::Account { home_page, name } => {
            let home_page = xxh3_128_with_seed(home_page.as_bytes(), seed::HOME_PAGE);
            home_page.wrapping_add(xxh3_128_with_seed(name.as_bytes(), seed::NAME))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_terms_are_read_again() {
        for kind in TermKind::STORED {
            let term = Term { kind, hash: u128::MAX - 5 };
            assert_eq!(Term::from_bytes(term.to_bytes(Lane::Ordered)), Some(term));
            assert_eq!(Term::from_bytes(term.to_bytes(Lane::Late)), None);
        }
    }

    #[test]
    fn identifiers_of_different_kinds_differ() {
        let sha1 = |sum: &str| Term::ifi(TermKind::Agent, &Ifi::MboxSha1Sum(sum.to_owned().into()));
        assert_eq!(sha1("AB"), sha1("ab"));
        let openid = Term::ifi(TermKind::Agent, &Ifi::OpenId("ab".into()));
        assert_ne!(sha1("ab"), openid);
        let account = |home_page: &str, name: &str| {
            let (home_page, name) = (home_page.to_owned().into(), name.to_owned().into());
            Term::ifi(TermKind::Agent, &Ifi::Account { home_page, name })
        };
        assert_ne!(account("a", "b"), account("b", "a"));
    }
}
