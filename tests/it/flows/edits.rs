//! Editing, and deleting for everyone.

use serde_json::json;

use crate::support::Server;

#[tokio::test]
async fn an_edit_reaches_everyone_with_a_rev_of_its_own() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let sent = anna.say(&chat, "helo").await;
    anna.say(&chat, "later").await;
    let id = sent["messageId"].as_str().expect("an id");
    let path = format!("/messages/{id}");
    let (mut of_anna, mut of_ben) = (anna.socket().await, ben.socket().await);
    let edited = anna
        .api
        .patch(&path, json!({"content": "hello"}))
        .await
        .ok();
    assert_eq!(edited["payload"]["content"], "hello");
    assert_eq!(edited["seq"], 1);
    assert_eq!(edited["rev"], 4);
    assert!(edited["editedAt"].is_string());
    assert_eq!(edited["createdAt"], sent["createdAt"]);
    for socket in [&mut of_anna, &mut of_ben] {
        let frame = socket.expect_of("message.updated", &chat).await;
        assert_eq!(frame["seq"], 1);
        assert_eq!(frame["rev"], 4);
        assert_eq!(frame["message"]["payload"]["content"], "hello");
        assert_eq!(frame["message"]["editedAt"], edited["editedAt"]);
    }
    assert_eq!(ben.message(id).await["payload"]["content"], "hello");
    let again = anna
        .api
        .patch(&path, json!({"content": "hello"}))
        .await
        .ok();
    assert_eq!(again["rev"], 4, "done again it changes nothing");
    assert_eq!(anna.chat(&chat).await["headRev"], 4);
}

#[tokio::test]
async fn only_own_text_is_edited() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let chat = anna.direct(&ben).await;
    let sent = anna.say(&chat, "mine").await;
    let path = format!("/messages/{}", sent["messageId"].as_str().expect("an id"));
    let change = json!({"content": "changed"});
    ben.api.patch(&path, change.clone()).await.refused(403);
    cleo.api.patch(&path, change.clone()).await.refused(404);
    for (body, field) in [
        (json!({}), "content"),
        (json!({"content": ""}), "content"),
        (json!({"content": "x".repeat(4097)}), "content"),
        (json!({"content": 5}), "content"),
        (json!({"content": "x", "payload": {}}), "payload"),
    ] {
        anna.api.patch(&path, body).await.refused_field(field);
    }
    let place = anna
        .post_message(
            &chat,
            json!({"type": "location", "payload": {"latitude": 1.0, "longitude": 2.0}}),
        )
        .await
        .created();
    let place = place["messageId"].as_str().expect("an id");
    anna.api
        .patch(&format!("/messages/{place}"), change.clone())
        .await
        .refused(403);
    let unknown = uuid::Uuid::now_v7();
    for id in [unknown.to_string(), "first".to_owned()] {
        anna.api
            .patch(&format!("/messages/{id}"), change.clone())
            .await
            .refused(404);
    }
    let group = anna.group("Ours", &[&ben]).await;
    anna.api
        .patch(&format!("/chats/{group}"), json!({"name": "New"}))
        .await
        .ok();
    let system = anna.history(&group).await[0]["id"].clone();
    anna.api
        .patch(
            &format!("/messages/{}", system.as_str().expect("an id")),
            change,
        )
        .await
        .refused(403);
}

#[tokio::test]
async fn a_deletion_for_everyone_leaves_a_tombstone_in_every_list() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let sent = anna.say(&chat, "regretted").await;
    let id = sent["messageId"].as_str().expect("an id");
    anna.api
        .patch(
            &format!("/messages/{id}"),
            json!({"content": "regretted more"}),
        )
        .await
        .ok();
    let path = format!("/messages/{id}?scope=everyone");
    let (mut of_anna, mut of_ben) = (anna.socket().await, ben.socket().await);
    ben.api.delete(&path).await.refused(403);
    anna.api.delete(&path).await.no_content();
    for socket in [&mut of_anna, &mut of_ben] {
        let frame = socket.expect_of("message.deleted", &chat).await;
        assert_eq!(frame["seq"], 1);
        assert_eq!(frame["rev"], 4);
        assert_eq!(frame["message"]["isDeleted"], true);
        assert_eq!(frame["message"]["payload"], json!({}));
    }
    let listed = &ben.history(&chat).await[0];
    let single = ben.message(id).await;
    let synced = ben.sync(json!({"chats": {&chat: 2}, "me": 0})).await;
    let last = ben.api.get("/chats").await.items()[0]["lastMessage"].clone();
    for tombstone in [listed, &single, &synced["chats"][0]["messages"][0], &last] {
        assert_eq!(tombstone["id"], id, "{tombstone}");
        assert_eq!(tombstone["isDeleted"], true, "{tombstone}");
        assert_eq!(tombstone["payload"], json!({}), "{tombstone}");
        assert_eq!(tombstone["seq"], 1);
        assert_eq!(tombstone["rev"], 4);
    }
    anna.api.delete(&path).await.no_content();
    assert_eq!(anna.chat(&chat).await["headRev"], 4);
    let edit = anna
        .api
        .patch(&format!("/messages/{id}"), json!({"content": "back"}))
        .await;
    assert!((400..500).contains(&edit.status), "{edit:?}");
    assert_eq!(anna.message(id).await["isDeleted"], true);
}

#[tokio::test]
async fn in_a_group_admins_delete_what_others_said() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Ours", &[&ben, &cleo]).await;
    let sent = ben.say(&group, "rude").await;
    let path = format!(
        "/messages/{}?scope=everyone",
        sent["messageId"].as_str().expect("an id")
    );
    cleo.api.delete(&path).await.refused(403);
    anna.api.delete(&path).await.no_content();
    assert_eq!(cleo.history(&group).await[0]["isDeleted"], true);
}

#[tokio::test]
async fn a_deletion_says_its_scope() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let chat = anna.direct(&ben).await;
    let sent = anna.say(&chat, "here").await;
    let path = format!("/messages/{}", sent["messageId"].as_str().expect("an id"));
    anna.api.delete(&path).await.refused_field("scope");
    anna.api
        .delete(&format!("{path}?scope=all"))
        .await
        .refused_field("scope");
    for scope in ["me", "everyone"] {
        cleo.api
            .delete(&format!("{path}?scope={scope}"))
            .await
            .refused(404);
    }
    assert_eq!(anna.history(&chat).await[0]["isDeleted"], false);
}

/// A client that repeats what it was not answered may come late.
#[tokio::test]
async fn what_was_done_in_time_is_done_again_at_any_time() {
    let server = Server::options().unlimited().embedded().start().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut paths = Vec::new();
    for text in ["edited", "deleted", "late"] {
        let sent = anna.say(&chat, text).await;
        paths.push(format!(
            "/messages/{}",
            sent["messageId"].as_str().expect("an id")
        ));
    }
    let [edited, deleted, late] = &paths[..] else {
        panic!("three");
    };
    let change = json!({"content": "as it is to be"});
    anna.api.patch(edited, change.clone()).await.ok();
    let everyone = |path: &str| format!("{path}?scope=everyone");
    anna.api.delete(&everyone(deleted)).await.no_content();

    for _ in 0..3 {
        let day = json!({"advanceSeconds": 86_400});
        server.admin().post("/admin/faults", day).await.ok();
    }
    let tokens = json!({"refreshToken": anna.refresh_token});
    let tokens = server.api().post("/auth/refresh", tokens).await.ok();
    let token = tokens["accessToken"].as_str().expect("a token");
    let api = server.api().with_token(token);
    let again = api.patch(edited, change).await.ok();
    assert_eq!(again["payload"]["content"], "as it is to be");
    api.delete(&everyone(deleted)).await.no_content();
    let other = json!({"content": "too late"});
    api.patch(edited, other.clone()).await.refused(403);
    api.patch(deleted, other).await.refused(403);
    api.delete(&everyone(late)).await.refused(403);
}
