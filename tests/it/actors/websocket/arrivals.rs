//! Sockets of one user coming and going.

use std::time::Duration;

use troupe::actors::websocket::SocketSettings;
use troupe::id::UserId;
use troupe::wire::frame::FrameClass;

use super::peer::Said;
use super::stage::Stage;

#[actix::test]
async fn one_socket_too_many_closes_the_oldest_with_4409() {
    let stage = Stage::with(SocketSettings {
        sockets_per_user: 3,
        ..SocketSettings::default()
    });
    let user = UserId::new();
    let mut peers = Vec::new();
    for _ in 0..4 {
        peers.push(stage.open(user).await);
    }
    let mut stranger = stage.open(UserId::new()).await;
    assert_eq!(peers[0].next().await, Said::Close(4409));
    for peer in &mut peers[1..] {
        assert!(peer.is_alive().await);
    }
    assert!(stranger.is_alive().await);
}

#[actix::test]
async fn someone_is_offline_within_ten_seconds_of_his_last_socket() {
    let stage = Stage::new();
    let user = UserId::new();
    let seen = || stage.backdrop.presence.lock().get(&user).copied();
    let one = stage.open(user).await;
    let other = stage.open(user).await;
    stage.pass(Duration::from_millis(1)).await;
    assert!(seen().is_some_and(|seen| seen.online));
    drop(one);
    stage.pass(Duration::from_secs(60)).await;
    assert!(seen().is_some_and(|seen| seen.online), "one socket is left");
    let left = stage.clock.now();
    drop(other);
    stage.pass(Duration::from_secs(10)).await;
    let seen = seen().expect("kept");
    assert!(!seen.online);
    let since = seen.last_seen.expect("a time").since(left);
    assert!(
        since < Duration::from_millis(100),
        "of the socket's end: {since:?}"
    );
    assert!(!stage.fanout.is_online(user));
    assert_eq!(stage.websocket.sessions(), 0, "nothing stays behind");
}

#[actix::test]
async fn a_quick_return_is_no_going_and_a_late_one_works_like_the_first() {
    let stage = Stage::new();
    let user = UserId::new();
    for away in [0, 1, 3, 4, 5, 6, 20] {
        let mut peer = stage.open(user).await;
        stage.tell(
            &[user],
            FrameClass::Message,
            &serde_json::json!({"type": "message.new"}),
        );
        peer.expect("message.new").await;
        let online = stage.backdrop.presence.lock().get(&user).copied();
        assert!(online.is_some_and(|seen| seen.online), "after {away} s");
        drop(peer);
        stage.pass(Duration::from_secs(away)).await;
    }
}
