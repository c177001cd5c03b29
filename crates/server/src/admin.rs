//! Commands that operators give to a running server, on the admin listener.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, ServiceConfig, get, post};
use actix_web::{HttpResponse, ResponseError};
use plaudit_projector::{Entry, Projector, ProjectorError, Redo};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::ServerError;
use crate::parts::Parts;
use crate::show;

/// Which read models; all of them without a name.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Which {
    /// Name of a read model.
    pub model: Option<String>,
}

/// Which parked learner.
#[derive(Debug, Serialize, Deserialize)]
pub struct Whose {
    /// Name of a read model; all of them without.
    pub model: Option<String>,
    /// The tenant.
    pub tenant: String,
    /// The learner.
    pub learner: String,
}

/// Adds the resources to the listener.
pub fn resources(
    parts: Arc<Parts>,
    projector: Arc<Projector>,
) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    let (parts, projector) = (Data::from(parts), Data::from(projector));
    move |config| {
        config
            .app_data(parts.clone())
            .app_data(projector.clone())
            .route("/admin/server", get().to(server))
            .route("/admin/projections", get().to(projections))
            .route("/admin/rebuild", post().to(rebuild))
            .route("/admin/drop-old", post().to(drop_old))
            .route("/admin/dead-letters", get().to(dead_letters))
            .route("/admin/dead-letters/retry", post().to(retry))
            .route("/admin/dead-letters/skip", post().to(skip))
            .route("/admin/verify", post().to(verify_rows));
    }
}

type Answer = Result<Json<Value>, Refusal>;

/// Which server this is: another may have taken over the address of one that was killed.
async fn server(parts: Data<Parts>) -> Answer {
    let (pid, data_dir) = (std::process::id(), parts.backends.data_dir());
    Ok(Json(json!({ "pid": pid, "data_dir": data_dir, "version": env!("CARGO_PKG_VERSION") })))
}

async fn projections(projector: Data<Projector>) -> Answer {
    Ok(Json(json!({ "projections": projector.status().await? })))
}

async fn rebuild(projector: Data<Projector>, which: Json<Which>) -> Answer {
    let begun = projector.rebuild(which.model.as_deref()).await?;
    Ok(Json(json!({ "begun": named(&begun) })))
}

async fn drop_old(projector: Data<Projector>, which: Json<Which>) -> Answer {
    let dropped = projector.drop_old(which.model.as_deref()).await?;
    Ok(Json(json!({ "dropped": named(&dropped) })))
}

async fn dead_letters(projector: Data<Projector>) -> Answer {
    Ok(Json(json!({ "dead_letters": projector.dead_letters().await? })))
}

async fn retry(projector: Data<Projector>, whose: Json<Whose>) -> Answer {
    redo(&projector, &whose, Redo::Retry).await
}

async fn skip(projector: Data<Projector>, whose: Json<Whose>) -> Answer {
    redo(&projector, &whose, Redo::Skip).await
}

async fn redo(projector: &Projector, whose: &Whose, redo: Redo) -> Answer {
    let done = projector.redo(whose.model.as_deref(), &whose.tenant, &whose.learner, redo).await?;
    Ok(Json(json!(done)))
}

async fn verify_rows(parts: Data<Parts>, projector: Data<Projector>) -> Answer {
    Ok(Json(json!(parts.verify(Some(&projector)).await?)))
}

/// Entries by model and generation.
pub fn named(entries: &[Entry]) -> Vec<Value> {
    let name = |entry: &Entry| json!({ "model": entry.model, "generation": entry.number.0 });
    entries.iter().map(name).collect()
}

/// An answer that says what is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{}", show::chain(.0))]
struct Refusal(ServerError);

impl<E: Into<ServerError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match &self.0 {
            ServerError::Projector(
                ProjectorError::UnknownModel { .. } | ProjectorError::NotParked { .. },
            ) => StatusCode::NOT_FOUND,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).json(json!({ "error": self.to_string() }))
    }
}
