//! Identifiers: IRIs, IRLs, mailto IRIs, and the hex forms (1.0.3 Data 2.2, 2.4.2.3, 4.3, 4.4).
//!
//! The standard lets a server use best effort for IRIs. Ours: a scheme, a colon, at least one more character,
//! and only characters that RFC 3987 allows anywhere in an IRI, with whole percent escapes.

use uuid::Uuid;

/// Whether `text` is an IRI with a scheme (RFC 3987 2.2).
#[must_use]
pub fn is_iri(text: &str) -> bool {
    after_scheme(text).is_some_and(|rest| !rest.is_empty() && has_only_iri_characters(rest))
}

/// Whether `text` is an IRL: an IRI that locates something, so that `http` and `https` need a host.
#[must_use]
pub fn is_irl(text: &str) -> bool {
    if !is_iri(text) {
        return false;
    }
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return true;
    }
    rest.strip_prefix("//").is_some_and(|host| !host.is_empty() && !host.starts_with(['/', '?', '#']))
}

/// Whether `text` is a URI: an IRI in ASCII (RFC 3986).
#[must_use]
pub fn is_uri(text: &str) -> bool {
    text.is_ascii() && is_iri(text)
}

/// Whether `text` is `mailto:` and one e-mail address (1.0.3 Data 2.4.2.3).
#[must_use]
pub fn is_mailto(text: &str) -> bool {
    let Some((local, domain)) = text.strip_prefix("mailto:").and_then(|address| address.split_once('@'))
    else {
        return false;
    };
    !local.is_empty()
        && !domain.is_empty()
        && !domain.contains(['@', '?', '/', '#'])
        && !local.contains(['?', '/', '#', ':'])
        && has_only_iri_characters(text)
}

/// Whether `text` is a SHA-1 in hex digits.
#[must_use]
pub fn is_sha1(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether `text` is a SHA-224, SHA-256, SHA-384 or SHA-512 in hex digits (1.0.3 Data 2.4.11).
#[must_use]
pub fn is_sha2(text: &str) -> bool {
    matches!(text.len(), 56 | 64 | 96 | 128) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The UUID that `text` is in its standard form of 36 characters, any case, any variant (1.0.3 Data 4.4).
#[must_use]
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    if text.len() != 36 {
        return None;
    }
    Uuid::try_parse_ascii(text.as_bytes()).ok()
}

/// What follows `scheme:`.
fn after_scheme(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let end = bytes
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')))
        .unwrap_or(bytes.len());
    if bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(end) == Some(&b':') {
        text.get(end + 1..)
    } else {
        None
    }
}

fn has_only_iri_characters(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut classes = 0;
    for &byte in bytes {
        classes |= CLASS[byte as usize];
    }
    classes & FORBIDDEN == 0
        && (classes & PERCENT == 0 || has_whole_escapes(bytes))
        && (classes & BEYOND_ASCII == 0 || text.chars().all(is_allowed_beyond_ascii))
}

const FORBIDDEN: u8 = 1;
const PERCENT: u8 = 2;
const BEYOND_ASCII: u8 = 4;

/// What each byte means for an IRI.
const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            0..=b' ' | b'<' | b'>' | b'"' | b'{' | b'}' | b'|' | b'\\' | b'^' | b'`' | 0x7f => FORBIDDEN,
            b'%' => PERCENT,
            0x80.. => BEYOND_ASCII,
            _ => 0,
        };
        byte += 1;
    }
    class
};

fn has_whole_escapes(bytes: &[u8]) -> bool {
    let percents = memchr::memchr_iter(b'%', bytes);
    let mut escapes = percents.map(|at| bytes.get(at + 1..at + 3));
    escapes.all(|digits| digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

/// `ucschar` and `iprivate` of RFC 3987 within the basic plane, and everything beyond that.
fn is_allowed_beyond_ascii(character: char) -> bool {
    !matches!(u32::from(character), 0x80..=0x9f | 0xfdd0..=0xfdef | 0xfff0..=0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iri_has_a_scheme_and_only_allowed_characters() {
        for good in [
            "http://adlnet.gov/expapi/verbs/voided",
            "urn:uuid:6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
            "tag:example.com,2026:course",
            "https://example.com/каталог?q=%C3%A9#x",
            "a:b",
            "X+1.2-3:y",
        ] {
            assert!(is_iri(good), "{good}");
        }
        for bad in [
            "",
            "abc",
            "should fail",
            "ab=c://should.fail.com",
            "http:",
            ":x",
            "1a:b",
            "//example.com/x",
            "http://example.com/a b",
            "http://example.com/{id}",
            "http://example.com/%zz",
            "http://example.com/%a",
            "http://example.com/\u{7f}",
            "http://example.com/\u{85}",
            "http://example.com/\u{ffff}",
        ] {
            assert!(!is_iri(bad), "{bad}");
        }
    }

    #[test]
    fn a_web_address_needs_a_host() {
        assert!(is_irl("https://example.com") && is_irl("ftp:x"));
        assert!(!is_irl("http:example.com") && !is_irl("http:///x") && !is_irl("HTTP:x"));
    }

    #[test]
    fn a_mailbox_is_mailto_and_one_address() {
        for good in ["mailto:a@b.c", "mailto:o'neil+x@example.com", "mailto:δοκιμή@παράδειγμα.gr"]
        {
            assert!(is_mailto(good), "{good}");
        }
        for bad in [
            "a@b.c",
            "mailto:",
            "mailto:should.fail.com",
            "MAILTO:a@b.c",
            "mailto:@b",
            "mailto:a@",
            "mailto:a@b@c",
            "mailto:a b@c",
            "mailto:a@b.c?subject=x",
            "http://should.fail.com",
        ] {
            assert!(!is_mailto(bad), "{bad}");
        }
    }

    #[test]
    fn a_uuid_has_36_characters_of_any_case_and_variant() {
        assert!(parse_uuid("AA97B177-9383-4934-8543-0f91a7a02836").is_some());
        assert!(parse_uuid("12345678-1234-5678-1234-567812345678").is_some());
        assert!(parse_uuid("00000000-0000-0000-0000-000000000000").is_some());
        assert!(parse_uuid("AA97B177-9383-4934-8543-0F91A7A028368").is_none());
        assert!(parse_uuid("MA97B177-9383-4934-8543-0F91A7A02836").is_none());
        assert!(parse_uuid("aa97b17793834934854308f91a7a02836").is_none());
        assert!(parse_uuid("{a97b177-9383-4934-8543-0f91a7a02836}").is_none());
    }
}
