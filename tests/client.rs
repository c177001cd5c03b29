//! Plain HTTP with the headers of xAPI.

use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// A condition that a test waits for has to come true within so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client with a credential.
#[derive(Clone)]
pub struct Client {
    inner: reqwest::Client,
    key: String,
    secret: String,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Client {
    /// A client with that credential.
    #[must_use]
    pub fn new(key: &str, secret: &str) -> Self {
        let inner = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client");
        Self { inner, key: key.into(), secret: secret.into() }
    }

    /// A request with credential and version header, to be completed by the caller.
    pub fn request(&self, method: Method, url: &str) -> RequestBuilder {
        let request = self.inner.request(method, url).basic_auth(&self.key, Some(&self.secret));
        request.header("X-Experience-API-Version", "1.0.3")
    }

    /// GET.
    pub async fn get(&self, url: &str) -> Answer {
        Answer::of(self.request(Method::GET, url)).await
    }

    /// POST of JSON.
    pub async fn post(&self, url: &str, body: impl Into<String>) -> Answer {
        self.send(Method::POST, url, body).await
    }

    /// PUT of JSON.
    pub async fn put(&self, url: &str, body: impl Into<String>) -> Answer {
        self.send(Method::PUT, url, body).await
    }

    /// Any method with a JSON body.
    pub async fn send(&self, method: Method, url: &str, body: impl Into<String>) -> Answer {
        let request = self.request(method, url).header("Content-Type", "application/json");
        Answer::of(request.body(body.into())).await
    }

    /// Asks again until `done` says so; fails the test when that takes too long.
    pub async fn get_until(&self, url: &str, done: impl Fn(&Answer) -> bool) -> Answer {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(url).await;
            if done(&answer) {
                return answer;
            }
            assert!(Instant::now() < deadline, "{url} still answers {} {}", answer.status, answer.text());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Answer {
    /// Sends the request and reads the whole answer.
    ///
    /// # Panics
    /// When there is none.
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response.bytes().await.expect("a whole body").to_vec();
        Self { status, headers, body }
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in `{}`", self.text()))
    }

    /// A header's text; empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        self.headers.get(name).map(HeaderValue::to_str).and_then(Result::ok).unwrap_or_default()
    }

    /// Fails the test unless the status is that one.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}
