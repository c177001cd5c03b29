//! Examples that a person can follow.
