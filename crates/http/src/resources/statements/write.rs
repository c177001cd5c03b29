//! Storing statements: POST any number, PUT one under its id.

use std::slice;

use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use plaudit_ingest::{Request, Unconfirmed};
use plaudit_xapi::{StatementId, Version, parse_statement, parse_statements, parse_uuid};

use super::consistency;
use crate::auth::Credential;
use crate::params::Params;
use crate::problem::{Kind, Problem};
use crate::state::State;
use crate::{body, version};

/// POST: stores the statements of the body; answers their ids.
#[utoipa::path(post, path = "/xapi/statements", tag = "xapi",
    request_body(content_type = "application/json", description = "One statement, or an array of them: all are stored, or none"),
    responses((status = 200, description = "The ids, in order; everything is durable"),
        (status = 400, description = "The body breaks a rule: `pointer`, `rule` and `section` say which"),
        (status = 409, description = "An id is already stored with different content"),
        (status = 413, description = "Over a limit"), (status = 503, description = "Not now; see Retry-After")))]
pub(crate) async fn post(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    consistency::add(post_all(&request, payload, &state).await, None, &state).await
}

async fn post_all(request: &HttpRequest, payload: Payload, state: &State) -> Result<HttpResponse, Problem> {
    let version = version::of(request)?;
    let credential = state.credentials.authenticate(request)?;
    Params::of(request, &[])?;
    expect_json(request.headers())?;
    let body = body::read(request, payload, state).await?;
    let ids = append_all(&body, version, &credential, state).await?;
    // The log has its own copy; thousands of requests may wait for it at once.
    drop(body);
    let ids = ids.confirmed().await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(as_json(&ids)))
}

async fn append_all(
    body: &[u8],
    version: Version,
    credential: &Credential,
    state: &State,
) -> Result<Unconfirmed, Problem> {
    let batch = parse_statements(body, version)?;
    let appended = state.ingest.append(Request {
        tenant: &credential.tenant,
        authority: &credential.authority,
        version,
        id: None,
        statements: &batch.statements,
    });
    Ok(appended.await?)
}

/// PUT: stores the statement of the body under the id of the parameter.
#[utoipa::path(put, path = "/xapi/statements", tag = "xapi",
    params(("statementId" = String, Query, description = "The id")),
    request_body(content_type = "application/json", description = "One statement"),
    responses((status = 204, description = "Stored, or stored before with equal content"),
        (status = 400, description = "The body breaks a rule: `pointer`, `rule` and `section` say which"),
        (status = 409, description = "The id is already stored with different content")))]
pub(crate) async fn put(
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    consistency::add(put_one(&request, payload, &state).await, None, &state).await
}

async fn put_one(request: &HttpRequest, payload: Payload, state: &State) -> Result<HttpResponse, Problem> {
    let version = version::of(request)?;
    let credential = state.credentials.authenticate(request)?;
    let params = Params::of(request, &["statementId"])?;
    let id = params.parse("statementId", "a UUID", parse_uuid)?;
    let id = id.ok_or_else(|| Problem::malformed("PUT needs the parameter `statementId`"))?;
    expect_json(request.headers())?;
    let body = body::read(request, payload, state).await?;
    let statement = parse_statement(&body, version)?;
    if statement.id.is_some_and(|inside| inside != id) {
        let detail = "the id of the statement is not that of the parameter `statementId`";
        return Err(Problem::malformed(detail).with("pointer", "/id"));
    }
    let stored = state.ingest.store(Request {
        tenant: &credential.tenant,
        authority: &credential.authority,
        version,
        id: Some(id),
        statements: slice::from_ref(&statement),
    });
    stored.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Statements are JSON in UTF-8; attachments may only be named by `fileUrl` so far.
fn expect_json(headers: &HeaderMap) -> Result<(), Problem> {
    let sent = headers.get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let media_type = sent.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    if media_type.eq_ignore_ascii_case(b"application/json") {
        return Ok(());
    }
    let detail = if media_type.eq_ignore_ascii_case(b"multipart/mixed") {
        "the bytes of attachments are not taken yet: send application/json, and name attachments by fileUrl"
    } else {
        "send statements with Content-Type: application/json"
    };
    // The standard and its suite want 400 where HTTP would say 415 (1.0.3 Communication 1.5).
    Err(Problem::new(Kind::Malformed, detail))
}

/// An array of strings: ids need no escaping.
fn as_json(ids: &[StatementId]) -> Vec<u8> {
    let mut json = Vec::with_capacity(ids.len() * 39 + 2);
    let mut text = [0; 36];
    for (index, id) in ids.iter().enumerate() {
        json.extend_from_slice(if index == 0 { b"[\"" } else { b",\"" });
        json.extend_from_slice(id.hyphenated().encode_lower(&mut text).as_bytes());
        json.push(b'"');
    }
    json.extend_from_slice(if ids.is_empty() { b"[]" } else { b"]" });
    json
}
