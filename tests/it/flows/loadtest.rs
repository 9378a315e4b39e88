//! `troupe loadtest` against a real server, straight and through a relay that cheats.

use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::Server;

async fn loadtest(server: &Server, url: &str, more: &[&str]) -> (Output, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_troupe"));
    command
        .args(["loadtest", "--url", url])
        .args(["--admin-url", &server.admin_origin()])
        .args(["--seconds", "3", "--warmup", "0", "--json"])
        .args(["--server-pid", &server.pid().to_string()])
        .args(more)
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("joined")
        .expect("the program runs");
    let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output, report)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_keeps_its_promises_passes() {
    let server = Server::shared().await;
    for shape in [
        &["--users", "6", "--acks", "--in-flight", "2"][..],
        &[
            "--users",
            "10",
            "--shape",
            "group",
            "--group-size",
            "5",
            "--rate",
            "60",
            "--threads",
            "2",
        ],
    ] {
        let (output, report) = loadtest(server, &server.origin(), shape).await;
        assert!(output.status.success(), "{output:?}");
        assert!(report["acked"].as_u64() > Some(10), "{report}");
        // Those whose ack fell into the measured time may have been delivered just outside of it.
        assert!(report["delivered"].as_u64() > Some(10), "{report}");
        assert!(report["ackMs"]["p99"].as_f64() > Some(0.0), "{report}");
        assert!(report["serverCpuUsPerSend"].is_number(), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_that_is_not_kept_fails() {
    let server = Server::shared().await;
    let (output, report) = loadtest(
        server,
        &server.origin(),
        &["--users", "2", "--rate", "5", "--min-rate", "1000000"],
    )
    .await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = report["failures"][0].as_str().unwrap_or_default();
    assert!(told.contains("1000000"), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_are_held_and_counted() {
    let server = Server::shared().await;
    let (output, report) = loadtest(server, &server.origin(), &["--idle", "40"]).await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(report["connections"], 40);
    assert!(report["serverKibPerConnection"].is_number(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_lost_or_repeated_on_the_way_fails() {
    let server = Server::shared().await;
    for (cheat, fault) in [(Cheat::Drop, "lost"), (Cheat::Repeat, "repeated")] {
        let url = relay(server.port(), cheat).await;
        let some = ["--users", "2", "--in-flight", "1", "--drain", "5"];
        let (output, report) = loadtest(server, &url, &some).await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(report["faults"][fault], 1, "{report}");
    }
}

#[derive(Clone, Copy)]
enum Cheat {
    Drop,
    Repeat,
}

/// Relays connections to the server and drops or repeats the fifth message that it delivers.
async fn relay(port: u16, cheat: Cheat) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let delivered = Arc::new(AtomicU64::new(0));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", port))
                .await
                .expect("connected");
            let (mut from_client, to_client) = client.into_split();
            let (from_server, mut to_server) = server.into_split();
            tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
            tokio::spawn(cheating(
                from_server,
                to_client,
                cheat,
                Arc::clone(&delivered),
            ));
        }
    });
    url
}

async fn cheating(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    cheat: Cheat,
    delivered: Arc<AtomicU64>,
) {
    let mut bytes = Vec::new();
    let mut upgraded = false;
    while from.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
        while let Some(length) = piece(&bytes, upgraded) {
            let piece: Vec<u8> = bytes.drain(..length).collect();
            upgraded |= piece.starts_with(b"HTTP/1.1 101");
            let message = piece.windows(13).any(|part| part == br#""message.new""#);
            let fifth = message && delivered.fetch_add(1, Ordering::SeqCst) == 4;
            let times = match (fifth, cheat) {
                (false, _) => 1,
                (true, Cheat::Drop) => 0,
                (true, Cheat::Repeat) => 2,
            };
            for _ in 0..times {
                if to.write_all(&piece).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// How long the next whole frame is, or the head of an upgrade; of anything else, whatever is there.
fn piece(bytes: &[u8], upgraded: bool) -> Option<usize> {
    if !upgraded {
        const SWITCH: &[u8] = b"HTTP/1.1 101";
        if !bytes.starts_with(SWITCH) && !SWITCH.starts_with(bytes) {
            return Some(bytes.len());
        }
        let end = bytes.windows(4).position(|part| part == b"\r\n\r\n");
        return end.map(|end| end + 4);
    }
    let short = *bytes.get(1)? & 0x7f;
    let length = match short {
        126 => 4 + usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])),
        short => 2 + usize::from(short),
    };
    (bytes.len() >= length).then_some(length)
}
