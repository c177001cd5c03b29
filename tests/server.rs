//! A real `plaudit serve` in a directory of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;

use tempfile::TempDir;

use crate::Client;

/// The credential of every test server.
const KEY: &str = "tests";
/// Its secret.
const SECRET: &str = "tests-secret";

/// How a server is started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Further arguments of `plaudit serve`.
    pub arguments: Vec<String>,
    /// What starts `plaudit`, as `nsenter` with its arguments; nothing starts it directly.
    pub launcher: Vec<String>,
    /// The data directory, if not one of the test's own.
    pub data: Option<PathBuf>,
    /// Parts of `WARN` and `ERROR` lines that the test provokes; any other such line fails it.
    pub expected_warnings: Vec<&'static str>,
}

/// A running server. Dropping it stops it and fails the test if it logged a warning that was not expected.
pub struct Plaudit {
    directory: Arc<TempDir>,
    options: Options,
    process: Option<Child>,
    stderr: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    /// As in `http://127.0.0.1:41234/xapi`.
    pub xapi: String,
    /// As in `http://127.0.0.1:41234/api/v1`.
    pub api: String,
    /// As in `http://127.0.0.1:41235`.
    pub admin: String,
}

impl Plaudit {
    /// Starts a server with an empty data directory.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(Options::default())
    }

    /// Starts a server with an empty data directory and these options.
    #[must_use]
    pub fn start_with(options: Options) -> Self {
        let directory = tempfile::Builder::new().prefix("plaudit-test-").tempdir().expect("a directory");
        Self::spawn(Arc::new(directory), options)
    }

    fn spawn(directory: Arc<TempDir>, options: Options) -> Self {
        let mut words =
            options.launcher.iter().map(String::as_str).chain([binary().to_str().expect("UTF-8")]);
        let mut command = Command::new(words.next().expect("at least the binary"));
        command.args(words).args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
            "--data-dir",
        ]);
        let data = options.data.clone().unwrap_or_else(|| directory.path().join("data"));
        command.arg(data).args(["--key", KEY, "--secret", SECRET]).args(&options.arguments);
        command.env("NO_COLOR", "1").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("plaudit starts");
        let stderr = Arc::new(Mutex::new(String::new()));
        let reader = collect(process.stderr.take().expect("piped"), stderr.clone());
        let ready = ready_line(process.stdout.take().expect("piped"));
        let ready = ready.unwrap_or_else(|| {
            let status = process.wait();
            panic!("plaudit did not get ready ({status:?}): {}", stderr.lock().expect("not poisoned"))
        });
        let address = |name: &str| {
            let start =
                ready.split(&format!("{name}=")).nth(1).unwrap_or_else(|| panic!("no {name} in `{ready}`"));
            start.split_whitespace().next().unwrap_or_default().to_owned()
        };
        let xapi = address("xapi");
        let api = xapi.replace("/xapi", "/api/v1");
        let admin = address("admin");
        Self { directory, options, process: Some(process), stderr, reader: Some(reader), xapi, api, admin }
    }

    /// A client with the server's credential.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(KEY, SECRET)
    }

    /// Key and secret of the server's credential.
    #[must_use]
    pub fn credential(&self) -> (&'static str, &'static str) {
        (KEY, SECRET)
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.options.data.clone().unwrap_or_else(|| self.directory.path().join("data"))
    }

    /// Process id of the server.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("running").id()
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it was running");
            process.wait().expect("it was ours");
        }
        self.check_log();
    }

    /// Ends it as an operator does, with SIGTERM; it has to exit with 0.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let pid = process.id().to_string();
            let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("kill is there");
            assert!(sent.success(), "SIGTERM was not sent");
            let status = process.wait().expect("it was ours");
            assert!(status.success(), "stopped with {status}: {}", self.log());
        }
        self.check_log();
    }

    /// Starts it again on the same data, on other ports.
    #[must_use]
    pub fn restart(mut self) -> Self {
        self.stop();
        Self::spawn(self.directory.clone(), self.options.clone())
    }

    /// Ends it as `kill -9` does and starts it again on the same data.
    #[must_use]
    pub fn crash(mut self) -> Self {
        self.kill();
        Self::spawn(self.directory.clone(), self.options.clone())
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.stderr.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Runs another command of the binary and returns its exit code and what it printed on stdout and stderr.
    #[must_use]
    pub fn command(arguments: &[&str]) -> (i32, String, String) {
        let output =
            Command::new(binary()).args(arguments).env("NO_COLOR", "1").output().expect("plaudit starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
    }

    fn check_log(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("reading does not panic");
        }
        let log = self.log();
        let expected = |line: &&str| !self.options.expected_warnings.iter().any(|part| line.contains(part));
        let loud = |line: &&str| line.contains(" WARN ") || line.contains(" ERROR ");
        let lines: Vec<_> = log.lines().filter(loud).filter(expected).collect();
        assert!(lines.is_empty(), "unexpected warnings:\n{}", lines.join("\n"));
    }
}

impl Drop for Plaudit {
    fn drop(&mut self) {
        if std::thread::panicking() {
            if let Some(process) = &mut self.process {
                drop(process.kill());
            }
            return;
        }
        self.stop();
    }
}

/// The `plaudit` binary of this build, brought up to date once.
#[must_use]
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let me = std::env::current_exe().expect("tests have a path");
        let profile = me.ancestors().nth(2).expect("target/<profile>/deps/<test>");
        let release = profile.file_name().is_some_and(|name| name == "release");
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "plaudit-server", "--bin", "plaudit"]);
        build.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        if release {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo starts").success(), "plaudit does not build");
        profile.join("plaudit")
    })
}

fn ready_line(stdout: ChildStdout) -> Option<String> {
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let ready = lines.find(|line| line.contains("is ready"));
    std::thread::spawn(move || lines.for_each(drop));
    ready
}

fn collect(mut from: impl Read + Send + 'static, into: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            into.lock().expect("not poisoned").push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    })
}
