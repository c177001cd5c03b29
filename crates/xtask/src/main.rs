//! The developer's commands and the tidy tests.
fn main() {}
