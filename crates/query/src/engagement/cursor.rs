//! Cursors of the lists of engagement, as opaque text.
//!
//! A cursor carries `as_of`, so that all pages of a list are about the same instant, and is bound to the tenant and the
//! question by a hash.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaudit_event::TenantId;
use plaudit_xapi::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::QueryError;

/// What a list is asked for, apart from the page.
pub(super) struct Question(u64);

#[derive(Serialize, Deserialize)]
struct Written<P> {
    question: u64,
    as_of: i64,
    place: P,
}

impl Question {
    /// `what` differs between questions that have different answers.
    pub(super) fn new(tenant: &TenantId, what: &str) -> Self {
        Self(xxh3_64_with_seed(what.as_bytes(), xxh3_64_with_seed(tenant.as_str().as_bytes(), 1)))
    }

    /// The text that goes on after `place`.
    pub(super) fn cursor(&self, as_of: Timestamp, place: impl Serialize) -> String {
        let written = Written { question: self.0, as_of: as_of.as_micros(), place };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&written).expect("plain data"))
    }

    /// The instant and the place that the text goes on with.
    pub(super) fn read<P: DeserializeOwned>(&self, cursor: &str) -> Result<(Timestamp, P), QueryError> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| QueryError::Cursor)?;
        let written: Written<P> = serde_json::from_slice(&bytes).map_err(|_| QueryError::Cursor)?;
        if written.question != self.0 {
            return Err(QueryError::Cursor);
        }
        Ok((Timestamp::from_micros(written.as_of), written.place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_goes_with_its_tenant_and_question_only() {
        let tenant = |name| TenantId::new(name).unwrap();
        let question = Question::new(&tenant("a"), "funnel x");
        let cursor = question.cursor(Timestamp::from_micros(-5), (3, "k"));
        let read = question.read::<(i64, String)>(&cursor).unwrap();
        assert_eq!(read, (Timestamp::from_micros(-5), (3, "k".to_owned())));
        for other in [Question::new(&tenant("b"), "funnel x"), Question::new(&tenant("a"), "funnel y")] {
            assert!(matches!(other.read::<(i64, String)>(&cursor), Err(QueryError::Cursor)));
        }
        assert!(matches!(question.read::<(i64, String)>(&cursor[1..]), Err(QueryError::Cursor)));
        assert!(matches!(question.read::<String>(&cursor), Err(QueryError::Cursor)));
    }
}
