//! What every store keeps: the tests that each backend runs with one line.
