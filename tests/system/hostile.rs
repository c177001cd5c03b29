//! Input that means harm: clear 4xx answers, no panic, flat memory.

use std::time::Duration;

use plaudit_tests::{Answer, Plaudit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::samples::{encode, id_of, statement};

#[tokio::test]
async fn malformed_bodies_are_refused_with_the_place_of_the_error() {
    let plaudit = Plaudit::start();
    let good = statement("ada", "passed", "one").to_string();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_extension = good.replace(
        "{\"actor\"",
        &format!(
            r#"{{"context":{{"extensions":{{"http://e.example/x":{}1{}}}}},"actor""#,
            "[".repeat(5000),
            "]".repeat(5000)
        ),
    );
    let cases: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"{".to_vec(),
        b"null".to_vec(),
        b"[]x".to_vec(),
        b"\"statement\"".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"{\"id\":\"\xff\xfe\"}".to_vec(),
        good.replace("passed", "\\ud800").into_bytes(),
        good.replace("\"actor\"", "\"actor\":{},\"actor\"").into_bytes(),
        good.replace("mailto:", "").into_bytes(),
        good.as_bytes()[..good.len() - 1].to_vec(),
        good.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        deep.into_bytes(),
        deep_extension.into_bytes(),
        vec![0; 1000],
    ];
    let url = format!("{}/statements", plaudit.xapi);
    for case in cases {
        let shown = String::from_utf8_lossy(&case[..case.len().min(80)]).into_owned();
        let request = plaudit.client().request(reqwest::Method::POST, &url);
        let answer = Answer::of(request.header("Content-Type", "application/json").body(case)).await;
        assert_eq!(answer.status, 400, "{shown}: {}", answer.text());
        let problem = answer.json();
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{shown}: {problem}");
    }
    let all = plaudit.client().get(&url).await.expect(200).json();
    assert_eq!(all["statements"], serde_json::json!([]));
}

#[tokio::test]
async fn other_content_types_are_refused() {
    let plaudit = Plaudit::start();
    let url = format!("{}/statements", plaudit.xapi);
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""] {
        let request =
            plaudit.client().request(reqwest::Method::POST, &url).header("Content-Type", content_type);
        let answer = Answer::of(request.body(statement("a", "passed", "b").to_string())).await;
        assert!(matches!(answer.status, 400 | 415), "{content_type}: {}", answer.status);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_with_the_limit() {
    let plaudit = Plaudit::start();
    let url = format!("{}/statements", plaudit.xapi);
    let mut stream = connect(&plaudit).await;
    let head = head(&plaudit, "POST", "/xapi/statements", "Content-Length: 99999999999\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = read(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
    assert_eq!(plaudit.client().get(&url).await.status, 200);
}

#[tokio::test]
async fn long_headers_and_urls_and_methods_unknown_are_4xx() {
    let plaudit = Plaudit::start();
    let host = plaudit.xapi.trim_end_matches("/xapi").to_owned();
    let long = format!("{}/statements?agent={}", plaudit.xapi, encode(&"x".repeat(20_000)));
    assert_eq!(plaudit.client().get(&long).await.status / 100, 4);
    for path in ["/xapi/nothing", "/nothing", "/xapi/statements/../../etc/passwd", "/api/v1/nothing", "/"] {
        assert_eq!(plaudit.client().get(&format!("{host}{path}")).await.status / 100, 4, "{path}");
    }
    let url = format!("{}/statements", plaudit.xapi);
    for method in [reqwest::Method::PATCH, reqwest::Method::DELETE, reqwest::Method::TRACE] {
        let answer = Answer::of(plaudit.client().request(method.clone(), &url)).await;
        assert!(matches!(answer.status, 404 | 405), "{method}: {}", answer.status);
        assert_ne!(answer.header("x-experience-api-version"), "");
    }
    let mut stream = connect(&plaudit).await;
    stream.write_all(format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(2 << 20)).as_bytes()).await.ok();
    let answer = read(&mut stream).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
}

#[tokio::test]
async fn a_thousand_idle_and_slow_connections_do_not_keep_others_out() {
    let plaudit = Plaudit::start();
    let mut held = Vec::new();
    for number in 0..1000 {
        let mut stream = connect(&plaudit).await;
        if number % 2 == 0 {
            let head = head(&plaudit, "POST", "/xapi/statements", "Content-Length: 1000\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(b"[{").await.unwrap();
        }
        held.push(stream);
    }
    let one = statement("ada", "passed", "one");
    let url = format!("{}/statements", plaudit.xapi);
    let answer =
        tokio::time::timeout(Duration::from_secs(15), plaudit.client().post(&url, one.to_string())).await;
    assert_eq!(answer.expect("within fifteen seconds").status, 200);
    let found = plaudit.client().get(&format!("{url}?statementId={}", id_of(&one))).await;
    assert_eq!(found.status, 200);
    drop(held);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_flat_under_large_bodies() {
    let plaudit = Plaudit::start();
    let url = format!("{}/statements", plaudit.xapi);
    let large = statement("ada", "passed", &"x".repeat(4 << 20)).to_string();
    let send = async |rounds: usize| {
        for _ in 0..rounds {
            let tasks: Vec<_> = (0..8)
                .map(|_| {
                    let (client, url) = (plaudit.client(), url.clone());
                    let bad = large.replace("mailto:", "");
                    tokio::spawn(async move { client.post(&url, bad).await.status })
                })
                .collect();
            for task in tasks {
                assert_eq!(task.await.unwrap(), 400);
            }
        }
    };
    send(2).await;
    let before = resident_kib(plaudit.pid());
    send(6).await;
    let after = resident_kib(plaudit.pid());
    assert!(after < before + (64 << 10), "{before} KiB, then {after} KiB");
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a resident size");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

fn host(plaudit: &Plaudit) -> &str {
    plaudit.xapi.trim_start_matches("http://").trim_end_matches("/xapi")
}

async fn connect(plaudit: &Plaudit) -> TcpStream {
    TcpStream::connect(host(plaudit)).await.expect("the server listens")
}

fn head(plaudit: &Plaudit, method: &str, path: &str, more: &str) -> String {
    // tests:tests-secret
    let basic = "dGVzdHM6dGVzdHMtc2VjcmV0";
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {basic}\r\n\
         X-Experience-API-Version: 1.0.3\r\nContent-Type: application/json\r\n{more}\r\n",
        host(plaudit)
    )
}

async fn read(stream: &mut TcpStream) -> String {
    let mut buffer = vec![0; 64 << 10];
    let mut length = 0;
    let read = async {
        while let Ok(read @ 1..) = stream.read(&mut buffer[length..]).await {
            length += read;
            if buffer[..length].ends_with(b"}") || length == buffer.len() {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), read).await.ok();
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}
