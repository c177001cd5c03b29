//! What a query asks of the index.

use plaudit_read_models::statements::{Term, TermKind};
use plaudit_store::Order;
use plaudit_xapi::{Ifi, Timestamp};
use smallvec::SmallVec;
use uuid::Uuid;

/// Statements of one page: what `limit=0` gives, and what a larger limit is cut to. Some 400 KB of ordinary ones.
pub const STATEMENTS_PER_PAGE_MAX: u32 = 500;

/// Longer wishes for languages are cut: they are part of cursors.
const LANGUAGE_BYTES_MAX: usize = 120;

/// The parameters of a GET of statements (1.0.3 Communication 2.1.3).
#[derive(Clone, Debug, Default)]
pub struct StatementQuery<'a> {
    /// `agent`: the identifier of an agent or group.
    pub agent: Option<Ifi<'a>>,
    /// `verb`.
    pub verb: Option<String>,
    /// `activity`.
    pub activity: Option<String>,
    /// `registration`.
    pub registration: Option<Uuid>,
    /// `related_activities`.
    pub related_activities: bool,
    /// `related_agents`.
    pub related_agents: bool,
    /// `since`: stored later than that.
    pub since: Option<Timestamp>,
    /// `until`: stored then or before.
    pub until: Option<Timestamp>,
    /// `limit`; 0 is the server's maximum.
    pub limit: u32,
    /// `ascending`: the oldest first.
    pub ascending: bool,
    /// How the answer is to look.
    pub settings: Settings,
}

/// How an answer is to look. A cursor keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `format`.
    pub format: Format,
    /// `attachments`.
    pub attachments: bool,
    /// `Accept-Language`, for [`Format::Canonical`].
    pub language: String,
}

/// How statements are returned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// As they were received.
    #[default]
    Exact,
    /// Only what identifies agents, activities and verbs.
    Ids,
    /// One language per language map.
    Canonical,
}

/// Terms of which a statement has to have one.
pub(crate) type Condition = SmallVec<[Term; 3]>;

/// A query in terms of the index.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    /// All of them have to be met.
    pub(crate) conditions: Vec<Condition>,
    pub(crate) since: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) order: Order,
    pub(crate) limit: u32,
    pub(crate) settings: Settings,
}

impl Plan {
    pub(crate) fn of(query: &StatementQuery<'_>) -> Self {
        let limit = if query.limit == 0 { u32::MAX } else { query.limit };
        let mut settings = query.settings.clone();
        settings.language.truncate(settings.language.floor_char_boundary(LANGUAGE_BYTES_MAX));
        Self {
            conditions: conditions(query),
            since: query.since,
            until: query.until,
            order: if query.ascending { Order::Ascending } else { Order::Descending },
            limit: limit.min(STATEMENTS_PER_PAGE_MAX),
            settings,
        }
    }
}

fn conditions(query: &StatementQuery<'_>) -> Vec<Condition> {
    let agents: &[TermKind] = match query.related_agents {
        true => &[TermKind::Agent, TermKind::RelatedAgent, TermKind::Authority],
        false => &[TermKind::Agent],
    };
    let activities: &[TermKind] = match query.related_activities {
        true => &[TermKind::Activity, TermKind::RelatedActivity],
        false => &[TermKind::Activity],
    };
    let agent = |ifi| agents.iter().map(|kind| Term::ifi(*kind, ifi)).collect();
    let activity = |iri: &String| activities.iter().map(|kind| Term::iri(*kind, iri)).collect();
    let one = |term| [term].into_iter().collect();
    let conditions = [
        query.agent.as_ref().map(agent),
        query.registration.map(|id| one(Term::registration(id))),
        query.activity.as_ref().map(activity),
        query.verb.as_ref().map(|iri| one(Term::iri(TermKind::Verb, iri))),
    ];
    conditions.into_iter().flatten().collect()
}
