//! Writing and deleting definitions: checked alone and together with the tenant's others, one writer at a time.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use jiff::tz::TimeZone;
use plaudit_engagement::{
    DefinitionError, Definitions, validate_achievement, validate_funnel, validate_recognition,
};
use plaudit_event::{DefinitionEvent, DefinitionKind, TenantId};
use plaudit_log::Appended;
use plaudit_read_models::definitions::{self, DefinitionRow};
use serde::de::DeserializeOwned;
use serde_json::json;
use serde_json::value::RawValue;

use super::{load, not_found};
use crate::params::Params;
use crate::problem::{Kind, Problem, refused};
use crate::state::State;
use crate::{body, preconditions};

/// How long a write waits until reads see it: the model has little to do, so more would mean that it stands still.
const VISIBLE_WAIT_MAX: Duration = Duration::from_secs(5);

/// PUT: writes a definition.
pub(super) async fn put(
    request: HttpRequest,
    kind: DefinitionKind,
    id: Path<String>,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let credential = state.credentials.authenticate(&request)?;
    Params::of(&request, &[])?;
    let body = body::read(&request, payload, &state).await?;
    check_alone(kind, &id, &body)?;
    let document: Box<RawValue> = serde_json::from_slice(&body).expect("validated as JSON");
    let turn = state.ingest.definition_turn().await;
    let rows = current(&state, &credential.tenant).await?;
    let present = rows.iter().find(|row| row.kind == kind && row.id == *id);
    let written = present.filter(|row| row.document.is_some());
    preconditions::check(request.headers(), written.map(|row| row.version))?;
    if let Some(same) = written.filter(|row| row.document.as_deref() == Some(document.get())) {
        return answer(StatusCode::OK, &state, &credential.tenant, (kind, &id, same.version)).await;
    }
    check_together(&rows, kind, &id, document.get())?;
    let status = if written.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let version = present.map_or(0, |row| row.version) + 1;
    let event = DefinitionEvent {
        tenant: credential.tenant.clone(),
        kind,
        id: id.clone(),
        version,
        at: state.ingest.now(),
        document: Some(document),
    };
    let appended = turn.append(&event).await?;
    visible(&state, &appended).await;
    answer(status, &state, &credential.tenant, (kind, &id, version)).await
}

/// DELETE: removes a definition. If it replaced a default, the default holds again.
pub(super) async fn delete(
    request: HttpRequest,
    kind: DefinitionKind,
    id: Path<String>,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let credential = state.credentials.authenticate(&request)?;
    Params::of(&request, &[])?;
    let turn = state.ingest.definition_turn().await;
    let mut rows = current(&state, &credential.tenant).await?;
    let at = rows.iter().position(|row| row.kind == kind && row.id == *id && row.document.is_some());
    preconditions::check(request.headers(), at.map(|at| rows[at].version))?;
    let at = at.ok_or_else(|| not_found(kind, &id))?;
    rows[at].document = None;
    compile(&rows).map_err(|error| refused(Kind::Unprocessable, &error))?;
    let event = DefinitionEvent {
        tenant: credential.tenant.clone(),
        kind,
        id: id.clone(),
        version: rows[at].version + 1,
        at: state.ingest.now(),
        document: None,
    };
    let appended = turn.append(&event).await?;
    visible(&state, &appended).await;
    Ok(HttpResponse::NoContent().finish())
}

/// Everything that the tenant wrote. A writer must see what was written before, so it does not go on without.
async fn current(state: &State, tenant: &TenantId) -> Result<Vec<DefinitionRow>, Problem> {
    if !state.reads.wait(definitions::NAME, VISIBLE_WAIT_MAX).await? {
        return Err(Problem::new(Kind::Unavailable, "the definitions are not up to date yet"));
    }
    let generation = state.reads.serving(definitions::NAME, tenant);
    Ok(definitions::of_tenant(state.reads.store.as_ref(), generation, tenant).await?)
}

async fn visible(state: &State, appended: &Appended) {
    for &(partition, _, end) in &appended.spans {
        state.reads.progress.wait(definitions::NAME, partition, end, VISIBLE_WAIT_MAX).await;
    }
}

async fn answer(
    status: StatusCode,
    state: &State,
    tenant: &TenantId,
    (kind, id, version): (DefinitionKind, &str, u64),
) -> Result<HttpResponse, Problem> {
    let all = load(state, tenant, kind).await?.all(kind);
    let build = all.iter().find(|shown| shown.id == id).map_or("pending", |shown| shown.state);
    Ok(HttpResponse::build(status)
        .insert_header(preconditions::etag(version))
        .json(json!({ "id": id, "version": version, "state": build })))
}

/// The document by itself, and that it names itself as its URL does.
fn check_alone(kind: DefinitionKind, id: &str, document: &[u8]) -> Result<(), Problem> {
    let inside = match kind {
        DefinitionKind::Funnel => validate_funnel(document).map(|it| it.id),
        DefinitionKind::Achievement => validate_achievement(document).map(|it| it.id),
        DefinitionKind::Recognition => validate_recognition(document).map(|it| it.id),
    };
    let inside = inside.map_err(|error| refused(Kind::Unprocessable, &error))?;
    if inside == id {
        return Ok(());
    }
    let fault = json!({ "pointer": "/id", "message": format!("is not `{id}`, which the URL names") });
    Err(Problem::new(Kind::Unprocessable, "the definition's id is not that of the URL")
        .with("errors", vec![fault]))
}

/// The document among the tenant's others: what it names is there, and there are no cycles.
fn check_together(
    rows: &[DefinitionRow],
    kind: DefinitionKind,
    id: &str,
    document: &str,
) -> Result<(), Problem> {
    let mut rows: Vec<DefinitionRow> =
        rows.iter().filter(|row| !(row.kind == kind && row.id == id)).cloned().collect();
    let (version, changed_at) = (0, plaudit_xapi::Timestamp::default());
    rows.push(DefinitionRow {
        kind,
        id: id.to_owned(),
        version,
        changed_at,
        document: Some(document.to_owned()),
    });
    compile(&rows).map_err(|error| refused(Kind::Unprocessable, &error))
}

fn compile(rows: &[DefinitionRow]) -> Result<(), DefinitionError> {
    let (funnels, achievements, recognition) = Definitions::with_defaults(
        parse(rows, DefinitionKind::Funnel),
        parse(rows, DefinitionKind::Achievement),
        parse(rows, DefinitionKind::Recognition),
    );
    Definitions::compile(&funnels, &achievements, &recognition, &TimeZone::UTC).map(drop)
}

/// The documents of one kind.
fn parse<T: DeserializeOwned>(rows: &[DefinitionRow], kind: DefinitionKind) -> Vec<T> {
    let documents = rows.iter().filter(|row| row.kind == kind).filter_map(|row| row.document.as_deref());
    documents.filter_map(|document| serde_json::from_str(document).ok()).collect()
}
