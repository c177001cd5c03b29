//! A validated statement, borrowed from the bytes it was read from (xAPI 1.0.3 Data 2, IEEE 9274.1.1 4.2).

use std::borrow::Cow;

use smallvec::SmallVec;
use uuid::Uuid;

use crate::fingerprint::Sum;
use crate::stamp::Edits;
use crate::time::Timestamp;

/// The one verb that the standard reserves (1.0.3 Data 2.3.2).
pub const VOIDED: &str = "http://adlnet.gov/expapi/verbs/voided";

/// The usage type of an attachment that signs its statement (1.0.3 Data 2.6).
pub const SIGNATURE: &str = "http://adlnet.gov/expapi/attachments/signature";

/// The id of a statement (1.0.3 Data 2.4.1).
pub type StatementId = Uuid;

/// The bytes of one JSON value exactly as the client sent them, already checked to be JSON.
pub type RawJson<'a> = &'a [u8];

/// The version of the standard that a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// 1.0.0 to 1.0.3, answered as 1.0.3.
    V1_0_3,
    /// 2.0.0 (IEEE 9274.1.1-2023).
    V2_0_0,
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    /// The statement's bytes, from `{` to `}`.
    pub raw: RawJson<'a>,
    /// Its id, if the client (or, when stored, the server) gave one.
    pub id: Option<StatementId>,
    /// Who did it.
    pub actor: Actor<'a>,
    /// IRI of the verb.
    pub verb: Cow<'a, str>,
    /// What was acted on.
    pub object: Object<'a>,
    /// The outcome.
    pub result: Option<StatementResult<'a>>,
    /// Where and with whom it happened.
    pub context: Option<Context<'a>>,
    /// When it happened.
    pub timestamp: Option<Timestamp>,
    /// When it was stored; present in stored statements, ignored in requests.
    pub stored: Option<Timestamp>,
    /// Who asserts it.
    pub authority: Option<Actor<'a>>,
    /// Metadata of attachments.
    pub attachments: Vec<Attachment<'a>>,
    pub(crate) layout: Layout,
}

/// What the pass over the bytes noted for later use.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Where in the body the value of the id begins.
    pub(crate) id_at: usize,
    /// What stamping changes.
    pub(crate) edits: Edits,
    /// What the statement means, attachments left out; `None` if nobody asked.
    pub(crate) meaning: Option<Sum>,
}

/// An agent or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor<'a> {
    /// One person or system.
    Agent(Agent<'a>),
    /// Several.
    Group(Group<'a>),
}

/// One person or system with exactly one inverse functional identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent<'a> {
    /// Its identifier.
    pub ifi: Ifi<'a>,
    /// Its display name.
    pub name: Option<Cow<'a, str>>,
}

/// A group: identified by an IFI, or anonymous with members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group<'a> {
    /// Its identifier; `None` for an anonymous group.
    pub ifi: Option<Ifi<'a>>,
    /// Its display name.
    pub name: Option<Cow<'a, str>>,
    /// Its members, in the order given.
    pub members: Vec<Agent<'a>>,
}

/// An inverse functional identifier (1.0.3 Data 2.4.2.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ifi<'a> {
    /// `mailto:` IRI, scheme included.
    Mbox(Cow<'a, str>),
    /// 40 hex digits.
    MboxSha1Sum(Cow<'a, str>),
    /// An `OpenID` URI.
    OpenId(Cow<'a, str>),
    /// An account on a system.
    Account {
        /// IRL of the system.
        home_page: Cow<'a, str>,
        /// Name or number there.
        name: Cow<'a, str>,
    },
}

/// The object of a statement.
#[derive(Clone, Debug)]
pub enum Object<'a> {
    /// An activity.
    Activity(Activity<'a>),
    /// An agent or group.
    Actor(Actor<'a>),
    /// Another statement, which may not be stored yet.
    StatementRef(StatementId),
    /// A statement inside the statement.
    SubStatement(Box<SubStatement<'a>>),
}

/// An activity as one statement names it.
#[derive(Clone, Debug)]
pub struct Activity<'a> {
    /// Its IRI.
    pub id: Cow<'a, str>,
    /// `definition.type`.
    pub kind: Option<Cow<'a, str>>,
    /// `definition`, as sent.
    pub definition: Option<RawJson<'a>>,
    /// `definition.extensions`, as sent.
    pub extensions: Option<RawJson<'a>>,
}

/// A statement inside a statement (1.0.3 Data 2.4.4.3).
#[derive(Clone, Debug)]
pub struct SubStatement<'a> {
    /// Who did it.
    pub actor: Actor<'a>,
    /// IRI of the verb.
    pub verb: Cow<'a, str>,
    /// What was acted on; never a sub-statement.
    pub object: Object<'a>,
    /// The outcome.
    pub result: Option<StatementResult<'a>>,
    /// Where and with whom it happened.
    pub context: Option<Context<'a>>,
    /// When it happened.
    pub timestamp: Option<Timestamp>,
    /// Metadata of attachments.
    pub attachments: Vec<Attachment<'a>>,
}

/// The outcome of a statement (1.0.3 Data 2.4.5).
#[derive(Clone, Debug, Default)]
pub struct StatementResult<'a> {
    /// `success`.
    pub success: Option<bool>,
    /// `completion`.
    pub completion: Option<bool>,
    /// `score.scaled`, −1 to 1.
    pub scaled: Option<f64>,
    /// `score.raw`, between `min` and `max`.
    pub raw: Option<f64>,
    /// `score.min`.
    pub min: Option<f64>,
    /// `score.max`.
    pub max: Option<f64>,
    /// `response`.
    pub response: Option<Cow<'a, str>>,
    /// `duration`, an ISO 8601 duration as sent.
    pub duration: Option<Cow<'a, str>>,
    /// `extensions`, as sent.
    pub extensions: Option<RawJson<'a>>,
}

/// The context of a statement (1.0.3 Data 2.4.6, 2.0 4.2.2.7).
#[derive(Clone, Debug, Default)]
pub struct Context<'a> {
    /// `registration`.
    pub registration: Option<Uuid>,
    /// `instructor`.
    pub instructor: Option<Actor<'a>>,
    /// `team`.
    pub team: Option<Group<'a>>,
    /// `contextActivities.parent`; a single activity counts as a list of one.
    pub parent: SmallVec<[Activity<'a>; 1]>,
    /// `contextActivities.grouping`.
    pub grouping: SmallVec<[Activity<'a>; 1]>,
    /// `contextActivities.category`.
    pub category: SmallVec<[Activity<'a>; 1]>,
    /// `contextActivities.other`.
    pub other: SmallVec<[Activity<'a>; 1]>,
    /// The agents of `contextAgents` (2.0).
    pub context_agents: Vec<Actor<'a>>,
    /// The groups of `contextGroups` (2.0).
    pub context_groups: Vec<Group<'a>>,
    /// `revision`.
    pub revision: Option<Cow<'a, str>>,
    /// `platform`.
    pub platform: Option<Cow<'a, str>>,
    /// `language`.
    pub language: Option<Cow<'a, str>>,
    /// `statement`: the statement to be considered as context.
    pub statement: Option<StatementId>,
    /// `extensions`, as sent.
    pub extensions: Option<RawJson<'a>>,
}

/// Metadata of one attachment (1.0.3 Data 2.4.11).
#[derive(Clone, Debug)]
pub struct Attachment<'a> {
    /// `usageType`.
    pub usage_type: Cow<'a, str>,
    /// `contentType`.
    pub content_type: Cow<'a, str>,
    /// `length` in bytes.
    pub length: u64,
    /// `sha2` as given: hex digits of SHA-224, 256, 384 or 512.
    pub sha2: Cow<'a, str>,
    /// `fileUrl`.
    pub file_url: Option<Cow<'a, str>>,
    /// The digest of all of this.
    pub(crate) meaning: u128,
}
