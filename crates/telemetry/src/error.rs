//! What can go wrong with telemetry.

/// Why logs or metrics are not to be had.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter of the logs is none.
    #[error("`{filter}` is not a filter of logs; try `info` or `info,plaudit_http=debug`")]
    Filter {
        /// The filter.
        filter: String,
        /// What does not fit.
        #[source]
        cause: tracing_subscriber::filter::ParseError,
    },
    /// Logs were set up before.
    #[error("logs are already set up")]
    Again,
}
