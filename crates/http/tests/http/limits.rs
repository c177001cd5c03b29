//! Slow, large, strange and too many requests.

use std::time::Duration;

use plaudit_http::Limits;
use reqwest::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::world::{self, World};
use crate::{STATEMENT, header};

async fn raw(world: &World, parts: &[&str]) -> String {
    let mut stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
    for part in parts {
        stream.write_all(part.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    }
    let mut answer = vec![0; 4096];
    let mut length = 0;
    while !String::from_utf8_lossy(&answer[..length]).contains("\r\n\r\n") {
        match stream.read(&mut answer[length..]).await.unwrap() {
            0 => break,
            more => length += more,
        }
    }
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[actix_web::test]
async fn a_body_that_stops_coming_is_408() {
    let world = World::start();
    let answer = raw(&world, &[&world.head(), "Content-Length: 100\r\n\r\n", "{\"actor\""]).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[actix_web::test]
async fn a_body_over_the_limit_is_413_announced_or_not() {
    let world = World::start();
    let answer = raw(&world, &[&world.head(), "Content-Length: 999999999\r\n\r\n"]).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let chunk = format!("{:x}\r\n{}\r\n", world::BODY_BYTES_MAX, "x".repeat(world::BODY_BYTES_MAX));
    let answer =
        raw(&world, &[&world.head(), "Transfer-Encoding: chunked\r\n\r\n", &chunk, "1\r\nx\r\n"]).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[actix_web::test]
async fn past_the_limit_requests_are_told_to_come_back() {
    let world = World::with(Limits { requests_max: 0, ..world::limits() });
    let answer = world.get("/xapi/statements").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(header(&answer, "retry-after"), "1");
    assert_eq!(header(&answer, "x-experience-api-version"), "1.0.3");
}

#[actix_web::test]
async fn slow_clients_do_not_use_up_the_limit_of_requests() {
    let limits = Limits { requests_max: 1, body_pause_max: Duration::from_secs(60), ..world::limits() };
    let world = World::with(limits);
    let mut slow = Vec::new();
    for _ in 0..3 {
        let mut stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
        let request = [&*world.head(), "Content-Length: 100\r\nExpect: 100-continue\r\n\r\n"].concat();
        stream.write_all(request.as_bytes()).await.unwrap();
        // The server says that it waits for the body.
        assert_eq!(stream.read_u8().await.unwrap(), b'H');
        slow.push(stream);
    }
    assert_eq!(world.post("/xapi/statements", STATEMENT).await.status(), StatusCode::OK);
}

#[actix_web::test]
async fn a_client_may_wait_for_100_continue() {
    let world = World::start();
    let length = format!("Content-Length: {}\r\nExpect: 100-continue\r\n\r\n", STATEMENT.len());
    let answer = raw(&world, &[&world.head(), &length]).await;
    assert!(answer.starts_with("HTTP/1.1 100"), "{answer}");
}

#[actix_web::test]
async fn other_bodies_are_refused() {
    let world = World::start();
    let send = async |name: &str, value: &str| {
        let request = world.typeless(Method::POST, "/xapi/statements").header(name, value);
        request.body(STATEMENT).send().await.unwrap().status().as_u16()
    };
    assert_eq!(send("Content-Type", "text/plain").await, 400);
    assert_eq!(send("Content-Type", "multipart/mixed; boundary=x").await, 400);
    let zipped = world.request(Method::POST, "/xapi/statements").header("Content-Encoding", "gzip");
    assert_eq!(zipped.body(STATEMENT).send().await.unwrap().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(world.post("/xapi/statements?foo=1", STATEMENT).await.status(), StatusCode::BAD_REQUEST);
}
