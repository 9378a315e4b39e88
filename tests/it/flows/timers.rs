//! Disappearing messages.

use serde_json::{Value, json};

use crate::support::{Server, eventually_some};

#[tokio::test]
async fn a_timer_fixes_when_a_message_goes() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let before = anna.say(&chat, "stays").await;
    assert_eq!(before["message"]["expiresAt"], Value::Null);
    let path = format!("/chats/{chat}/auto-delete");
    let mut of_anna = anna.socket().await;
    let set = ben.api.put(&path, json!({"seconds": 3600})).await.ok();
    assert_eq!(set["autoDeleteTimer"], 3600);
    let frame = of_anna.expect_of("chat.updated", &chat).await;
    assert_eq!(frame["message"]["payload"]["event"], "timer_changed");
    assert_eq!(frame["chat"]["autoDeleteTimer"], 3600);
    let sent = anna.say(&chat, "goes").await;
    let time = |field: &str| {
        let text = sent["message"][field].as_str().expect("a time");
        chrono::DateTime::parse_from_rfc3339(text).expect("RFC 3339")
    };
    assert_eq!((time("expiresAt") - time("createdAt")).num_seconds(), 3600);
    anna.api.delete(&path).await.no_content();
    assert_eq!(anna.chat(&chat).await["autoDeleteTimer"], Value::Null);
    let after = anna.say(&chat, "stays too").await;
    assert_eq!(after["message"]["expiresAt"], Value::Null);
    for bad in [json!(0), json!(-1), json!("5"), json!(1.5), Value::Null] {
        anna.api
            .put(&path, json!({"seconds": bad}))
            .await
            .refused_field("seconds");
    }
}

#[tokio::test]
async fn in_a_group_the_timer_is_the_admins() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let group = anna.group("Ours", &[&ben]).await;
    let path = format!("/chats/{group}/auto-delete");
    ben.api
        .put(&path, json!({"seconds": 60}))
        .await
        .refused(403);
    anna.api.put(&path, json!({"seconds": 60})).await.ok();
    ben.api.delete(&path).await.refused(403);
    assert_eq!(ben.chat(&group).await["autoDeleteTimer"], 60);
}

#[tokio::test]
async fn past_its_time_a_message_is_a_tombstone_everywhere() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    anna.api
        .put(&format!("/chats/{chat}/auto-delete"), json!({"seconds": 1}))
        .await
        .ok();
    let sent = anna.say(&chat, "a short life").await;
    let id = sent["messageId"].as_str().expect("an id");
    let gone = eventually_some("the message expires", || async {
        let message = ben.message(id).await;
        (message["isDeleted"] == true).then_some(message)
    })
    .await;
    assert_eq!(gone["payload"], json!({}));
    assert_eq!(gone["seq"], sent["seq"]);
    let listed = &ben.history(&chat).await[0];
    assert_eq!(listed["isDeleted"], true);
    let last = &ben.api.get("/chats").await.items()[0]["lastMessage"];
    assert_ne!(last["payload"]["content"], "a short life", "{last}");
    let synced = ben.sync(json!({"chats": {}, "me": 0})).await;
    assert!(!synced.to_string().contains("a short life"), "{synced}");
    anna.say(&chat, "the next").await;
}

/// What each side calls a direct chat is his own; a group's name is everyone's.
#[tokio::test]
async fn a_frame_of_a_direct_chat_says_no_name() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let direct = anna.direct(&ben).await;
    let group = anna.group("Ours", &[&ben]).await;
    let mut socket = ben.socket().await;
    for (chat, named) in [(&direct, false), (&group, true)] {
        let path = format!("/chats/{chat}/auto-delete");
        anna.api.put(&path, json!({"seconds": 60})).await.ok();
        let frame = socket.expect_of("chat.updated", chat).await;
        let told = frame["chat"].as_object().expect("a chat");
        for field in ["name", "avatarUrl"] {
            assert_eq!(told.contains_key(field), named, "{field}: {frame}");
        }
        assert_eq!(frame["chat"]["name"] == "Ours", named, "{frame}");
        for mine in [anna.chat(chat).await, ben.chat(chat).await] {
            assert!(mine["name"].is_string(), "{mine}");
            assert!(mine.get("avatarUrl").is_some_and(Value::is_null), "{mine}");
        }
    }
}
