//! What a hostile client tries on the frames themselves.

use std::time::Duration;

use serde_json::json;
use troupe::id::UserId;

use super::peer::{Peer, Said, masked};
use super::stage::Stage;

const PING: &str = r#"{"type":"ping","id":"p"}"#;

async fn a_peer(stage: &Stage) -> Peer {
    stage.open(UserId::new()).await
}

#[actix::test]
async fn frames_may_come_in_any_pieces() {
    let stage = Stage::new();
    let mut peer = a_peer(&stage).await;
    let mut bytes = masked(0x01, &PING.as_bytes()[..7]);
    bytes.extend(masked(0x89, b"between"));
    bytes.extend(masked(0x00, &PING.as_bytes()[7..9]));
    bytes.extend(masked(0x80, &PING.as_bytes()[9..]));
    for byte in bytes {
        peer.say_bytes(&[byte]);
    }
    assert_eq!(peer.next().await, Said::Pong(b"between".to_vec()));
    assert_eq!(peer.expect("pong").await["id"], "p");
}

#[actix::test]
async fn what_is_too_large_is_closed_with_1009() {
    let stage = Stage::new();
    let mut peer = a_peer(&stage).await;
    let text = format!(r#"{{"type":"ping","id":"{}"}}"#, "x".repeat(70_000));
    peer.say_bytes(&masked(0x81, text.as_bytes()));
    assert_eq!(peer.expect_close().await, 1009);

    let mut peer = a_peer(&stage).await;
    let never_ending = masked(0x81, &vec![b' '; 10_000_000]);
    for piece in never_ending.chunks(8192).take(20) {
        peer.say_bytes(piece);
    }
    assert_eq!(peer.expect_close().await, 1009);
}

#[actix::test]
async fn fragments_are_counted_and_summed() {
    let stage = Stage::new();
    let mut peer = a_peer(&stage).await;
    peer.say_bytes(&masked(0x01, b"{"));
    for _ in 0..1000 {
        peer.say_bytes(&masked(0x00, b" "));
    }
    assert_eq!(peer.expect_close().await, 1009);

    let mut peer = a_peer(&stage).await;
    peer.say_bytes(&masked(0x01, b""));
    for _ in 0..1000 {
        peer.say_bytes(&masked(0x00, b""));
    }
    assert_eq!(peer.expect_close().await, 1009);

    let mut peer = a_peer(&stage).await;
    peer.say_bytes(&masked(0x01, &vec![b' '; 40_000]));
    peer.say_bytes(&masked(0x80, &vec![b' '; 40_000]));
    assert_eq!(peer.expect_close().await, 1009);
}

#[actix::test]
async fn broken_frames_are_closed_with_their_code() {
    let stage = Stage::new();
    let unmasked = [0x81, 0x02, b'{', b'}'];
    let cases: [(&str, Vec<u8>, u16); 8] = [
        ("binary", masked(0x82, b"{}"), 4400),
        ("binary in fragments", masked(0x02, b"{}"), 4400),
        ("unmasked", unmasked.to_vec(), 4400),
        ("reserved bits", masked(0xc1, b"{}"), 4400),
        ("unknown opcode", masked(0x83, b"{}"), 4400),
        ("continuation of nothing", masked(0x80, b"{}"), 4400),
        ("a long ping", masked(0x89, &[0; 126]), 4400),
        ("not UTF-8", masked(0x81, &[b'"', 0xff, b'"']), 1007),
    ];
    for (what, bytes, code) in cases {
        let mut peer = a_peer(&stage).await;
        peer.say_bytes(&bytes);
        assert_eq!(peer.expect_close().await, code, "{what}");
    }
}

#[actix::test]
async fn a_close_is_echoed_and_the_stream_ends() {
    let stage = Stage::new();
    let mut peer = a_peer(&stage).await;
    peer.say_bytes(&masked(0x88, &1000u16.to_be_bytes()));
    assert_eq!(peer.next().await, Said::Close(1000));
    assert_eq!(peer.next_within(Duration::from_millis(10)).await, None);
}

#[actix::test]
async fn a_close_is_heard_from_one_that_said_too_much() {
    let stage = Stage::new();
    let mut peer = a_peer(&stage).await;
    for _ in 0..120 {
        peer.say(json!({"type": "ping"}));
    }
    peer.say_bytes(&masked(0x88, &1000u16.to_be_bytes()));
    assert_eq!(peer.expect_close().await, 1000);
}

#[actix::test]
async fn the_server_reads_on_after_its_close_frame() {
    let stage = Stage::new();
    let mut peer = a_peer(&stage).await;
    peer.say_bytes(&masked(0x82, b"x"));
    assert_eq!(peer.expect_close().await, 4400);
    let closed = tokio::time::Instant::now();
    for _ in 0..100 {
        peer.say(json!({"type": "ping"}));
    }
    assert_eq!(peer.next_within(Duration::from_secs(30)).await, None);
    let lingered = closed.elapsed();
    assert!(lingered <= Duration::from_millis(1100), "{lingered:?}");
    assert!(lingered >= Duration::from_millis(900), "{lingered:?}");
}

#[actix::test]
async fn floods_are_cut_and_the_hasty_are_told_to_wait() {
    let stage = Stage::new();
    let mut peer = a_peer(&stage).await;
    for _ in 0..120 {
        peer.say(json!({"type": "ping", "id": "p"}));
    }
    let refused = peer.expect("error").await;
    assert_eq!(refused["code"], "rate_limited");
    assert_eq!(refused["id"], "p");
    assert!(refused["retryAfterMs"].as_u64().is_some_and(|ms| ms > 0));
    stage.pass(Duration::from_secs(3)).await;
    while peer.next_within(Duration::from_millis(1)).await.is_some() {}
    assert!(peer.is_alive().await);

    for _ in 0..5000 {
        peer.say_bytes(&masked(0x89, b""));
    }
    assert_eq!(peer.expect_close().await, 4429);

    let mut steady = stage.open(UserId::new()).await;
    for _ in 0..1000 {
        steady.say(json!({"type": "ping"}));
        stage.pass(Duration::from_millis(5)).await;
    }
    assert_eq!(steady.expect_close().await, 4429);
}
