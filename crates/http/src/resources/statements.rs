//! `/xapi/statements` (1.0.3 Communication 2.1, IEEE 9274.1.1 5.3.1).

mod consistency;
pub(crate) mod read;
pub(crate) mod write;
