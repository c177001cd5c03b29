//! `/api/v1/funnels`, `/api/v1/achievements`, `/api/v1/recognition`: definitions as versioned documents.

mod kinds;
mod write;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use plaudit_engagement::Definitions;
use plaudit_event::{DefinitionKind, TenantId};
use plaudit_read_models::definitions::{self, DefinitionRow};
use plaudit_read_models::engagement;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::listing::{self, Form};
use crate::params::Params;
use crate::preconditions;
use crate::problem::{Kind, Problem};
use crate::state::State;

pub(crate) use kinds::{achievements, funnels, recognition};

/// A definition as it is shown.
#[derive(Serialize)]
pub(crate) struct Shown {
    id: String,
    /// 0: one of the defaults, which holds until a definition with its id is written.
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_at: Option<String>,
    /// `serving`, or `pending` while the rows that follow from it are being built.
    state: &'static str,
    document: Box<RawValue>,
}

/// The definitions of one kind for one tenant.
pub(crate) struct Kinds {
    /// As last written; deleted ones without a document.
    rows: Vec<DefinitionRow>,
    /// What the serving rows were made by, by id.
    serving: Vec<(String, Value)>,
}

/// GET: all definitions of a kind.
async fn list(
    request: HttpRequest,
    kind: DefinitionKind,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let credential = state.credentials.authenticate(&request)?;
    let params = Params::of(&request, &["format"])?;
    let form = listing::form(&request, &params)?;
    let shown = load(&state, &credential.tenant, kind).await?.all(kind);
    Ok(listing::answer(&request, form, (&shown, None), COLUMNS))
}

/// GET: one definition.
async fn get(
    request: HttpRequest,
    kind: DefinitionKind,
    id: Path<String>,
    state: Data<State>,
) -> Result<HttpResponse, Problem> {
    let credential = state.credentials.authenticate(&request)?;
    Params::of(&request, &[])?;
    let shown = load(&state, &credential.tenant, kind).await?.all(kind);
    let found = shown.into_iter().find(|shown| shown.id == *id).ok_or_else(|| not_found(kind, &id))?;
    if preconditions::is_unchanged(request.headers(), found.version) {
        return Ok(HttpResponse::NotModified().insert_header(preconditions::etag(found.version)).finish());
    }
    let mut answer = listing::answer_one(Form::Json, &found, COLUMNS);
    let (name, value) = preconditions::etag(found.version);
    answer.headers_mut().insert(name, value);
    Ok(answer)
}

const COLUMNS: &[&str] = &["/id", "/version", "/changed_at", "/state", "/document/title"];

/// The definitions of a kind, as of what was confirmed before this call.
pub(crate) async fn load(state: &State, tenant: &TenantId, kind: DefinitionKind) -> Result<Kinds, Problem> {
    state.reads.wait(definitions::NAME, state.limits.read_wait_max).await?;
    let store = state.reads.store.as_ref();
    let generation = state.reads.serving(definitions::NAME, tenant);
    let mut rows = definitions::of_tenant(store, generation, tenant).await?;
    rows.retain(|row| row.kind == kind);
    let set =
        engagement::definition_set(store, state.reads.serving(engagement::NAME, tenant), tenant).await?;
    let serving = match kind {
        DefinitionKind::Funnel => by_id(&set.funnels, |it| &it.id),
        DefinitionKind::Achievement => by_id(&set.achievements, |it| &it.id),
        DefinitionKind::Recognition => by_id(&set.recognition, |it| &it.id),
    };
    Ok(Kinds { rows, serving })
}

impl Kinds {
    /// What holds: what the tenant wrote, and the defaults that it did not replace.
    fn all(&self, kind: DefinitionKind) -> Vec<Shown> {
        let written: Vec<Shown> = self.rows.iter().filter_map(|row| self.shown(row, kind)).collect();
        let replaced = |default: &Shown| written.iter().any(|own| own.id == default.id);
        let defaults: Vec<Shown> = self.defaults(kind).into_iter().filter(|it| !replaced(it)).collect();
        written.into_iter().chain(defaults).collect()
    }

    fn shown(&self, row: &DefinitionRow, kind: DefinitionKind) -> Option<Shown> {
        let document = RawValue::from_string(row.document.clone()?).ok()?;
        Some(Shown {
            id: row.id.clone(),
            version: row.version,
            changed_at: Some(row.changed_at.to_string()),
            state: self.state(&row.id, normal(kind, document.get())),
            document,
        })
    }

    fn defaults(&self, kind: DefinitionKind) -> Vec<Shown> {
        let (funnels, achievements, recognition) = Definitions::defaults();
        let defaults = match kind {
            DefinitionKind::Funnel => by_id(&funnels, |it| &it.id),
            DefinitionKind::Achievement => by_id(&achievements, |it| &it.id),
            DefinitionKind::Recognition => by_id(&recognition, |it| &it.id),
        };
        let shown = |(id, document): (String, Value)| {
            let text = RawValue::from_string(document.to_string()).expect("printed above");
            Shown { state: self.state(&id, Some(document)), id, version: 0, changed_at: None, document: text }
        };
        defaults.into_iter().map(shown).collect()
    }

    fn state(&self, id: &str, document: Option<Value>) -> &'static str {
        let serving = self.serving.iter().find(|(serving, _)| serving == id).map(|(_, document)| document);
        if serving == document.as_ref() { "serving" } else { "pending" }
    }
}

/// The document with its defaults filled in, so that two that mean the same are equal.
fn normal(kind: DefinitionKind, document: &str) -> Option<Value> {
    let bytes = document.as_bytes();
    let value = match kind {
        DefinitionKind::Funnel => serde_json::to_value(plaudit_engagement::validate_funnel(bytes).ok()?),
        DefinitionKind::Achievement => {
            serde_json::to_value(plaudit_engagement::validate_achievement(bytes).ok()?)
        }
        DefinitionKind::Recognition => {
            serde_json::to_value(plaudit_engagement::validate_recognition(bytes).ok()?)
        }
    };
    value.ok()
}

fn by_id<T: Serialize>(definitions: &[T], id: impl Fn(&T) -> &String) -> Vec<(String, Value)> {
    let with_id = |it: &T| (id(it).clone(), serde_json::to_value(it).unwrap_or_default());
    definitions.iter().map(with_id).collect()
}

pub(crate) fn not_found(kind: DefinitionKind, id: &str) -> Problem {
    Problem::new(Kind::NotFound, format!("there is no {} `{id}`", kind.as_str()))
}
