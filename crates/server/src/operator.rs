//! Commands on a data directory: passed on to the server that runs on it, or done here when none does.

use std::path::Path;
use std::time::Duration;

use plaudit_projector::{Projector, Redo};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::admin::{Which, Whose, named};
use crate::backends::{expect_log, is_in_use};
use crate::config::Settings;
use crate::error::ServerError;
use crate::parts::Parts;
use crate::running::Running;

/// A server on this machine answers at once or not at all.
const CONNECT_WAIT_MAX: Duration = Duration::from_secs(2);
/// How long rows may take to catch up with the log before a command works on them.
const CATCH_UP_WAIT_MAX: Duration = Duration::from_secs(24 * 3600);

/// Who does what an operator wants.
pub enum Operator {
    /// The server that runs.
    Online(Online),
    /// This process.
    Offline(Offline),
}

/// A running server, by its admin listener.
pub struct Online {
    client: Client,
    url: String,
}

/// The parts of a server without listeners.
pub struct Offline {
    parts: Parts,
    projector: Option<Projector>,
}

impl Operator {
    /// Finds the server that runs on the data directory, or opens the directory here; with `projector`, rows follow the log meanwhile.
    pub async fn find(settings: &Settings, with_projector: bool) -> Result<Self, ServerError> {
        if let Some(online) = Online::find(settings).await {
            return Ok(Self::Online(online));
        }
        expect_log(&settings.data_dir)?;
        let parts = Parts::open(settings).map_err(|error| match is_in_use(&error) {
            true => ServerError::Running { path: settings.data_dir.clone(), action: "go on" },
            false => error,
        })?;
        let projector = if with_projector { Some(parts.projector().await?) } else { None };
        if let Some(projector) = &projector {
            projector.wait_caught_up(CATCH_UP_WAIT_MAX).await?;
        }
        Ok(Self::Offline(Offline { parts, projector }))
    }

    /// What all projections do.
    pub async fn projections(&self) -> Result<Value, ServerError> {
        match self {
            Self::Online(online) => online.ask(Method::GET, "projections", &Value::Null).await,
            Self::Offline(offline) => Ok(json!({ "projections": offline.projector().status().await? })),
        }
    }

    /// Begins to build read models anew.
    pub async fn rebuild(&self, which: &Which) -> Result<Value, ServerError> {
        match self {
            Self::Online(online) => online.ask(Method::POST, "rebuild", &json!(which)).await,
            Self::Offline(offline) => {
                Ok(json!({ "begun": named(&offline.projector().rebuild(which.model.as_deref()).await?) }))
            }
        }
    }

    /// Drops rows that others replace.
    pub async fn drop_old(&self, which: &Which) -> Result<Value, ServerError> {
        match self {
            Self::Online(online) => online.ask(Method::POST, "drop-old", &json!(which)).await,
            Self::Offline(offline) => {
                Ok(json!({ "dropped": named(&offline.projector().drop_old(which.model.as_deref()).await?) }))
            }
        }
    }

    /// What is parked.
    pub async fn dead_letters(&self) -> Result<Value, ServerError> {
        match self {
            Self::Online(online) => online.ask(Method::GET, "dead-letters", &Value::Null).await,
            Self::Offline(offline) => {
                Ok(json!({ "dead_letters": offline.projector().dead_letters().await? }))
            }
        }
    }

    /// Applies what is parked of a learner.
    pub async fn redo(&self, whose: &Whose, redo: Redo) -> Result<Value, ServerError> {
        match self {
            Self::Online(online) => {
                let command = if redo == Redo::Retry { "dead-letters/retry" } else { "dead-letters/skip" };
                online.ask(Method::POST, command, &json!(whose)).await
            }
            Self::Offline(offline) => {
                let projector = offline.projector();
                let model = whose.model.as_deref();
                Ok(json!(projector.redo(model, &whose.tenant, &whose.learner, redo).await?))
            }
        }
    }

    /// Compares the rows with the log.
    pub async fn verify(&self) -> Result<Value, ServerError> {
        match self {
            Self::Online(online) => online.ask(Method::POST, "verify", &Value::Null).await,
            Self::Offline(offline) => Ok(json!(offline.parts.verify(offline.projector.as_ref()).await?)),
        }
    }

    /// Ends what was begun for the command.
    pub async fn close(self) -> Result<(), ServerError> {
        if let Self::Offline(Offline { parts, projector }) = self {
            if let Some(projector) = projector {
                projector.stop().await?;
            }
            parts.backends.close_log().await;
        }
        Ok(())
    }
}

impl Offline {
    fn projector(&self) -> &Projector {
        self.projector.as_ref().expect("commands that need a projector ask for one")
    }
}

impl Online {
    async fn find(settings: &Settings) -> Option<Self> {
        let running = Running::read(&settings.data_dir)?;
        let client = Client::builder().connect_timeout(CONNECT_WAIT_MAX).no_proxy().build().ok()?;
        let online = Self { client, url: running.admin };
        let server = online.ask(Method::GET, "server", &Value::Null).await.ok()?;
        // Another server may have taken over the address of one that was killed.
        let its = Path::new(server["data_dir"].as_str()?).canonicalize().ok()?;
        (its == settings.data_dir.canonicalize().ok()?).then_some(online)
    }

    async fn ask(&self, method: Method, command: &str, body: &Value) -> Result<Value, ServerError> {
        let url = format!("{}/admin/{command}", self.url);
        let failed = |cause| ServerError::Admin { url: url.clone(), cause };
        let request = self.client.request(method, &url).json(body);
        let response = request.send().await.map_err(failed)?;
        let good = response.status().is_success();
        let answer: Value = response.json().await.map_err(failed)?;
        match good {
            true => Ok(answer),
            false => Err(ServerError::Refused(answer["error"].as_str().unwrap_or("no").to_owned())),
        }
    }
}
