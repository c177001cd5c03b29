//! Why a body is not valid xAPI: which value, what is wrong with it, and which section of the standard says so.

use std::borrow::Cow;

use crate::json::pointer_at;

/// A refused body. Its message is for the client that sent it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{rule} (at `{pointer}`, byte {offset}; {section})")]
pub struct Invalid {
    /// JSON Pointer (RFC 6901) of the offending value, `""` being the whole body.
    pub pointer: String,
    /// Where the offending text begins, in bytes from the start of the body.
    pub offset: usize,
    /// What is wrong and what is expected, in lower case.
    pub rule: Cow<'static, str>,
    /// The section that demands it, for example `xAPI 1.0.3 Data 2.4.2.3`.
    pub section: &'static str,
}

/// A fault on its way up: the pointer is worked out once, from the offset, by whoever reports it.
#[derive(Debug)]
pub(crate) struct Fault(Box<FaultParts>);

#[derive(Debug)]
struct FaultParts {
    at: usize,
    rule: Cow<'static, str>,
    section: &'static str,
}

impl Fault {
    #[cold]
    #[inline(never)]
    pub(crate) fn new(at: usize, rule: impl Into<Cow<'static, str>>, section: &'static str) -> Self {
        Self(Box::new(FaultParts { at, rule: rule.into(), section }))
    }

    /// The public error, with the pointer found by walking `body` up to the fault.
    pub(crate) fn locate(self, body: &[u8]) -> Invalid {
        let FaultParts { at, rule, section } = *self.0;
        Invalid { pointer: pointer_at(body, at), offset: at, rule, section }
    }
}

/// How much of a client's text an error repeats.
const QUOTED_CHARS_MAX: usize = 80;

/// The beginning of `text`, printable.
pub(crate) fn clip(text: &str) -> String {
    let mut clipped: String = text.chars().take(QUOTED_CHARS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(QUOTED_CHARS_MAX).is_some() {
        clipped.push('…');
    }
    clipped
}
