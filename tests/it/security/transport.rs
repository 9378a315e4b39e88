//! Requests that are slow, huge or malformed, byte by byte.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Person, Server};

/// Writes bytes to the public port and reads until the server ends the connection.
async fn exchange(server: &Server, bytes: &[u8], patience: Duration) -> (String, Duration) {
    let started = Instant::now();
    let mut stream = TcpStream::connect(("127.0.0.1", server.port()))
        .await
        .expect("connected");
    // The server may refuse before everything is written.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    tokio::time::timeout(patience, stream.read_to_end(&mut answer))
        .await
        .unwrap_or_else(|_| panic!("not cut off within {patience:?}"))
        // A reset ends a connection too.
        .ok();
    let text = String::from_utf8_lossy(&answer).into_owned();
    (text, started.elapsed())
}

fn head(person: &Person, length: usize) -> String {
    format!(
        "POST /api/v1/sync HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n",
        person.access_token
    )
}

#[tokio::test]
async fn headers_that_never_end_are_cut_off() {
    let server = Server::options()
        .setting("HTTP__HEAD_TIMEOUT", "2s")
        .start()
        .await;
    for bytes in [
        &b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: "[..],
        b"GET",
        b"",
    ] {
        let (answer, _) = exchange(&server, bytes, Duration::from_secs(15)).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_waited_for_only_so_long() {
    let server = Server::options()
        .setting("HTTP__BODY_TIMEOUT", "2s")
        .start()
        .await;
    let person = server.person().await;
    for body in ["", "{\"chats\":"] {
        let bytes = format!("{}{body}", head(&person, 100));
        let (answer, _) = exchange(&server, bytes.as_bytes(), Duration::from_secs(15)).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("\"bad_request\""), "{answer}");
    }
}

#[tokio::test]
async fn a_malformed_request_is_an_answer_and_no_harm() {
    let server = Server::shared().await;
    for bytes in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /api/v1/chats/%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"POST /api/v1/sync HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/v1/sync HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ] {
        let (answer, _) = exchange(server, bytes, Duration::from_secs(30)).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{}: {answer}",
            String::from_utf8_lossy(bytes)
        );
        assert!(!answer.contains("root:"), "{answer}");
        assert!(!answer.contains("panicked"), "{answer}");
    }
    server.root().get("/health/live").await.ok();
}

#[tokio::test]
async fn a_body_that_says_it_is_huge_is_refused_before_it_comes() {
    let server = Server::shared().await;
    let person = server.person().await;
    let bytes = format!("{}{{", head(&person, 1 << 31));
    let (answer, took) = exchange(server, bytes.as_bytes(), Duration::from_secs(20)).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(took < Duration::from_secs(15), "{took:?}");
}

#[tokio::test]
async fn json_nested_without_end_is_refused() {
    let server = Server::shared().await;
    let person = server.person().await;
    for body in [
        "[".repeat(500_000),
        format!("{{\"chats\":{}", "{\"a\":".repeat(100_000)),
        "{\"chats\":{},\"chats\":{},\"me\":0}".to_owned(),
        "{\"chats\":{},\"me\":1e400}".to_owned(),
        "{\"chats\":{},\"me\":99999999999999999999}".to_owned(),
        "\u{feff}{\"chats\":{},\"me\":0}".to_owned(),
    ] {
        let answer = person
            .api
            .send(
                reqwest::Method::POST,
                "/sync",
                Some(body.clone().into_bytes()),
                "application/json",
            )
            .await;
        assert!(
            (400..500).contains(&answer.status),
            "{:.40}: {answer:?}",
            body
        );
        let status = answer.status;
        answer.refused(status);
    }
    let invalid = vec![b'{', b'"', 0xff, 0xfe, b'"', b'}'];
    person
        .api
        .send(
            reqwest::Method::POST,
            "/sync",
            Some(invalid),
            "application/json",
        )
        .await
        .refused(400);
}
