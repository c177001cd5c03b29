//! What all answers about engagement have in common: the parameters, waiting for the rows, and saying how complete they are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use plaudit_engagement::CohortUnit;
use plaudit_event::DefinitionKind;
use plaudit_query::engagement::{PageAsk, Period};
use plaudit_read_models::definitions;
use plaudit_read_models::engagement::{DefinitionSet, NAME};
use plaudit_xapi::Timestamp;

use crate::auth::Credential;
use crate::listing::{self, Wanted};
use crate::params::Params;
use crate::problem::{Kind, Problem};
use crate::state::State;

/// Through when an answer is complete.
const COMPLETE_THROUGH: HeaderName = HeaderName::from_static("x-plaudit-complete-through");

/// A question about engagement.
pub(super) struct Asked {
    pub(super) credential: Arc<Credential>,
    pub(super) params: Params,
    pub(super) wanted: Wanted,
    through: Timestamp,
    now: Timestamp,
}

impl Asked {
    /// Reads the request, whose parameters are those of every list and `more`, and waits until the rows show what was confirmed before.
    pub(super) async fn of(request: &HttpRequest, state: &State, more: &[&str]) -> Result<Self, Problem> {
        let credential = state.credentials.authenticate(request)?;
        let params = Params::of(request, &[&listing::PARAMS, more].concat())?;
        let wanted = Wanted::of(request, &params)?;
        if !state.reads.wait(NAME, state.limits.read_wait_max).await? {
            state.metrics.limit("read_wait");
        }
        let through = state.reads.through(NAME, state.ingest.floor()).await?;
        Ok(Self { credential, params, wanted, through, now: state.ingest.now() })
    }

    /// `as_of`; now without it.
    pub(super) fn as_of(&self) -> Result<Timestamp, Problem> {
        let as_of = self.params.parse("as_of", "a timestamp", |text| Timestamp::parse(text).ok())?;
        Ok(as_of.unwrap_or(self.now))
    }

    /// A parameter that is `week` or `month`.
    pub(super) fn unit(&self, name: &str) -> Result<Option<CohortUnit>, Problem> {
        self.params.parse(name, "`week` or `month`", |text| match text {
            "week" => Some(CohortUnit::Week),
            "month" => Some(CohortUnit::Month),
            _ => None,
        })
    }

    /// A parameter that names a week or a month.
    pub(super) fn period(&self, name: &str) -> Result<Option<Period>, Problem> {
        self.params.parse(name, "a week as in 2026-W05 or a month as in 2026-01", period)
    }

    pub(super) fn page(&self) -> PageAsk {
        PageAsk { limit: self.wanted.limit, cursor: self.wanted.cursor.clone() }
    }

    /// Waits for the first rows of a definition that was just written. What nobody wrote is for the query to refuse.
    pub(super) async fn built(&self, state: &State, kind: DefinitionKind, id: &str) -> Result<(), Problem> {
        let tenant = &self.credential.tenant;
        let deadline = Instant::now() + state.limits.read_wait_max;
        while !has(&*state.engagement.definitions(tenant).await?, kind, id) {
            let generation = state.reads.serving(definitions::NAME, tenant);
            let row = definitions::find(state.reads.store.as_ref(), generation, tenant, kind, id).await?;
            if row.is_none_or(|row| row.document.is_none()) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let detail = format!("the rows of {} `{id}` are being built", kind.as_str());
                return Err(Problem::new(Kind::Unavailable, detail));
            }
            tokio::time::sleep(BUILT_POLL).await;
        }
        Ok(())
    }

    /// Says through when the answer is complete.
    pub(super) fn complete(&self, mut answer: HttpResponse) -> HttpResponse {
        let value = HeaderValue::from_bytes(&self.through.to_bytes()).expect("timestamps are plain text");
        answer.headers_mut().insert(COMPLETE_THROUGH, value);
        answer
    }
}

/// A build of a small log takes milliseconds.
const BUILT_POLL: Duration = Duration::from_millis(20);

fn has(set: &DefinitionSet, kind: DefinitionKind, id: &str) -> bool {
    match kind {
        DefinitionKind::Funnel => set.funnels.iter().any(|it| it.id == id),
        DefinitionKind::Achievement => set.achievements.iter().any(|it| it.id == id),
        DefinitionKind::Recognition => set.recognition.iter().any(|it| it.id == id),
    }
}

fn period(text: &str) -> Option<Period> {
    let (year, rest) = text.split_once('-')?;
    let (unit, number, largest) = match rest.strip_prefix('W') {
        Some(week) => (CohortUnit::Week, week, 53),
        None => (CohortUnit::Month, rest, 12),
    };
    let digits = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = digits(year, 4) && digits(number, 2) && (1..=largest).contains(&number.parse::<u8>().ok()?);
    fits.then(|| Period { unit, name: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_and_months_are_told_apart() {
        let unit = |text| period(text).map(|period| period.unit);
        assert_eq!(unit("2026-W05"), Some(CohortUnit::Week));
        assert_eq!(unit("2026-W53"), Some(CohortUnit::Week));
        assert_eq!(unit("2026-12"), Some(CohortUnit::Month));
        for text in ["2026", "2026-13", "2026-W54", "2026-W5", "2026-00", "26-01", "2026-0x", ""] {
            assert_eq!(unit(text), None, "{text}");
        }
    }
}
