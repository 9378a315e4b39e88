//! Signs of life and the end of tokens, by the minute in no time.

use std::time::Duration;

use serde_json::json;
use troupe::actors::auth::requests::TokenClaims;
use troupe::id::UserId;

use super::peer::{Said, masked};
use super::stage::Stage;

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[actix::test]
async fn a_ping_every_25_seconds_and_heads_with_it() {
    let stage = Stage::new();
    let mut peer = stage.open(UserId::new()).await;
    for _ in 0..20 {
        let before = tokio::time::Instant::now();
        assert_eq!(peer.next().await, Said::Ping);
        let waited = before.elapsed();
        assert!(seconds(24) <= waited && waited <= seconds(27), "{waited:?}");
        let heads = peer.next_within(seconds(1)).await;
        assert_eq!(
            heads,
            Some(Said::Frame(json!({"type": "heads", "chats": {}, "me": 7})))
        );
        peer.say_bytes(&masked(0x8a, b""));
    }
    assert!(peer.is_alive().await);
}

#[actix::test]
async fn a_silent_peer_is_closed_after_60_seconds() {
    let stage = Stage::new();
    let mut peer = stage.open(UserId::new()).await;
    let opened = tokio::time::Instant::now();
    let closed = loop {
        match peer.next().await {
            Said::Close(code) => break code,
            Said::Ping | Said::Frame(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(closed, 1001);
    let lived = opened.elapsed();
    assert!(seconds(59) <= lived && lived <= seconds(63), "{lived:?}");
}

#[actix::test]
async fn a_socket_ends_with_its_token() {
    let stage = Stage::new();
    let user = UserId::new();
    let mut peer = stage
        .open_until(user, stage.clock.now() + seconds(90))
        .await;
    let opened = tokio::time::Instant::now();
    assert_eq!(peer.expect_close().await, 4401);
    let lived = opened.elapsed();
    assert!(seconds(89) <= lived && lived <= seconds(92), "{lived:?}");
}

#[actix::test]
async fn a_newer_token_of_the_same_session_renews() {
    let stage = Stage::new();
    let user = UserId::new();
    let mut peer = stage
        .open_until(user, stage.clock.now() + seconds(60))
        .await;
    let claims = TokenClaims {
        user_id: user,
        session_id: peer.session,
        expires_at: stage.clock.now() + seconds(600),
    };
    let foreign = TokenClaims {
        user_id: UserId::new(),
        ..claims
    };
    let known = [
        ("newer".to_owned(), claims),
        ("foreign".to_owned(), foreign),
    ];
    stage.backdrop.tokens.lock().extend(known);

    peer.say(json!({"type": "auth", "id": "a", "token": "foreign"}));
    let refused = peer.expect("error").await;
    assert_eq!(
        (&refused["id"], &refused["code"]),
        (&json!("a"), &json!("unauthenticated"))
    );
    peer.say(json!({"type": "auth", "id": "b", "token": "newer"}));
    let ack = peer.expect("ack").await;
    assert_eq!(ack["id"], "b");
    assert_eq!(ack["tokenExpiresAt"], json!(claims.expires_at));

    let renewed = tokio::time::Instant::now();
    assert_eq!(peer.expect_close().await, 4401);
    assert!(renewed.elapsed() > seconds(590));
}

#[actix::test]
async fn revoked_sessions_are_closed_within_two_seconds() {
    let stage = Stage::new();
    let user = UserId::new();
    let mut one = stage.open(user).await;
    let mut other = stage.open(user).await;
    stage
        .revocations
        .announce(&[one.session], stage.clock.now());
    let said = one.next_within(seconds(2)).await;
    assert_eq!(said, Some(Said::Close(4401)));
    assert!(other.is_alive().await);
}

#[actix::test]
async fn a_drain_says_goaway_and_closes_with_1001() {
    let stage = Stage::new();
    let user = UserId::new();
    let mut peer = stage.open(user).await;
    let websocket = stage.websocket.clone();
    let draining = actix::spawn(async move { websocket.drain(seconds(8)).await });
    let goaway = peer.expect("goaway").await;
    assert!(goaway["reconnectAfterMs"].as_u64().is_some());
    assert_eq!(peer.expect_close().await, 1001);
    peer.mouth = None;
    tokio::time::timeout(seconds(9), draining)
        .await
        .expect("drained")
        .expect("no panic");
    let seen = stage.backdrop.presence.lock().get(&user).copied();
    assert!(seen.is_some_and(|seen| !seen.online && seen.last_seen.is_some()));
}

#[actix::test]
async fn who_comes_while_a_node_drains_is_sent_away() {
    let stage = Stage::new();
    let mut early = stage.open(UserId::new()).await;
    let websocket = stage.websocket.clone();
    let draining = actix::spawn(async move { websocket.drain(seconds(8)).await });
    early.expect("goaway").await;
    assert_eq!(early.expect_close().await, 1001);
    let late_user = UserId::new();
    let mut late = stage.open(late_user).await;
    late.expect("goaway").await;
    assert_eq!(late.expect_close().await, 1001);
    assert!(!stage.fanout.is_online(late_user));
    (early.mouth, late.mouth) = (None, None);
    draining.await.expect("no panic");
    assert!(stage.backdrop.presence.lock().get(&late_user).is_none());
}

#[actix::test]
async fn a_drain_waits_for_nobody_who_has_left() {
    let stage = Stage::new();
    let user = UserId::new();
    drop(stage.open(user).await);
    stage.pass(Duration::from_millis(1)).await;
    let began = tokio::time::Instant::now();
    stage.websocket.drain(seconds(8)).await;
    assert!(began.elapsed() < seconds(1), "{:?}", began.elapsed());
    let seen = stage.backdrop.presence.lock().get(&user).copied();
    assert!(seen.is_some_and(|seen| !seen.online && seen.last_seen.is_some()));
}
