//! `ETag`, `If-Match` and `If-None-Match` of versioned documents (RFC 9110 13.1).

use actix_web::http::header::{ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};

use crate::problem::{Kind, Problem};

/// The tag of a version.
pub(crate) fn etag(version: u64) -> (HeaderName, HeaderValue) {
    let value = HeaderValue::from_str(&quoted(version)).expect("digits in quotes fit into a header");
    (ETAG, value)
}

/// Whether the client has that version already, so that a GET may answer 304.
pub(crate) fn is_unchanged(headers: &HeaderMap, version: u64) -> bool {
    names(headers, IF_NONE_MATCH, Some(version)).unwrap_or(false)
}

/// Whether a write may go on over the present version (`None`: there is nothing).
pub(crate) fn check(headers: &HeaderMap, present: Option<u64>) -> Result<(), Problem> {
    if names(headers, IF_MATCH, present) == Some(false) {
        return Err(failed("If-Match names another version", present));
    }
    if names(headers, IF_NONE_MATCH, present) == Some(true) {
        return Err(failed("If-None-Match names the present version", present));
    }
    Ok(())
}

/// Whether the header names the present version; `None` without the header.
fn names(headers: &HeaderMap, header: HeaderName, present: Option<u64>) -> Option<bool> {
    let value = headers.get(header)?.to_str().unwrap_or_default();
    let Some(present) = present else { return Some(false) };
    let tag = quoted(present);
    let matches = |candidate: &str| {
        let candidate = candidate.trim();
        candidate == "*" || candidate.strip_prefix("W/").unwrap_or(candidate) == tag
    };
    Some(value.split(',').any(matches))
}

fn quoted(version: u64) -> String {
    format!("\"{version}\"")
}

fn failed(what: &str, present: Option<u64>) -> Problem {
    match present {
        Some(version) => {
            let (name, value) = etag(version);
            Problem::new(Kind::PreconditionFailed, format!("{what}; present is version {version}"))
                .header(name, value)
        }
        None => Problem::new(Kind::PreconditionFailed, format!("{what}; nothing is there")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_with(header: HeaderName, value: &'static str, present: Option<u64>, passes: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header.clone(), HeaderValue::from_static(value));
        assert_eq!(check(&headers, present).is_ok(), passes, "{header}: {value} over {present:?}");
    }

    #[test]
    fn a_write_needs_the_version_that_it_names() {
        check_with(IF_MATCH, "\"3\"", Some(3), true);
        check_with(IF_MATCH, "\"2\", W/\"3\"", Some(3), true);
        check_with(IF_MATCH, "*", Some(3), true);
        check_with(IF_MATCH, "\"2\"", Some(3), false);
        check_with(IF_MATCH, "3", Some(3), false);
        check_with(IF_MATCH, "*", None, false);
        check_with(IF_NONE_MATCH, "*", None, true);
        check_with(IF_NONE_MATCH, "*", Some(3), false);
        check_with(IF_NONE_MATCH, "\"2\"", Some(3), true);
        assert!(check(&HeaderMap::new(), Some(3)).is_ok());
    }
}
