//! What can go wrong while playing.

/// Why a term was not played to its end.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The target is no address of a store.
    #[error("target `{0}` is not an http or https URL")]
    Target(String),
    /// The store cannot be reached.
    #[error("`{url}` does not answer")]
    Unreachable {
        /// The address tried.
        url: String,
        #[source]
        /// What the network says.
        cause: reqwest::Error,
    },
    /// The store refused statements that are valid.
    #[error("the store answered {status} to {statements} valid statements: {body}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// How many statements were sent.
        statements: usize,
        /// The beginning of its answer.
        body: String,
    },
    /// The output file cannot be written.
    #[error("`{path}` cannot be written")]
    Output {
        /// The file.
        path: String,
        #[source]
        /// What the system says.
        cause: std::io::Error,
    },
}
