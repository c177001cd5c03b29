//! `/api/v1` definitions.
