//! `X-Experience-API-Version`, on the way in and on every way out (1.0.3 Communication 3.3).

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use plaudit_xapi::Version;

use crate::problem::{Kind, Problem};

/// The header's name.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-experience-api-version");

/// The versions that are spoken, newest first.
pub(crate) const SUPPORTED: [&str; 5] = ["2.0.0", "1.0.3", "1.0.2", "1.0.1", "1.0.0"];

/// The version that the request speaks.
pub(crate) fn of(request: &HttpRequest) -> Result<Version, Problem> {
    let supported = "this server speaks 1.0.0 to 1.0.3 and 2.0.0";
    let Some(header) = request.headers().get(&HEADER) else {
        return Err(Problem::new(
            Kind::Version,
            format!("the header X-Experience-API-Version is missing; {supported}"),
        ));
    };
    parse(header).ok_or_else(|| {
        let sent: String = String::from_utf8_lossy(header.as_bytes()).chars().take(16).collect();
        Problem::new(Kind::Version, format!("xAPI version `{sent}` is not supported; {supported}"))
    })
}

/// What the answer's header says. An answer to a request whose version is not known names the one that is nearest; clients that
/// forget the header are taken for older ones, as the older conformance suite wants it.
pub(crate) fn answered(request: &HeaderMap) -> HeaderValue {
    let sent = request.get(&HEADER);
    match sent.and_then(parse) {
        Some(Version::V1_0_3) => HeaderValue::from_static("1.0.3"),
        Some(Version::V2_0_0) => HeaderValue::from_static("2.0.0"),
        None if sent.is_none_or(|sent| matches!(sent.as_bytes().first(), Some(b'0' | b'1'))) => {
            HeaderValue::from_static("1.0.3")
        }
        None => HeaderValue::from_static("2.0.0"),
    }
}

/// Every patch of 1.0 and of 2.0; `1.0` means 1.0.0.
fn parse(header: &HeaderValue) -> Option<Version> {
    match header.as_bytes() {
        b"1.0" => Some(Version::V1_0_3),
        [b'1', b'.', b'0', b'.', patch @ ..] if is_number(patch) => Some(Version::V1_0_3),
        [b'2', b'.', b'0', b'.', patch @ ..] if is_number(patch) => Some(Version::V2_0_0),
        _ => None,
    }
}

fn is_number(patch: &[u8]) -> bool {
    matches!(patch.len(), 1..=3) && patch.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sent: &str, version: Option<Version>, answer: &str) {
        let header = HeaderValue::from_str(sent).unwrap();
        assert_eq!(parse(&header), version, "{sent}");
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, header);
        assert_eq!(answered(&headers), answer, "{sent}");
    }

    #[test]
    fn patches_are_answered_with_the_newest() {
        for sent in ["1.0", "1.0.0", "1.0.1", "1.0.3", "1.0.9"] {
            check(sent, Some(Version::V1_0_3), "1.0.3");
        }
        check("2.0.0", Some(Version::V2_0_0), "2.0.0");
    }

    #[test]
    fn other_versions_are_refused_and_answered_with_the_nearest() {
        check("0.95", None, "1.0.3");
        check("1.1.0", None, "1.0.3");
        check("1.0.", None, "1.0.3");
        check("3.0.0", None, "2.0.0");
        check("", None, "2.0.0");
        assert_eq!(answered(&HeaderMap::new()), "1.0.3");
    }
}
