//! What can be wrong with a record.

/// Why a record of the log is no event, or a name no tenant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// A header is missing or not what it should be.
    #[error("header `{0}` is missing or malformed")]
    Header(&'static str),
    /// The key is not `tenant`, NUL, and what the event is about.
    #[error("the key is not a tenant, a NUL and a subject")]
    Key,
    /// A kind or version that this program does not know, written by a later one.
    #[error("unknown event kind `{kind}` version {version}")]
    Unknown {
        /// The kind.
        kind: String,
        /// The version.
        version: String,
    },
    /// The value is not what the kind says.
    #[error("the value is malformed: {0}")]
    Value(String),
    /// Not a tenant's name.
    #[error("a tenant is 1 to 64 characters of a-z, 0-9, - and _, not `{0}`")]
    Tenant(String),
}
