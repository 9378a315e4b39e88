//! Who sees what of whom.

use serde_json::{Value, json};

use crate::support::{Person, Server};

async fn set(person: &Person, settings: Value) -> Value {
    person.api.put("/users/me/privacy", settings).await.ok()
}

async fn knows(person: &Person, other: &Person) {
    person
        .api
        .post("/users/contacts/sync", json!({"phones": [other.phone]}))
        .await
        .ok();
}

#[tokio::test]
async fn settings_begin_open_and_keep_what_is_not_named() {
    let server = Server::shared().await;
    let person = server.person().await;
    let mut socket = person.socket().await;
    let open = json!({
        "lastSeen": "everyone", "profilePhoto": "everyone", "about": "everyone",
        "readReceipts": true, "groupAdd": "everyone",
    });
    assert_eq!(person.api.get("/users/me/privacy").await.ok(), open);
    let changed = set(&person, json!({"about": "nobody", "read_receipts": false})).await;
    let expected = json!({
        "lastSeen": "everyone", "profilePhoto": "everyone", "about": "nobody",
        "readReceipts": false, "groupAdd": "everyone",
    });
    assert_eq!(changed, expected);
    assert_eq!(person.api.get("/users/me/privacy").await.ok(), expected);
    let frame = socket.expect_type("me.updated").await;
    assert_eq!(frame["changes"]["privacy"], expected);
    for (body, field) in [
        (json!({"about": "friends"}), "about"),
        (json!({"readReceipts": "no"}), "readReceipts"),
        (json!({"lastSeen": 1}), "lastSeen"),
        (json!({"online": "nobody"}), "online"),
    ] {
        person
            .api
            .put("/users/me/privacy", body)
            .await
            .refused_field(field);
    }
}

/// Each audience against a contact of the owner and a stranger: who gets the field.
#[tokio::test]
async fn about_and_last_seen_go_to_their_audience() {
    let server = Server::shared().await;
    let [owner, friend, stranger] = server.people().await;
    knows(&owner, &friend).await;
    owner
        .api
        .patch("/users/me", json!({"statusText": "here"}))
        .await
        .ok();
    owner.socket().await.leave().await;
    for (audience, friend_sees, stranger_sees) in [
        ("everyone", true, true),
        ("contacts", true, false),
        ("nobody", false, false),
    ] {
        set(&owner, json!({"about": audience, "lastSeen": audience})).await;
        for (viewer, sees) in [(&friend, friend_sees), (&stranger, stranger_sees)] {
            let profile = viewer.api.get(&format!("/users/{}", owner.id)).await.ok();
            assert_eq!(
                profile.get("statusText") == Some(&json!("here")),
                sees,
                "{audience}: {profile}"
            );
            if !sees {
                assert!(profile.get("lastSeen").is_none(), "{audience}: {profile}");
            }
        }
    }
}

#[tokio::test]
async fn who_may_not_see_it_gets_offline() {
    let server = Server::shared().await;
    let [owner, friend, stranger] = server.people().await;
    knows(&owner, &friend).await;
    let _online = owner.socket().await;
    owner.until_online().await;
    for (audience, friend_sees, stranger_sees) in [
        ("everyone", true, true),
        ("contacts", true, false),
        ("nobody", false, false),
    ] {
        set(&owner, json!({"lastSeen": audience})).await;
        for (viewer, sees) in [(&friend, friend_sees), (&stranger, stranger_sees)] {
            let path = format!("/users/{}/presence", owner.id);
            let seen = viewer.api.get(&path).await.ok();
            assert_eq!(seen["userId"], owner.id.as_str());
            assert_eq!(seen["online"], sees, "{audience}: {seen}");
            let mut socket = viewer.socket().await;
            socket
                .send(json!({"type": "presence.subscribe", "userIds": [owner.id]}))
                .await;
            let frame = socket.expect_type("presence.updated").await;
            assert_eq!(frame["online"], sees, "{audience}: {frame}");
        }
    }
}

#[tokio::test]
async fn who_may_not_be_added_is_named_and_no_one_is_added() {
    let server = Server::shared().await;
    let [admin, open, shut, picky] = server.people().await;
    set(&shut, json!({"groupAdd": "nobody"})).await;
    set(&picky, json!({"groupAdd": "contacts"})).await;
    let group = admin.group("ours", &[&open]).await;
    let path = format!("/chats/{group}/participants");
    let another = server.person().await;
    let refusal = admin
        .api
        .post(&path, json!({"userIds": [another.id, shut.id, picky.id]}))
        .await
        .refused(403);
    let named = refusal["errors"].to_string();
    assert!(
        named.contains(&shut.id) && named.contains(&picky.id),
        "{named}"
    );
    assert!(!named.contains(&another.id), "{named}");
    assert_eq!(
        admin.api.get(&path).await.items().len(),
        2,
        "no one was added"
    );
    admin
        .api
        .post(
            "/chats",
            json!({"type": "group", "name": "x", "participantIds": [shut.id, open.id]}),
        )
        .await
        .refused(403);
    knows(&picky, &admin).await;
    admin
        .api
        .post(&path, json!({"userIds": [picky.id]}))
        .await
        .created();
}
