//! The plaudit binary: options, roles, backend choice, start and stop order.
fn main() {}
