//! Structured logs, the Prometheus registry, /metrics and health.
