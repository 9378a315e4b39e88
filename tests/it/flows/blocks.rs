//! B blocks A.

use serde_json::json;

use crate::support::Server;

fn path(of: &str) -> String {
    format!("/users/contacts/{of}/block")
}

#[tokio::test]
async fn in_a_direct_chat_neither_side_can_send_until_it_is_lifted() {
    let server = Server::shared().await;
    let [a, b] = server.people().await;
    let chat = a.direct(&b).await;
    let before = a.say(&chat, "before").await;
    let (mut of_a, mut of_b) = (a.socket().await, b.socket().await);
    b.api.put_empty(&path(&a.id)).await.ok();
    let blocked = b.api.get("/users/blocked").await.items();
    assert_eq!(blocked[0]["userId"], a.id.as_str());
    for person in [&a, &b] {
        person
            .post_message(&chat, json!({"type": "text", "content": "no"}))
            .await
            .refused(403);
    }
    // Nor by other ways; what was said, one may take back.
    let said = format!("/messages/{}", before["messageId"].as_str().expect("an id"));
    let edited = json!({"content": "no"});
    a.api.patch(&said, edited).await.refused(403);
    let again = json!({"content": "before"});
    a.api.patch(&said, again).await.ok();
    let timer = format!("/chats/{chat}/auto-delete");
    for person in [&a, &b] {
        let seconds = json!({"seconds": 60});
        person.api.put(&timer, seconds).await.refused(403);
    }
    assert_eq!(a.history(&chat).await.len(), 1);
    a.api
        .delete(&format!("{said}?scope=everyone"))
        .await
        .no_content();
    for socket in [&mut of_a, &mut of_b] {
        let refusal = socket
            .ask(json!({"type": "message.send", "chatId": chat, "message": {"type": "text", "content": "no"}}))
            .await;
        assert_eq!(refusal["code"], "forbidden", "{refusal}");
    }
    let seen = of_b.expect_type("me.updated").await;
    assert_eq!(seen["changes"]["blocked"], json!([a.id]));
    b.api.delete(&path(&a.id)).await.no_content();
    assert!(b.api.get("/users/blocked").await.items().is_empty());
    a.say(&chat, "after").await;
    b.say(&chat, "and back").await;
}

#[tokio::test]
async fn the_blocked_one_starts_nothing_with_who_blocked() {
    let server = Server::shared().await;
    let [a, b, c] = server.people().await;
    let group = a.group("ours", &[&c]).await;
    b.api.put_empty(&path(&a.id)).await.ok();
    a.api
        .post("/chats", json!({"type": "direct", "userId": b.id}))
        .await
        .refused(403);
    a.api
        .post(
            "/chats",
            json!({"type": "group", "name": "x", "participantIds": [b.id, c.id]}),
        )
        .await
        .refused(403);
    a.api
        .post(
            &format!("/chats/{group}/participants"),
            json!({"userIds": [b.id]}),
        )
        .await
        .refused(403);
    assert!(b.api.get("/chats").await.items().is_empty());
}

#[tokio::test]
async fn the_blocked_one_sees_nobodys_presence_and_no_typing() {
    let server = Server::shared().await;
    let [a, b] = server.people().await;
    let chat = a.direct(&b).await;
    b.api.put_empty(&path(&a.id)).await.ok();
    let mut of_b = b.socket().await;
    let mut of_a = a.socket().await;
    of_a.send(json!({"type": "presence.subscribe", "userIds": [b.id]}))
        .await;
    let seen = of_a.expect_type("presence.updated").await;
    assert_eq!(seen["online"], false, "{seen}");
    assert!(seen.get("lastSeen").is_none(), "{seen}");
    let asked = a.api.get(&format!("/users/{}/presence", b.id)).await.ok();
    assert_eq!(asked["online"], false);
    of_a.send(json!({"type": "typing.start", "chatId": chat}))
        .await;
    of_a.settle().await;
    b.api
        .patch("/users/me", json!({"displayName": "Mark"}))
        .await
        .ok();
    of_b.expect("the mark", |frame| {
        frame["changes"]["user"]["displayName"] == "Mark"
    })
    .await;
    assert!(of_b.seen("typing.start").is_empty(), "{:?}", of_b.log());
}

#[tokio::test]
async fn a_group_they_share_goes_on() {
    let server = Server::shared().await;
    let [a, b, c] = server.people().await;
    let group = c.group("shared", &[&a, &b]).await;
    b.api.put_empty(&path(&a.id)).await.ok();
    a.say(&group, "to all").await;
    b.say(&group, "to all too").await;
    assert_eq!(b.history(&group).await.len(), 2);
    assert_eq!(a.history(&group).await.len(), 2);
}

#[tokio::test]
async fn blocking_twice_is_blocking_once() {
    let server = Server::shared().await;
    let [a, b] = server.people().await;
    let first = b.api.put_empty(&path(&a.id)).await.ok();
    let rev = b.my_rev().await;
    assert_eq!(b.api.put_empty(&path(&a.id)).await.ok(), first);
    assert_eq!(b.my_rev().await, rev, "nothing changed");
    b.api.delete(&path(&a.id)).await.no_content();
    b.api.delete(&path(&a.id)).await.no_content();
    let unknown = uuid::Uuid::now_v7().to_string();
    b.api.put_empty(&path(&unknown)).await.refused(404);
    b.api.put_empty(&path("nobody")).await.refused(404);
}
