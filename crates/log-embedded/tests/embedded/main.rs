//! The embedded log from outside: the contract, crashes, damage, full and broken disks, and frozen bytes.

#![expect(clippy::unwrap_used, reason = "a failing step fails the test, in helpers too")]

mod crash;
mod damage;
mod disks;
mod faults;
mod golden;
mod kit;
mod life;

use std::sync::Arc;

use plaudit_log_embedded::{EmbeddedLog, Options};

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    plaudit_log::suite::run(async |name: &str| {
        Arc::new(EmbeddedLog::open(&dir.path().join(name), Options::default()).unwrap())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_contract_with_tiny_segments() {
    let dir = tempfile::tempdir().unwrap();
    plaudit_log::suite::run(async |name: &str| {
        Arc::new(EmbeddedLog::open(&dir.path().join(name), kit::tiny()).unwrap())
    })
    .await;
}
