//! Whether the server is ready for work.

use std::sync::Arc;

use serde::Serialize;

/// One condition: fine, or a sentence that says why not.
pub type Check = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Conditions that all have to hold for the server to be ready.
#[derive(Clone, Default)]
pub struct Checks(Vec<(&'static str, Check)>);

/// The answer of `/readyz`.
#[derive(Debug, Serialize)]
pub(crate) struct Readiness {
    pub ready: bool,
    pub checks: Vec<Outcome>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    name: &'static str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Checks {
    /// One condition more.
    #[must_use]
    pub fn with(
        mut self,
        name: &'static str,
        check: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.0.push((name, Arc::new(check)));
        self
    }

    pub(crate) fn run(&self) -> Readiness {
        let checks: Vec<Outcome> = self.0.iter().map(|(name, check)| outcome(name, check())).collect();
        Readiness { ready: checks.iter().all(|check| check.ok), checks }
    }
}

fn outcome(name: &'static str, result: Result<(), String>) -> Outcome {
    Outcome { name, ok: result.is_ok(), reason: result.err() }
}
