//! Why a definition is refused.

use std::fmt;

/// What is wrong with a definition, or with a set of definitions: everything that was found, not only the first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the definition is refused: {}", join(faults))]
pub struct DefinitionError {
    /// At least one, at most [`FAULTS_MAX`].
    pub faults: Vec<Fault>,
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// The document, such as `` achievement `week-streak` ``; absent while it is judged alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// JSON pointer (RFC 6901) into the document.
    pub pointer: String,
    /// What is wrong there, in words.
    pub message: String,
}

/// More faults than this help nobody, and they are part of a response body.
pub const FAULTS_MAX: usize = 20;

impl Fault {
    /// A fault at a place of the document that is being judged.
    pub(crate) fn at(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { document: None, pointer: pointer.into(), message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = [self.document.as_deref().unwrap_or_default(), &self.pointer].join(" ");
        match place.trim() {
            "" => out.write_str(&self.message),
            place => write!(out, "{place}: {}", self.message),
        }
    }
}

impl DefinitionError {
    /// `Ok` if nothing is wrong.
    pub(crate) fn unless_none(mut faults: Vec<Fault>) -> Result<(), Self> {
        faults.truncate(FAULTS_MAX);
        if faults.is_empty() { Ok(()) } else { Err(Self { faults }) }
    }
}

fn join(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("; ")
}
