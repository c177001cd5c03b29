//! `X-Request-Id`: taken from the client if it is a sensible one, else made; it leads from the request to the log's position.

use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use plaudit_xapi::StatementId;

/// The header's name.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// A UUID is 36, a trace id 32; longer ones would only fill logs.
const CHARS_MAX: usize = 64;

/// Makes ids: a part that is random per process, and a number.
pub(crate) struct RequestIds {
    process: u32,
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new(random: StatementId) -> Self {
        Self { process: random.as_fields().0, next: AtomicU64::new(1) }
    }

    /// The client's id if it is one to put into logs, or a new one.
    pub(crate) fn of(&self, headers: &HeaderMap) -> HeaderValue {
        match headers.get(&HEADER) {
            Some(given) if is_plain(given.as_bytes()) => given.clone(),
            _ => self.make(),
        }
    }

    fn make(&self) -> HeaderValue {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let id = format!("{:08x}-{number:x}", self.process);
        HeaderValue::from_str(&id).expect("hex digits and a dash fit into a header")
    }
}

fn is_plain(id: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    (1..=CHARS_MAX).contains(&id.len()) && id.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sensible_id_is_kept_and_any_other_replaced() {
        let ids = RequestIds::new(StatementId::from_u128(0x1234_5678 << 96));
        let of = |given: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_bytes(given).unwrap());
            ids.of(&headers)
        };
        assert_eq!(of(b"abc-1.2:3_4"), "abc-1.2:3_4");
        assert_eq!(of(b"two words"), "12345678-1");
        assert_eq!(of(b""), "12345678-2");
        assert_eq!(of(&[b'a'; 65]), "12345678-3");
        assert_eq!(ids.of(&HeaderMap::new()), "12345678-4");
    }
}
