//! Stops, crashes and full disks: what was acknowledged is there, once, and rows equal the log.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use plaudit_simulate::{Delivery, Term, TermOptions};
use plaudit_tests::{Client, Options, Plaudit};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::samples::{ids, statement};

/// How often the server is killed.
const KILLS: usize = 4;
/// Clients that send while it is.
const SENDERS: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_under_load_loses_and_doubles_nothing() {
    let mut plaudit = Plaudit::start();
    let mut acknowledged: HashMap<String, String> = HashMap::new();
    let options = TermOptions { learners: 300, seed: 11, batch: 20, ..TermOptions::default() };
    let mut deliveries = Term::new(options);
    let mut unsure = Vec::new();
    for kill in 0..KILLS {
        let stop = Arc::new(AtomicBool::new(false));
        let work: Vec<Delivery> = unsure.drain(..).chain(deliveries.by_ref().take(400)).collect();
        let senders = send_all(&plaudit, work, &stop);
        tokio::time::sleep(Duration::from_millis(150 + 120 * kill as u64)).await;
        plaudit.kill();
        stop.store(true, Ordering::Relaxed);
        for sent in senders.join_all().await {
            acknowledged.extend(sent.acknowledged);
            unsure.extend(sent.unsure);
        }
        plaudit = plaudit.crash();
    }
    assert!(acknowledged.len() > 200, "only {} acknowledged: the test proves little", acknowledged.len());
    let found = read_everything(&plaudit).await;
    for id in acknowledged.keys() {
        assert_eq!(found.get(id).copied().unwrap_or_default(), 1, "{id}");
    }
    assert!(found.values().all(|&times| times == 1));
    check_verify_and_rebuild(plaudit, &found).await;
}

/// `verify` finds nothing, and a rebuild gives the same answers.
async fn check_verify_and_rebuild(mut plaudit: Plaudit, before: &HashMap<String, u32>) {
    let summary_before = stable_summary(&plaudit).await;
    plaudit.stop();
    let data = plaudit.data();
    let data = data.to_str().expect("UTF-8");
    let (code, out, err) = Plaudit::command(&["verify", "--data-dir", data]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, err) = Plaudit::command(&["rebuild", "--data-dir", data]);
    assert_eq!(code, 0, "{out}{err}");
    let plaudit = plaudit.crash();
    assert_eq!(&read_everything(&plaudit).await, before);
    assert_eq!(stable_summary(&plaudit).await, summary_before);
}

async fn stable_summary(plaudit: &Plaudit) -> Value {
    let url = format!("{}/funnels/default/summary?as_of=2026-06-01T00:00:00Z", plaudit.api);
    plaudit.client().get(&url).await.expect(200).json()
}

struct Sent {
    acknowledged: Vec<(String, String)>,
    unsure: Vec<Delivery>,
}

/// Sends the deliveries over several connections until they are through or the server is gone.
fn send_all(plaudit: &Plaudit, work: Vec<Delivery>, stop: &Arc<AtomicBool>) -> JoinSet<Sent> {
    let mut senders = JoinSet::new();
    let mut shares: Vec<Vec<Delivery>> = (0..SENDERS).map(|_| Vec::new()).collect();
    for (index, delivery) in work.into_iter().enumerate() {
        shares[index % SENDERS].push(delivery);
    }
    for share in shares {
        senders.spawn(send(plaudit.client(), format!("{}/statements", plaudit.xapi), share, stop.clone()));
    }
    senders
}

async fn send(client: Client, url: String, share: Vec<Delivery>, stop: Arc<AtomicBool>) -> Sent {
    let mut sent = Sent { acknowledged: Vec::new(), unsure: Vec::new() };
    for delivery in share {
        if stop.load(Ordering::Relaxed) {
            sent.unsure.push(delivery);
            continue;
        }
        let request = client.request(reqwest::Method::POST, &url).header("Content-Type", "application/json");
        match request.body(delivery.body()).send().await {
            Ok(response) if response.status() == 200 => {
                let id = |json: &String| json[7..43].to_owned();
                sent.acknowledged.extend(delivery.statements.iter().map(|json| (id(json), json.clone())));
            }
            Ok(response) => panic!("{}: {:?}", response.status(), response.text().await),
            Err(_) => sent.unsure.push(delivery),
        }
    }
    sent
}

/// How often each id is among all statements, voided ones included.
async fn read_everything(plaudit: &Plaudit) -> HashMap<String, u32> {
    let client = plaudit.client();
    let host = plaudit.xapi.trim_end_matches("/xapi").to_owned();
    let mut found = HashMap::new();
    let mut voided = Vec::new();
    let mut url = format!("{}/statements?ascending=true", plaudit.xapi);
    loop {
        let page = client.get(&url).await.expect(200).json();
        for one in page["statements"].as_array().expect("a list") {
            *found.entry(one["id"].as_str().expect("an id").to_owned()).or_insert(0) += 1;
            if one["verb"]["id"] == "http://adlnet.gov/expapi/verbs/voided" {
                voided.push(one["object"]["id"].as_str().expect("an id").to_owned());
            }
        }
        match page["more"].as_str().filter(|more| !more.is_empty()) {
            Some(more) => url = format!("{host}{more}"),
            None => break,
        }
    }
    for id in voided {
        let url = format!("{}/statements?voidedStatementId={id}", plaudit.xapi);
        if client.get(&url).await.status == 200 {
            *found.entry(id).or_insert(0) += 1;
        }
    }
    found
}

#[tokio::test]
async fn a_stop_keeps_everything_and_a_start_goes_on() {
    let mut plaudit = Plaudit::start();
    let mut wanted = Vec::new();
    for round in 0..3 {
        for number in 0..5 {
            let one = statement("ada", "answered", &format!("{round}/{number}"));
            let url = format!("{}/statements", plaudit.xapi);
            plaudit.client().post(&url, one.to_string()).await.expect(200);
            wanted.push(crate::samples::id_of(&one).to_owned());
        }
        plaudit = plaudit.restart();
    }
    let url = format!("{}/statements?ascending=true", plaudit.xapi);
    let found = plaudit.client().get(&url).await.expect(200).json();
    assert_eq!(ids(&found), wanted);
}

#[test]
fn a_data_directory_has_one_server() {
    let plaudit = Plaudit::start();
    let data = plaudit.data();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir"];
    let (code, _, err) = Plaudit::command(&[&arguments[..], &[data.to_str().unwrap()]].concat());
    assert_ne!(code, 0);
    assert!(err.contains("in use") || err.contains("another"), "{err}");
}

/// With no room left, writes are refused with a reason, reads go on, and nothing acknowledged is lost.
#[tokio::test]
async fn a_full_disk_refuses_writes_and_keeps_reads() {
    let disk = SmallDisk::new("1g");
    let filler = disk.directory.path().join("filler").display().to_string();
    let options = Options {
        data: Some(disk.directory.path().join("data")),
        launcher: disk.enter(),
        expected_warnings: vec!["no space", "No space", "bytes are free"],
        ..Options::default()
    };
    let mut plaudit = Plaudit::start_with(options);
    disk.run(&["sh", "-c", &format!("head -c 380M /dev/zero > {filler}")]);
    let kept = fill(&plaudit).await;
    let url = |plaudit: &Plaudit| format!("{}/statements", plaudit.xapi);
    let last = format!("{}?statementId={}", url(&plaudit), kept.last().expect("some were kept"));
    assert_eq!(plaudit.client().get(&last).await.status, 200);

    disk.run(&["rm", &filler]);
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while plaudit.client().post(&url(&plaudit), statement("ada", "answered", "a").to_string()).await.status
        != 200
    {
        assert!(std::time::Instant::now() < deadline, "with room again, writes are still refused");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    plaudit = plaudit.crash();
    for id in kept.iter().step_by(97).chain(kept.last()) {
        let found = plaudit.client().get(&format!("{}?statementId={id}", url(&plaudit))).await;
        assert_eq!(found.status, 200, "{id}");
    }
}

/// Sends until the disk is full; returns the ids of what was acknowledged.
async fn fill(plaudit: &Plaudit) -> Vec<String> {
    let mut kept = Vec::new();
    let mut refused = 0;
    for _ in 0..600 {
        // Nothing that compresses: sealed segments would give back the room that they took.
        let noise = || (0..50).map(|_| crate::samples::id()).collect::<String>();
        let batch: Vec<Value> = (0..200).map(|_| statement("ada", "answered", &noise())).collect();
        let url = format!("{}/statements", plaudit.xapi);
        let answer = plaudit.client().post(&url, Value::Array(batch.clone()).to_string()).await;
        match answer.status {
            200 => kept.extend(batch.iter().map(|one| crate::samples::id_of(one).to_owned())),
            503 | 507 => {
                assert_eq!(answer.header("content-type"), "application/problem+json");
                refused += 1;
            }
            other => panic!("{other}: {}", answer.text()),
        }
        if refused == 3 {
            return kept;
        }
    }
    panic!("the disk never filled")
}

/// A file system of its own that is soon full, in a mount namespace of its own so that nobody else sees it.
struct SmallDisk {
    directory: tempfile::TempDir,
    holder: std::process::Child,
}

impl SmallDisk {
    fn new(size: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("plaudit-disk-").tempdir().expect("a directory");
        let mut unshare = std::process::Command::new("unshare");
        unshare.args(["--map-root-user", "--mount", "sleep", "600"]);
        let holder = unshare.spawn().expect("unshare is part of util-linux");
        let disk = Self { directory, holder };
        // Until it has unshared, the holder is in our namespace, and a mount there would be everybody's.
        let namespace =
            |process: &str| std::fs::read_link(format!("/proc/{process}/ns/mnt")).expect("it runs");
        while namespace("self") == namespace(&disk.holder.id().to_string()) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let path = disk.directory.path().display().to_string();
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        let mount = ["mount", "-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs", &path];
        while !disk.command(&mount).status().is_ok_and(|status| status.success()) {
            assert!(std::time::Instant::now() < deadline, "cannot mount a tmpfs in a namespace of our own");
            std::thread::sleep(Duration::from_millis(50));
        }
        disk
    }

    /// What starts a program where the disk is seen.
    fn enter(&self) -> Vec<String> {
        let target = self.holder.id().to_string();
        ["nsenter", "--target", &target, "--user", "--mount", "--preserve-credentials"]
            .map(str::to_owned)
            .into()
    }

    fn command(&self, words: &[&str]) -> std::process::Command {
        let enter = self.enter();
        let mut command = std::process::Command::new(&enter[0]);
        command.args(&enter[1..]).args(words).stderr(std::process::Stdio::null());
        command
    }

    fn run(&self, words: &[&str]) {
        assert!(
            self.command(words).status().expect("nsenter is part of util-linux").success(),
            "{words:?} failed"
        );
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The namespace and its file system go with the last process in it.
        drop(self.holder.kill());
        drop(self.holder.wait());
    }
}
