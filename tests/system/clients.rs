//! xAPI clients that others wrote send to the server: `cargo xtask test` installs them.

use std::path::{Path, PathBuf};
use std::process::Command;

use plaudit_tests::Plaudit;
use serde_json::{Value, json};

/// Where the clients are installed.
fn installed() -> PathBuf {
    let directory = std::env::var_os("PLAUDIT_TEST_CLIENTS").map(PathBuf::from);
    directory.expect(
        "PLAUDIT_TEST_CLIENTS is not set: run the tests with `cargo xtask test`, which installs the clients",
    )
}

fn run(plaudit: &Plaudit, program: &Path, script: &str, version: &str) -> Value {
    let (key, secret) = plaudit.credential();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(script);
    let output = Command::new(program)
        .arg(script)
        .env("NODE_PATH", installed().join("node_modules"))
        .envs([("ENDPOINT", plaudit.xapi.as_str()), ("KEY", key), ("SECRET", secret), ("VERSION", version)])
        .output()
        .expect("the client's runtime starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"))
}

#[test]
fn xapi_js_sends_reads_voids_and_pages_in_both_versions() {
    for version in ["1.0.3", "2.0.0"] {
        let plaudit = Plaudit::start();
        let seen = run(&plaudit, Path::new("node"), "xapi_js.cjs", version);
        assert_eq!(seen["ids"], json!([1, 2, 1]), "{seen}");
        assert_eq!(seen["verb"], "http://adlnet.gov/expapi/verbs/initialized");
        assert_eq!(seen["voided"], "https://client.example.com/two");
        let verbs =
            ["initialized", "passed", "voided"].map(|verb| format!("http://adlnet.gov/expapi/verbs/{verb}"));
        assert_eq!(seen["listed"], json!(verbs), "{seen}");
    }
}

#[test]
fn tincan_js_saves_queries_and_pages() {
    let plaudit = Plaudit::start();
    let seen = run(&plaudit, Path::new("node"), "tincan_js.cjs", "");
    assert_eq!(seen["same"], true, "{seen}");
    assert_eq!(seen["listed"], json!(["attempted", "answered", "completed"]), "{seen}");
}

#[test]
fn tincan_for_python_saves_queries_and_pages() {
    let plaudit = Plaudit::start();
    let seen = run(&plaudit, &installed().join("venv/bin/python"), "tincan_python.py", "");
    assert_eq!(seen["same"], true, "{seen}");
    assert_eq!(seen["listed"], json!(["attempted", "completed", "passed"]), "{seen}");
}
