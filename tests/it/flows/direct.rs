//! Direct chats: two people, one chat.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::Server;

#[tokio::test]
async fn the_same_two_people_always_get_the_same_chat() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    anna.api
        .patch("/users/me", json!({"displayName": "Anna"}))
        .await
        .ok();
    ben.api
        .patch("/users/me", json!({"displayName": "Ben"}))
        .await
        .ok();
    let mut of_ben = ben.socket().await;
    let made = anna
        .api
        .post("/chats", json!({"type": "direct", "userId": ben.id}))
        .await
        .created();
    let chat = made["id"].as_str().expect("an id");
    assert_eq!(made["type"], "direct");
    assert_eq!(made["peerId"], ben.id.as_str());
    assert_eq!(made["name"], "Ben");
    assert_eq!(made["participantCount"], 2);
    assert_eq!(made["headRev"], 1, "entry 1 is the creation");
    assert_eq!(made["headSeq"], 0);
    assert_eq!(made["unreadCount"], 0);
    let frame = of_ben.expect_of("chat.created", chat).await;
    assert_eq!(frame["rev"], 1);
    assert_eq!(frame["chat"]["peerId"], anna.id.as_str());
    assert_eq!(frame["chat"]["name"], "Anna", "made for each");
    let again = ben
        .api
        .post("/chats", json!({"type": "direct", "user_id": anna.id}))
        .await
        .ok();
    assert_eq!(again["id"], chat);
    assert_eq!(anna.chat(chat).await, made);
    assert_eq!(anna.api.get("/chats").await.items().len(), 1);
}

#[tokio::test]
async fn every_field_of_a_chat_is_there() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    anna.say(&chat, "hello").await;
    let listed = &ben.api.get("/chats").await.items()[0];
    let item = [
        "id",
        "type",
        "name",
        "avatarUrl",
        "peerId",
        "lastMessage",
        "unreadCount",
        "readSeq",
        "headSeq",
        "headRev",
        "myRole",
        "isMuted",
        "muteUntil",
        "isPinned",
        "autoDeleteTimer",
        "participantCount",
        "createdAt",
        "updatedAt",
    ];
    let whole = ben.chat(&chat).await;
    for field in item {
        assert!(listed.get(field).is_some(), "{field} of {listed}");
        assert!(whole.get(field).is_some(), "{field} of {whole}");
    }
    for field in ["description", "avatarMediaId", "adminOnly", "createdBy"] {
        assert!(whole.get(field).is_some(), "{field} of {whole}");
    }
    assert_eq!(listed["lastMessage"]["payload"]["content"], "hello");
    assert_eq!(listed["unreadCount"], 1);
    assert_eq!(listed["headSeq"], 1);
    assert_eq!(listed["headRev"], 2);
}

#[tokio::test]
async fn twenty_creations_at_once_make_one_chat() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let tries = (0..20).map(|turn| {
        let (from, to) = if turn % 2 == 0 {
            (&anna, &ben)
        } else {
            (&ben, &anna)
        };
        from.api
            .post("/chats", json!({"type": "direct", "userId": to.id}))
    });
    let answers = join_all(tries).await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(created, 1, "{answers:?}");
    let first = &answers[0].body["id"];
    for answer in &answers {
        assert!(answer.status == 200 || answer.status == 201, "{answer:?}");
        assert_eq!(&answer.body["id"], first);
    }
    assert_eq!(ben.api.get("/chats").await.items().len(), 1);
}

#[tokio::test]
async fn a_bad_chat_is_refused() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    for (body, field) in [
        (json!({}), "type"),
        (json!({"type": "channel"}), "type"),
        (json!({"type": "direct"}), "userId"),
        (json!({"type": "direct", "userId": "ben"}), "userId"),
        (json!({"type": "direct", "userId": 5}), "userId"),
        (
            json!({"type": "direct", "userId": ben.id, "role": "admin"}),
            "role",
        ),
    ] {
        anna.api.post("/chats", body).await.refused_field(field);
    }
    let unknown = uuid::Uuid::now_v7().to_string();
    anna.api
        .post("/chats", json!({"type": "direct", "userId": unknown}))
        .await
        .refused(404);
}

#[tokio::test]
async fn an_idempotency_key_gives_the_first_chat_again() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let body = json!({"type": "group", "name": "once", "participantIds": [ben.id]});
    let keyed = anna.api.with_header("idempotency-key", "key-1");
    let first = keyed.post("/chats", body.clone()).await.created();
    let again = keyed.post("/chats", body.clone()).await.ok();
    assert_eq!(again["id"], first["id"]);
    let other = anna.api.with_header("idempotency-key", "key-2");
    let second = other.post("/chats", body.clone()).await.created();
    assert_ne!(second["id"], first["id"]);
    let theirs = ben.api.with_header("idempotency-key", "key-1");
    let third = theirs
        .post(
            "/chats",
            json!({"type": "group", "name": "mine", "participantIds": [anna.id]}),
        )
        .await
        .created();
    assert_ne!(third["id"], first["id"], "per account");
    let long = "k".repeat(65);
    let refused = anna.api.with_header("idempotency-key", &long);
    refused.post("/chats", body).await.refused(422);
}

#[tokio::test]
async fn a_chat_that_has_not_changed_is_not_sent_again() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let path = format!("/chats/{chat}");
    let first = anna.api.get(&path).await;
    let etag = first.header("etag").expect("an ETag").to_owned();
    let known = anna.api.with_header("if-none-match", &etag);
    assert_eq!(known.get(&path).await.status, 304);
    ben.say(&chat, "news").await;
    assert_eq!(known.get(&path).await.ok()["unreadCount"], 1);
}
