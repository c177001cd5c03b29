//! Who asks: Basic credentials.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plaudit_event::TenantId;
use sha2::{Digest, Sha256};

use crate::problem::{Kind, Problem};

/// What a valid key and secret stand for.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Whose data it opens.
    pub tenant: TenantId,
    /// Who asserts the statements it writes: the JSON of an agent.
    pub authority: Arc<[u8]>,
}

/// The credentials that are accepted, by the hashes of key and secret.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    by_key: HashMap<Hash, Known>,
}

type Hash = [u8; 32];

#[derive(Clone, Debug)]
struct Known {
    secret: Hash,
    credential: Arc<Credential>,
}

impl Credentials {
    /// Accepts one more.
    #[must_use]
    pub fn with(self, key: &str, secret: &str, credential: Credential) -> Self {
        self.with_secret_hash(key, hash(secret.as_bytes()), credential)
    }

    /// Accepts one more, of whose secret only the SHA-256 is known.
    #[must_use]
    pub fn with_secret_hash(mut self, key: &str, secret: [u8; 32], credential: Credential) -> Self {
        let known = Known { secret, credential: Arc::new(credential) };
        self.by_key.insert(hash(key.as_bytes()), known);
        self
    }

    /// Who sent the request.
    pub(crate) fn authenticate(&self, request: &HttpRequest) -> Result<Arc<Credential>, Problem> {
        let Some(header) = request.headers().get(AUTHORIZATION) else {
            return Err(unauthorized("send a credential: Authorization: Basic base64(key:secret)"));
        };
        let (key, secret) = basic(header)
            .ok_or_else(|| unauthorized("the Authorization header is not Basic base64(key:secret)"))?;
        self.check(&key, &secret).ok_or_else(|| unauthorized("the key or the secret is wrong"))
    }

    /// Takes the same time for an unknown key, a wrong secret and a right one: both are hashed before they are looked at, and hashes are
    /// compared whole.
    fn check(&self, key: &[u8], secret: &[u8]) -> Option<Arc<Credential>> {
        let nobody = [0; 32];
        let known = self.by_key.get(&hash(key));
        let equal = equal(known.map_or(&nobody, |known| &known.secret), &hash(secret));
        known.filter(|_| equal).map(|known| Arc::clone(&known.credential))
    }
}

fn basic(header: &HeaderValue) -> Option<(Vec<u8>, Vec<u8>)> {
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let mut key = STANDARD.decode(encoded.trim()).ok()?;
    let colon = memchr::memchr(b':', &key)?;
    let secret = key.split_off(colon + 1);
    key.truncate(colon);
    Some((key, secret))
}

fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

fn equal(left: &Hash, right: &Hash) -> bool {
    let differing = left.iter().zip(right).fold(0, |differing, (left, right)| differing | (left ^ right));
    std::hint::black_box(differing) == 0
}

fn unauthorized(detail: &str) -> Problem {
    let challenge = HeaderValue::from_static("Basic realm=\"plaudit\", charset=\"UTF-8\"");
    Problem::new(Kind::Unauthorized, detail).header(WWW_AUTHENTICATE, challenge)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn credentials() -> Credentials {
        let tenant = TenantId::new("t").unwrap();
        Credentials::default().with("key", "se:cret", Credential { tenant, authority: Arc::from(&b"{}"[..]) })
    }

    fn check(header: Option<&str>, says: Option<&str>) {
        let mut request = TestRequest::get();
        if let Some(header) = header {
            request = request.insert_header((AUTHORIZATION, header));
        }
        let outcome = credentials().authenticate(&request.to_http_request());
        assert_eq!(outcome.err().map(|problem| problem.to_string()).as_deref(), says, "{header:?}");
    }

    #[test]
    fn only_the_right_key_with_the_right_secret_passes() {
        check(Some(&format!("Basic {}", STANDARD.encode("key:se:cret"))), None);
        check(Some(&format!("basic {}", STANDARD.encode("key:se:cret"))), None);
        let wrong = Some("the key or the secret is wrong");
        check(Some(&format!("Basic {}", STANDARD.encode("key:other"))), wrong);
        check(Some(&format!("Basic {}", STANDARD.encode("nobody:se:cret"))), wrong);
        check(Some(&format!("Basic {}", STANDARD.encode("key:"))), wrong);
    }

    #[test]
    fn what_is_no_credential_says_what_one_is() {
        check(None, Some("send a credential: Authorization: Basic base64(key:secret)"));
        let not_basic = Some("the Authorization header is not Basic base64(key:secret)");
        check(Some("Basic"), not_basic);
        check(Some("Basic %%%"), not_basic);
        check(Some("Bearer abc"), not_basic);
        check(Some(&format!("Basic {}", STANDARD.encode("no colon"))), not_basic);
    }
}
