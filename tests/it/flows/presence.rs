//! Who is online, and since when not.

use std::time::Duration;

use serde_json::json;

use crate::support::{Server, eventually};

/// The contract gives 10 s from the last socket's end; the rest is the busy machine.
const OFFLINE: Duration = Duration::from_secs(14);

#[tokio::test]
async fn watchers_see_someone_come_and_go() {
    let server = Server::shared().await;
    let [watcher, other] = server.people().await;
    let mut watching = watcher.socket().await;
    watching
        .send(json!({"type": "presence.subscribe", "userIds": [other.id]}))
        .await;
    let first = watching.expect_type("presence.updated").await;
    assert_eq!(first["userId"], other.id.as_str());
    assert_eq!(first["online"], false);
    let here = other.socket().await;
    let came = watching
        .expect("online", |frame| {
            frame["type"] == "presence.updated" && frame["online"] == true
        })
        .await;
    assert_eq!(came["userId"], other.id.as_str());
    assert!(came.get("lastSeen").is_none(), "online now: {came}");
    here.leave().await;
    let went = watching
        .expect_within(OFFLINE, "offline", |frame| {
            frame["type"] == "presence.updated" && frame["online"] == false
        })
        .await;
    assert!(went["lastSeen"].is_string(), "{went}");
    let asked = watcher
        .api
        .get(&format!("/users/{}/presence", other.id))
        .await
        .ok();
    assert_eq!(asked["online"], false);
    assert_eq!(asked["lastSeen"], went["lastSeen"]);
}

#[tokio::test]
async fn one_of_two_sockets_keeps_someone_online() {
    let server = Server::shared().await;
    let [watcher, other] = server.people().await;
    let (first, _second) = (other.socket().await, other.socket().await);
    let path = format!("/users/{}/presence", other.id);
    eventually("online", || async {
        watcher.api.get(&path).await.ok()["online"] == true
    })
    .await;
    first.leave().await;
    let mut watching = watcher.socket().await;
    watching
        .send(json!({"type": "presence.subscribe", "userIds": [other.id]}))
        .await;
    assert_eq!(
        watching.expect_type("presence.updated").await["online"],
        true
    );
}

#[tokio::test]
async fn who_is_no_longer_watched_is_no_longer_told() {
    let server = Server::shared().await;
    let [watcher, one, other] = server.people().await;
    let mut watching = watcher.socket().await;
    watching
        .send(json!({"type": "presence.subscribe", "userIds": [one.id, other.id]}))
        .await;
    for _ in 0..2 {
        watching.expect_type("presence.updated").await;
    }
    watching
        .send(json!({"type": "presence.unsubscribe", "userIds": [one.id]}))
        .await;
    watching.settle().await;
    let _first = one.socket().await;
    let _second = other.socket().await;
    watching
        .expect("the other", |frame| {
            frame["online"] == true && frame["userId"] == other.id.as_str()
        })
        .await;
    let told = watching
        .seen("presence.updated")
        .iter()
        .any(|frame| frame["userId"] == one.id.as_str() && frame["online"] == true);
    assert!(!told, "{:?}", watching.log());
}

#[tokio::test]
async fn watchers_hear_what_they_may_see_from_now_on() {
    let server = Server::shared().await;
    let [watcher, stranger, other] = server.people().await;
    let _here = other.socket().await;
    other.until_online().await;
    let subscribe = json!({"type": "presence.subscribe", "userIds": [other.id]});
    let (mut watching, mut aside) = (watcher.socket().await, stranger.socket().await);
    for socket in [&mut watching, &mut aside] {
        socket.send(subscribe.clone()).await;
        let first = socket.expect_type("presence.updated").await;
        assert_eq!(first["online"], true, "{first}");
    }
    let privacy = async |last_seen: &str| {
        let body = json!({"lastSeen": last_seen});
        other.api.put("/users/me/privacy", body).await.ok();
    };
    for (last_seen, online) in [("nobody", false), ("everyone", true)] {
        privacy(last_seen).await;
        for socket in [&mut watching, &mut aside] {
            let told = socket.expect_type("presence.updated").await;
            assert_eq!(told["online"], online, "{last_seen}: {told}");
            assert!(told.get("lastSeen").is_none(), "{told}");
        }
    }
    let block = format!("/users/contacts/{}/block", watcher.id);
    other.api.put_empty(&block).await.ok();
    let told = watching.expect_type("presence.updated").await;
    assert_eq!(told["online"], false, "{told}");
    other.api.delete(&block).await.no_content();
    let told = watching.expect_type("presence.updated").await;
    assert_eq!(told["online"], true, "{told}");
    // Who sees nothing is not told that there is less to be seen.
    privacy("nobody").await;
    for socket in [&mut watching, &mut aside] {
        let told = socket.expect_type("presence.updated").await;
        assert_eq!(told["online"], false, "{told}");
    }
    other.api.put_empty(&block).await.ok();
    other.api.delete(&block).await.no_content();
    privacy("contacts").await;
    privacy("everyone").await;
    for socket in [&mut watching, &mut aside] {
        let told = socket.expect_type("presence.updated").await;
        assert_eq!(told["online"], true, "{told}");
    }
    aside.settle().await;
    let told = aside.seen("presence.updated");
    assert_eq!(told.len(), 5, "a block is between two: {told:?}");
}

#[tokio::test]
async fn watching_has_limits() {
    let server = Server::shared().await;
    let watcher = server.person().await;
    let mut socket = watcher.socket().await;
    let ids = |count: usize| -> Vec<String> {
        (0..count)
            .map(|_| uuid::Uuid::now_v7().to_string())
            .collect()
    };
    let refused = socket
        .ask(json!({"type": "presence.subscribe", "userIds": ids(201)}))
        .await;
    assert_eq!(refused["code"], "invalid", "{refused}");
    let bad = socket
        .ask(json!({"type": "presence.subscribe", "userIds": ["nobody"]}))
        .await;
    assert_eq!(bad["code"], "invalid", "{bad}");
    let crowd = server.crowd(501).await;
    let crowd: Vec<&str> = crowd.iter().map(|person| person.id.as_str()).collect();
    for part in crowd[..400].chunks(200) {
        socket
            .send(json!({"type": "presence.subscribe", "userIds": part}))
            .await;
    }
    let over = socket
        .ask(json!({"type": "presence.subscribe", "userIds": crowd[400..]}))
        .await;
    assert_eq!(
        over["type"], "error",
        "501 people on one connection: {over}"
    );
}
