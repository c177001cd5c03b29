//! Reading statements: one by its id, or those that meet a filter, page by page.

use std::cell::Cell;
use std::time::{Duration, UNIX_EPOCH};

use actix_web::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, HttpDate, LAST_MODIFIED};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use plaudit_query::{Format, Page, Settings, StatementQuery};
use plaudit_xapi::{Actor, StatementId, Timestamp, Version, is_iri, parse_actor, parse_uuid, read_stored};

use super::consistency;
use crate::auth::Credential;
use crate::params::Params;
use crate::problem::{Kind, Problem};
use crate::state::State;
use crate::version;

const PARAMS: [&str; 15] = [
    "statementId",
    "voidedStatementId",
    "agent",
    "verb",
    "activity",
    "registration",
    "related_activities",
    "related_agents",
    "since",
    "until",
    "limit",
    "format",
    "attachments",
    "ascending",
    MORE,
];
/// The parameters that may stand beside an id.
const BESIDE_IDS: [&str; 4] = ["statementId", "voidedStatementId", "format", "attachments"];
/// Our own: the cursor in the `more` of an answer.
const MORE: &str = "more";

/// GET: one statement, or a page of those that meet all parameters.
#[utoipa::path(get, path = "/xapi/statements", tag = "xapi",
    params(
        ("statementId" = Option<String>, Query, description = "The statement of that id, unless it is voided"),
        ("voidedStatementId" = Option<String>, Query, description = "The statement of that id, if it is voided"),
        ("agent" = Option<String>, Query, description = "Agent or identified group, as JSON"),
        ("verb" = Option<String>, Query, description = "IRI of the verb"),
        ("activity" = Option<String>, Query, description = "IRI of the activity"),
        ("registration" = Option<String>, Query, description = "UUID of the registration"),
        ("related_activities" = Option<bool>, Query, description = "Also where the activity is in the context or a SubStatement"),
        ("related_agents" = Option<bool>, Query, description = "Also where the agent is in another role"),
        ("since" = Option<String>, Query, description = "Stored after"),
        ("until" = Option<String>, Query, description = "Stored then or before"),
        ("limit" = Option<u32>, Query, description = "Statements per page; 0 is the most that the server gives"),
        ("format" = Option<String>, Query, description = "`exact`, `ids` or `canonical`"),
        ("attachments" = Option<bool>, Query, description = "Answer as multipart/mixed"),
        ("ascending" = Option<bool>, Query, description = "Oldest first"),
        ("more" = Option<String>, Query, description = "As in the `more` of the page before"),
    ),
    responses((status = 200, description = "The statement, or `statements` and `more`"),
        (status = 400, description = "A parameter is unknown, or not what it should be"),
        (status = 404, description = "There is no such statement")))]
pub(crate) async fn get(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Problem> {
    let through = Cell::new(None);
    let outcome = answer(&request, &state, &through).await;
    consistency::add(outcome, through.take(), &state).await
}

async fn answer(
    request: &HttpRequest,
    state: &State,
    through: &Cell<Option<Timestamp>>,
) -> Result<HttpResponse, Problem> {
    let version = version::of(request)?;
    let credential = state.credentials.authenticate(request)?;
    let params = Params::of(request, &PARAMS)?;
    let reader = Reader { request, state, credential: &credential, params: &params, version, through };
    if let Some(cursor) = params.get(MORE) {
        return reader.more(cursor).await;
    }
    let id = params.parse("statementId", "a UUID", parse_uuid)?;
    let voided = params.parse("voidedStatementId", "a UUID", parse_uuid)?;
    match (id, voided) {
        (None, None) => reader.find().await,
        (Some(_), Some(_)) => {
            Err(Problem::malformed("`statementId` and `voidedStatementId` exclude each other"))
        }
        (Some(id), None) => reader.one(id, false).await,
        (None, Some(id)) => reader.one(id, true).await,
    }
}

struct Reader<'r> {
    request: &'r HttpRequest,
    state: &'r State,
    credential: &'r Credential,
    params: &'r Params,
    version: Version,
    /// Through when the answer is complete: noted before the rows are read.
    through: &'r Cell<Option<Timestamp>>,
}

impl Reader<'_> {
    /// By id a client sees its own writes at once: only when nothing is found does it wait.
    async fn one(&self, id: StatementId, voided: bool) -> Result<HttpResponse, Problem> {
        if let Some(other) = self.params.names().find(|name| !BESIDE_IDS.contains(name)) {
            return Err(Problem::malformed(format!("`{other}` has no meaning beside the id of a statement")));
        }
        let settings = self.settings()?;
        self.note_through().await?;
        let mut found = self.look_up(id, voided, &settings).await?;
        if found.is_none() {
            self.state.statements.wait_for_head(self.state.limits.read_wait_max).await?;
            self.note_through().await?;
            found = self.look_up(id, voided, &settings).await?;
        }
        let stored = found.ok_or_else(|| Problem::new(Kind::NotFound, "there is no such statement"))?;
        let modified = read_stored(&stored).ok().and_then(|statement| statement.stored);
        let mut answer = document(&stored, &settings, self.state);
        if let Some(stored) = modified {
            let seconds = u64::try_from(stored.as_micros() / 1_000_000).unwrap_or_default();
            let date = HttpDate::from(UNIX_EPOCH + Duration::from_secs(seconds));
            let date = date.to_string().parse().expect("dates are plain text");
            answer.headers_mut().insert(LAST_MODIFIED, date);
        }
        Ok(answer)
    }

    async fn look_up(
        &self,
        id: StatementId,
        voided: bool,
        settings: &Settings,
    ) -> Result<Option<Bytes>, Problem> {
        let (statements, tenant) = (&self.state.statements, &self.credential.tenant);
        Ok(match voided {
            false => statements.by_id(tenant, id, settings, None).await?,
            true => statements.voided_by_id(tenant, id, settings, None).await?,
        })
    }

    async fn find(&self) -> Result<HttpResponse, Problem> {
        let agent =
            self.params.get("agent").map(|json| parse_actor(json.as_bytes(), self.version)).transpose()?;
        let query = self.query(agent.as_ref())?;
        self.wait().await?;
        let _turn = self.state.answers.turn(&self.state.limits, &self.state.metrics).await?;
        let page = self.state.statements.find(&self.credential.tenant, &query, None).await?;
        Ok(list(&page, self.state))
    }

    async fn more(&self, cursor: &str) -> Result<HttpResponse, Problem> {
        if let Some(other) = self.params.names().find(|name| *name != MORE) {
            return Err(Problem::malformed(format!(
                "`{other}` has no meaning beside `more`, which keeps all parameters"
            )));
        }
        self.wait().await?;
        let _turn = self.state.answers.turn(&self.state.limits, &self.state.metrics).await?;
        let page = self.state.statements.find_more(&self.credential.tenant, cursor, None).await?;
        Ok(list(&page, self.state))
    }

    fn query<'a>(&self, agent: Option<&'a Actor<'a>>) -> Result<StatementQuery<'a>, Problem> {
        let params = self.params;
        let iri = |name| params.parse(name, "an IRI", |text| is_iri(text).then(|| text.to_owned()));
        let instant = |name| params.parse(name, "a timestamp", |text| Timestamp::parse(text).ok());
        Ok(StatementQuery {
            agent: agent.and_then(|agent| agent.ifi().cloned()),
            verb: iri("verb")?,
            activity: iri("activity")?,
            registration: params.parse("registration", "a UUID", parse_uuid)?,
            related_activities: params.flag("related_activities")?,
            related_agents: params.flag("related_agents")?,
            since: instant("since")?,
            until: instant("until")?,
            limit: params.parse("limit", "a number from 0", limit)?.unwrap_or_default(),
            ascending: params.flag("ascending")?,
            settings: self.settings()?,
        })
    }

    fn settings(&self) -> Result<Settings, Problem> {
        let format = self.params.parse("format", "`exact`, `ids` or `canonical`", |text| match text {
            "exact" => Some(Format::Exact),
            "ids" => Some(Format::Ids),
            "canonical" => Some(Format::Canonical),
            _ => None,
        })?;
        let language = self.request.headers().get(ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok());
        Ok(Settings {
            format: format.unwrap_or_default(),
            attachments: self.params.flag("attachments")?,
            language: language.unwrap_or_default().to_owned(),
        })
    }

    /// Waits until the rows show what was confirmed before this request.
    async fn wait(&self) -> Result<(), Problem> {
        if !self.state.statements.wait_for_head(self.state.limits.read_wait_max).await? {
            self.state.metrics.limit("read_wait");
        }
        self.note_through().await
    }

    async fn note_through(&self) -> Result<(), Problem> {
        self.through.set(Some(self.state.statements.consistent_through().await?));
        Ok(())
    }
}

/// Larger than any page is as good as the largest page.
fn limit(text: &str) -> Option<u32> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().unwrap_or(u32::MAX))
}

/// A StatementResult (1.0.3 Data 2.5).
fn list(page: &Page, state: &State) -> HttpResponse {
    let bytes: usize = page.statements.iter().map(|statement| statement.len() + 1).sum();
    let mut json = Vec::with_capacity(bytes + 256);
    json.extend_from_slice(b"{\"statements\":[");
    for (index, statement) in page.statements.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        json.extend_from_slice(statement);
    }
    json.extend_from_slice(b"],\"more\":\"");
    if let Some(more) = &page.more {
        // Cursors are made of the letters of URLs, so nothing needs escaping.
        json.extend_from_slice(b"/xapi/statements?more=");
        json.extend_from_slice(more.as_bytes());
    }
    json.extend_from_slice(b"\"}");
    document(&json.into(), &page.settings, state)
}

/// JSON, or the same as the first part of multipart/mixed when attachments are asked for (1.0.3 Communication 1.5.2).
fn document(json: &Bytes, settings: &Settings, state: &State) -> HttpResponse {
    if !settings.attachments {
        return HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "application/json"))
            .body(state.answers.body(json.clone()));
    }
    let boundary = state.ingest.new_id().simple().to_string();
    let head = format!("--{boundary}\r\nContent-Type: application/json\r\n\r\n");
    let tail = format!("\r\n--{boundary}--\r\n");
    let body = [head.as_bytes(), json, tail.as_bytes()].concat();
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, format!("multipart/mixed; boundary={boundary}")))
        .body(state.answers.body(body.into()))
}
