//! Presence: asked for, answered through privacy, then told as it changes.

use std::time::Duration;

use serde_json::json;
use troupe::id::UserId;

use super::peer::Said;
use super::stage::Stage;

#[actix::test]
async fn who_watches_is_told_at_once_and_then_of_changes() {
    let stage = Stage::new();
    let (here, away, shy) = (UserId::new(), UserId::new(), UserId::new());
    stage.backdrop.hidden.lock().push(shy);
    let _here = stage.open(here).await;
    let shy_socket = stage.open(shy).await;
    let mut peer = stage.open(UserId::new()).await;
    peer.say(json!({"type": "presence.subscribe", "userIds": [here, away, shy]}));
    for (user, online) in [(here, true), (away, false), (shy, false)] {
        let told = peer.expect("presence.updated").await;
        assert_eq!(
            told,
            json!({"type": "presence.updated", "userId": user, "online": online})
        );
    }

    drop(shy_socket);
    stage.pass(Duration::from_secs(10)).await;
    let _shy = stage.open(shy).await;
    assert_eq!(
        peer.next_within(Duration::from_secs(1)).await,
        None,
        "not even when"
    );

    let came = stage.open(away).await;
    let told = peer.expect("presence.updated").await;
    assert_eq!(
        (&told["userId"], &told["online"]),
        (&json!(away), &json!(true))
    );
    drop(came);
    let told = peer.expect("presence.updated").await;
    assert_eq!(
        (&told["userId"], &told["online"]),
        (&json!(away), &json!(false))
    );
    assert!(told["lastSeen"].is_string());

    peer.say(json!({"type": "presence.unsubscribe", "userIds": [away]}));
    assert!(peer.is_alive().await);
    let _back = stage.open(away).await;
    assert_eq!(peer.next_within(Duration::from_secs(5)).await, None);
}

#[actix::test]
async fn nobody_watches_ten_thousand_people() {
    let stage = Stage::new();
    let mut peer = stage.open(UserId::new()).await;
    let crowd = |count: usize| -> Vec<UserId> { (0..count).map(|_| UserId::new()).collect() };
    peer.say(json!({"type": "presence.subscribe", "id": "s", "userIds": crowd(201)}));
    let error = peer.expect("error").await;
    assert_eq!(
        (&error["code"], &error["id"]),
        (&json!("invalid"), &json!("s"))
    );

    for _ in 0..2 {
        peer.say(json!({"type": "presence.subscribe", "userIds": crowd(200)}));
        for _ in 0..200 {
            peer.expect("presence.updated").await;
        }
    }
    peer.say(json!({"type": "presence.subscribe", "userIds": crowd(101)}));
    let refused = peer.next_within(Duration::from_secs(1)).await;
    assert!(
        matches!(&refused, Some(Said::Frame(frame)) if frame["errors"][0]["field"] == "userIds"),
        "{refused:?}"
    );
    peer.say(json!({"type": "presence.subscribe", "userIds": crowd(100)}));
    peer.expect("presence.updated").await;
}

#[actix::test]
async fn back_in_front_a_client_hears_how_those_it_watches_stand() {
    let stage = Stage::new();
    let friend = UserId::new();
    let mut peer = stage.open(UserId::new()).await;
    peer.say(json!({"type": "presence.subscribe", "userIds": [friend]}));
    assert_eq!(peer.expect("presence.updated").await["online"], false);
    peer.say(json!({"type": "client.state", "foreground": false}));
    assert!(peer.is_alive().await);
    let _friend = stage.open(friend).await;
    assert_eq!(peer.next_within(Duration::from_secs(1)).await, None);
    peer.say(json!({"type": "client.state", "foreground": true}));
    assert_eq!(peer.expect("presence.updated").await["online"], true);
}

#[actix::test]
async fn presence_is_read_for_many_at_once_and_one_reading_at_a_time() {
    let stage = Stage::new();
    *stage.backdrop.reading_takes.lock() = Duration::from_secs(1);
    let mut peer = stage.open(UserId::new()).await;
    let crowd: Vec<UserId> = (0..90).map(|_| UserId::new()).collect();
    for few in crowd.chunks(3) {
        peer.say(json!({"type": "presence.subscribe", "userIds": few}));
        peer.say(json!({"type": "client.state", "foreground": false}));
        peer.say(json!({"type": "client.state", "foreground": true}));
    }
    peer.say(json!({"type": "presence.unsubscribe", "userIds": [crowd[89]]}));
    assert!(peer.is_alive().await);
    stage.pass(Duration::from_secs(10)).await;
    assert_eq!(*stage.backdrop.readings.lock(), [3, 89]);
    let mut told = Vec::new();
    while let Some(Said::Frame(frame)) = peer.next_within(Duration::from_millis(1)).await {
        told.push(frame["userId"].clone());
    }
    assert_eq!(told.len(), 3 + 89);
}
