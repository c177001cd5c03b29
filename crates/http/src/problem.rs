//! What a client is told when something goes wrong: RFC 9457 problems, and the one table of status codes.

mod from;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value};

pub(crate) use from::refused;

/// The kinds of problems; each has its row in [`Kind::row`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Malformed,
    Invalid,
    Version,
    Unauthorized,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    BodyTimeout,
    Conflict,
    PreconditionFailed,
    TooLarge,
    MediaType,
    Unprocessable,
    Internal,
    Overloaded,
    Unavailable,
    Full,
}

impl Kind {
    /// Status, end of the type's URN (also the label in metrics), title.
    fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed => (StatusCode::BAD_REQUEST, "malformed", "The request is not as it should be"),
            Self::Invalid => (StatusCode::BAD_REQUEST, "invalid", "The body breaks a rule of the standard"),
            Self::Version => {
                (StatusCode::BAD_REQUEST, "version", "The version of xAPI is missing or not supported")
            }
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "No valid credential"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method", "The resource has no such method")
            }
            Self::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, "not-acceptable", "No such representation"),
            Self::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, "body-timeout", "The body came too slowly"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "Something else is stored there"),
            Self::PreconditionFailed => {
                (StatusCode::PRECONDITION_FAILED, "precondition", "The precondition does not hold")
            }
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request is over a limit"),
            Self::MediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media-type",
                "The body is of a type that is not taken here",
            ),
            Self::Unprocessable => {
                (StatusCode::UNPROCESSABLE_ENTITY, "definition", "The document is not valid")
            }
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "The server failed"),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "The server is at a limit"),
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The server cannot do this now")
            }
            Self::Full => (StatusCode::INSUFFICIENT_STORAGE, "full", "No space left"),
        }
    }

    /// The label in metrics.
    pub(crate) fn name(self) -> &'static str {
        self.row().1
    }

    /// Seconds after which the client may try again.
    fn retry_after_seconds(self) -> Option<u16> {
        match self {
            Self::Overloaded => Some(1),
            Self::Unavailable => Some(2),
            Self::Full => Some(60),
            _ => None,
        }
    }
}

/// One problem, for one client.
#[derive(Debug)]
pub(crate) struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    kind: Kind,
    detail: String,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts { kind, detail: detail.into(), members: Map::new(), headers: Vec::new() }))
    }

    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Kind::Malformed, detail)
    }

    /// Adds a member to the document.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a header to the answer.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    fn document(&self) -> String {
        let (status, name, title) = self.0.kind.row();
        let document = Document {
            kind: format!("urn:plaudit:problem:{name}"),
            title,
            status: status.as_u16(),
            detail: &self.0.detail,
            members: &self.0.members,
        };
        serde_json::to_string(&document).expect("plain data")
    }
}

#[derive(Serialize)]
struct Document<'p> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: &'p str,
    #[serde(flatten)]
    members: &'p Map<String, Value>,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.kind.row().0
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        if let Some(seconds) = self.0.kind.retry_after_seconds() {
            response.insert_header((header::RETRY_AFTER, HeaderValue::from(seconds)));
        }
        for (name, value) in &self.0.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        let mut response = response.body(self.document());
        response.extensions_mut().insert(self.0.kind);
        response
    }
}
