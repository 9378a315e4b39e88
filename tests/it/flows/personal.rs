//! Mute and pin: mine alone, on all my devices.

use std::time::Duration;

use serde_json::json;
use troupe::clock::Clock;

use crate::support::{Server, eventually};

#[tokio::test]
async fn mute_and_pin_are_mine_alone() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut socket = anna.socket().await;
    let pinned = anna.api.put_empty(&format!("/chats/{chat}/pin")).await.ok();
    assert_eq!(pinned["isPinned"], true);
    assert_eq!(pinned["isMuted"], false);
    let frame = socket.expect_type("me.updated").await;
    assert_eq!(
        frame["changes"]["chats"][&chat]["isPinned"], true,
        "{frame}"
    );
    let muted = anna
        .api
        .put_empty(&format!("/chats/{chat}/mute"))
        .await
        .ok();
    assert_eq!(muted["isMuted"], true);
    assert_eq!(muted["muteUntil"], json!(null));
    let frame = socket.expect_type("me.updated").await;
    assert_eq!(
        frame["changes"]["chats"][&chat],
        json!({"isMuted": true, "muteUntil": null, "isPinned": true})
    );
    let theirs = ben.chat(&chat).await;
    assert_eq!(theirs["isMuted"], false);
    assert_eq!(theirs["isPinned"], false);
    let path = format!("/chats/{chat}/mute");
    anna.api.delete(&path).await.no_content();
    anna.api.delete(&path).await.no_content();
    anna.api
        .delete(&format!("/chats/{chat}/pin"))
        .await
        .no_content();
    let now = anna.chat(&chat).await;
    assert_eq!(now["isMuted"], false);
    assert_eq!(now["isPinned"], false);
    assert_eq!(now["headRev"], 1, "the chat's log knows nothing of it");
}

#[tokio::test]
async fn a_mute_has_an_end() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let path = format!("/chats/{chat}/mute");
    let until = "2099-01-01T00:00:00.000Z";
    let muted = anna.api.put(&path, json!({"until": until})).await.ok();
    assert_eq!(muted["isMuted"], true);
    assert_eq!(muted["muteUntil"], until);
    for bad in [json!("tomorrow"), json!(5), json!({})] {
        anna.api
            .put(&path, json!({"until": bad}))
            .await
            .refused_field("until");
    }
    anna.api
        .put(&path, json!({"seconds": 5}))
        .await
        .refused_field("seconds");
}

#[tokio::test]
async fn done_again_it_takes_no_rev() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let path = format!("/chats/{chat}/pin");
    let first = anna.api.put_empty(&path).await.ok();
    let rev = anna.my_rev().await;
    assert_eq!(anna.api.put_empty(&path).await.ok(), first);
    assert_eq!(anna.my_rev().await, rev);
}

#[tokio::test]
async fn a_mute_that_has_run_out_is_none_in_a_sync() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let (short, long) = (anna.direct(&ben).await, anna.group("Ours", &[&ben]).await);
    let soon = (Clock::System.now() + Duration::from_secs(15)).to_string();
    let later = "2099-01-01T00:00:00.000Z";
    for (chat, until) in [(&short, soon.as_str()), (&long, later)] {
        let path = format!("/chats/{chat}");
        anna.api.put_empty(&format!("{path}/pin")).await.ok();
        anna.api
            .put(&format!("{path}/mute"), json!({"until": until}))
            .await
            .ok();
    }
    let settings = async || {
        let synced = anna.sync(json!({"chats": {}, "me": 0})).await;
        synced["me"]["changes"]["chats"].clone()
    };
    let open = json!({"isMuted": false, "muteUntil": null, "isPinned": true});
    let muted = |until: &str| json!({"isMuted": true, "muteUntil": until, "isPinned": true});
    assert_eq!(
        settings().await,
        json!({&short: muted(&soon), &long: muted(later)})
    );
    eventually("the mute has run out", || async {
        anna.chat(&short).await["isMuted"] == false
    })
    .await;
    assert_eq!(settings().await, json!({&short: open, &long: muted(later)}));
}
