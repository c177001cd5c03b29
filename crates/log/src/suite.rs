//! What every log keeps: the tests that each backend runs with one line.
