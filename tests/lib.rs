//! What the tests of the whole system share: a running `plaudit`, and a client that speaks plain HTTP to it.

mod client;
mod server;

pub use client::{Answer, Client};
pub use server::{Options, Plaudit, binary};
