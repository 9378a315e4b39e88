//! Groups: what they are, who may change them.

use serde_json::{Value, json};

use crate::support::{Person, Server};

async fn role_of(viewer: &Person, group: &str, of: &Person) -> Value {
    viewer
        .api
        .get(&format!("/chats/{group}/participants"))
        .await
        .items()
        .iter()
        .find(|item| item["userId"] == of.id.as_str())
        .map_or(Value::Null, |item| item["role"].clone())
}

#[tokio::test]
async fn a_group_is_made_for_all_its_members() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let mut of_ben = ben.socket().await;
    let made = anna
        .api
        .post(
            "/chats",
            json!({"type": "group", "name": "Sailing", "description": "at sea",
                   "participantIds": [ben.id, cleo.id], "adminOnly": false}),
        )
        .await
        .created();
    let group = made["id"].as_str().expect("an id");
    for (field, value) in [
        ("type", json!("group")),
        ("name", json!("Sailing")),
        ("description", json!("at sea")),
        ("participantCount", json!(3)),
        ("myRole", json!("admin")),
        ("createdBy", json!(anna.id)),
        ("adminOnly", json!(false)),
        ("peerId", Value::Null),
        ("headSeq", json!(0)),
        ("headRev", json!(1)),
        ("lastMessage", Value::Null),
    ] {
        assert_eq!(made[field], value, "{field} of {made}");
    }
    let frame = of_ben.expect_of("chat.created", group).await;
    assert_eq!(frame["chat"]["name"], "Sailing");
    assert_eq!(frame["chat"]["myRole"], "member");
    let members = cleo
        .api
        .get(&format!("/chats/{group}/participants"))
        .await
        .items();
    assert_eq!(members.len(), 3);
    for member in &members {
        for field in ["userId", "displayName", "avatarUrl", "role", "joinedAt"] {
            assert!(member.get(field).is_some(), "{field} of {member}");
        }
    }
    assert_eq!(role_of(&cleo, group, &anna).await, "admin");
    assert_eq!(role_of(&cleo, group, &ben).await, "member");
}

#[tokio::test]
async fn a_group_has_two_to_256_members_and_a_name() {
    let server = Server::shared().await;
    let anna = server.person().await;
    let crowd = server.crowd(257).await;
    let ids: Vec<&str> = crowd.iter().map(|person| person.id.as_str()).collect();
    let body = |ids: &[&str]| json!({"type": "group", "name": "x", "participantIds": ids});
    anna.api
        .post("/chats", body(&ids[..256]))
        .await
        .refused_field("participantIds");
    anna.api
        .post("/chats", body(&[]))
        .await
        .refused_field("participantIds");
    let made = anna.api.post("/chats", body(&ids[..255])).await.created();
    assert_eq!(made["participantCount"], 256);
    let group = made["id"].as_str().expect("an id");
    anna.api
        .post(
            &format!("/chats/{group}/participants"),
            json!({"userIds": [ids[255]]}),
        )
        .await
        .refused_field("userIds");
    let members = format!("/chats/{group}/participants?limit=200");
    let page = anna.api.get(&members).await.ok();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(200));
    let cursor = page["nextCursor"].as_str().expect("a second page");
    let rest = anna.api.get(&format!("{members}&cursor={cursor}")).await;
    assert_eq!(rest.items().len(), 56);
}

#[tokio::test]
async fn group_fields_have_limits() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let with = |name: Value, more: (&str, Value)| {
        let mut body = json!({"type": "group", "name": name, "participantIds": [ben.id]});
        body[more.0] = more.1;
        body
    };
    let none = ("type", json!("group"));
    for (body, field) in [
        (json!({"type": "group", "participantIds": [ben.id]}), "name"),
        (json!({"type": "group", "name": "x"}), "participantIds"),
        (with(json!(""), none.clone()), "name"),
        (with(json!("x".repeat(101)), none.clone()), "name"),
        (with(json!(5), none.clone()), "name"),
        (
            with(json!("x"), ("participantIds", json!(["ben"]))),
            "participantIds",
        ),
        (
            with(json!("x"), ("participantIds", json!("ben"))),
            "participantIds",
        ),
        (
            with(json!("x"), ("description", json!("x".repeat(100_000)))),
            "description",
        ),
        (with(json!("x"), ("adminOnly", json!("yes"))), "adminOnly"),
        (
            with(json!("x"), ("avatarMediaId", json!("http://x/y.png"))),
            "avatarMediaId",
        ),
        (with(json!("x"), ("createdBy", json!(ben.id))), "createdBy"),
    ] {
        anna.api.post("/chats", body).await.refused_field(field);
    }
    let unknown = uuid::Uuid::now_v7().to_string();
    anna.api
        .post(
            "/chats",
            with(json!("x"), ("participantIds", json!([unknown]))),
        )
        .await
        .refused(404);
    anna.api
        .post(
            "/chats",
            with(json!("x"), ("avatarMediaId", json!(unknown))),
        )
        .await
        .refused(404);
    anna.api
        .post("/chats", with(json!("é".repeat(100)), none))
        .await
        .created();
}

#[tokio::test]
async fn admins_change_the_group_and_everyone_is_told_once() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let group = anna.group("Old", &[&ben]).await;
    let path = format!("/chats/{group}");
    let mut of_ben = ben.socket().await;
    ben.api
        .patch(&path, json!({"name": "Mine"}))
        .await
        .refused(403);
    let changed = anna
        .api
        .patch(
            &path,
            json!({"name": "New", "description": "d", "admin_only": true}),
        )
        .await
        .ok();
    assert_eq!(changed["name"], "New");
    assert_eq!(changed["description"], "d");
    assert_eq!(changed["adminOnly"], true);
    assert_eq!(changed["headRev"], 2, "one change is one entry");
    let frame = of_ben.expect_of("chat.updated", &group).await;
    assert_eq!(frame["rev"], 2);
    assert_eq!(frame["seq"], 1);
    assert_eq!(frame["chat"]["name"], "New");
    assert!(
        frame["chat"].get("isMuted").is_none(),
        "nothing personal: {frame}"
    );
    let message = &frame["message"];
    assert_eq!(message["type"], "system");
    assert_eq!(message["payload"]["event"], "chat_changed");
    assert_eq!(message["payload"]["actorId"], anna.id.as_str());
    let again = anna.api.patch(&path, json!({"name": "New"})).await.ok();
    assert_eq!(again["headRev"], 2, "done again changes nothing");
    of_ben.settle().await;
    assert!(of_ben.seen("message.new").is_empty(), "{:?}", of_ben.log());
    ben.api.get(&path).await.ok();
    let listed = &ben.api.get("/chats").await.items()[0];
    assert_eq!(listed["unreadCount"], 0, "system messages are not unread");
    for (body, field) in [
        (json!({"name": ""}), "name"),
        (json!({"name": "x".repeat(101)}), "name"),
        (json!({"type": "direct"}), "type"),
        (json!({"adminOnly": 1}), "adminOnly"),
    ] {
        anna.api.patch(&path, body).await.refused_field(field);
    }
}

#[tokio::test]
async fn where_only_admins_send_a_member_is_refused() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let group = anna.group("News", &[&ben]).await;
    anna.api
        .patch(&format!("/chats/{group}"), json!({"adminOnly": true}))
        .await
        .ok();
    ben.post_message(&group, json!({"type": "text", "content": "may I"}))
        .await
        .refused(403);
    let mut of_ben = ben.socket().await;
    let refusal = of_ben
        .ask(json!({"type": "message.send", "chatId": group,
                    "message": {"type": "text", "content": "may I"}}))
        .await;
    assert_eq!(refusal["code"], "forbidden", "{refusal}");
    anna.say(&group, "news").await;
    let member = format!("/chats/{group}/participants/{}", ben.id);
    anna.api.patch(&member, json!({"role": "admin"})).await.ok();
    ben.say(&group, "thanks").await;
}

#[tokio::test]
async fn roles_are_given_by_admins_alone() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Ours", &[&ben, &cleo]).await;
    let path = |of: &Person| format!("/chats/{group}/participants/{}", of.id);
    let admin = json!({"role": "admin"});
    ben.api.patch(&path(&ben), admin.clone()).await.refused(403);
    let mut of_cleo = cleo.socket().await;
    anna.api.patch(&path(&ben), admin.clone()).await.ok();
    assert_eq!(role_of(&cleo, &group, &ben).await, "admin");
    let frame = of_cleo.expect_of("chat.updated", &group).await;
    assert_eq!(frame["message"]["payload"]["event"], "role_changed");
    let rev = anna.chat(&group).await["headRev"].clone();
    anna.api.patch(&path(&ben), admin.clone()).await.ok();
    assert_eq!(
        anna.chat(&group).await["headRev"],
        rev,
        "the same role again"
    );
    ben.api
        .patch(&path(&anna), json!({"role": "member"}))
        .await
        .ok();
    anna.api.patch(&path(&cleo), admin).await.refused(403);
    for (body, field) in [
        (json!({"role": "owner"}), "role"),
        (json!({}), "role"),
        (json!({"role": "admin", "joinedAt": "x"}), "joinedAt"),
    ] {
        ben.api.patch(&path(&cleo), body).await.refused_field(field);
    }
}

#[tokio::test]
async fn the_longest_standing_member_follows_the_last_admin() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Ours", &[&ben]).await;
    anna.api
        .post(
            &format!("/chats/{group}/participants"),
            json!({"userIds": [cleo.id]}),
        )
        .await
        .created();
    let mut of_cleo = cleo.socket().await;
    let leave = format!("/chats/{group}/leave");
    anna.api.post_empty(&leave).await.no_content();
    let frame = of_cleo.expect_of("group.member.removed", &group).await;
    assert_eq!(frame["userIds"], json!([anna.id]));
    let payload = &frame["message"]["payload"];
    assert_eq!(payload["event"], "member_left");
    assert_eq!(payload["newAdminId"], ben.id.as_str());
    assert_eq!(role_of(&cleo, &group, &ben).await, "admin");
    assert_eq!(role_of(&cleo, &group, &cleo).await, "member");
    ben.api.post_empty(&leave).await.no_content();
    assert_eq!(role_of(&cleo, &group, &cleo).await, "admin");
    cleo.api.post_empty(&leave).await.no_content();
    assert!(cleo.api.get("/chats").await.items().is_empty());
}

#[tokio::test]
async fn a_direct_chat_is_no_group() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let chat = anna.direct(&ben).await;
    let participants = format!("/chats/{chat}/participants");
    assert_eq!(anna.api.get(&participants).await.items().len(), 2);
    let refusals = [
        anna.api
            .patch(&format!("/chats/{chat}"), json!({"name": "x"}))
            .await,
        anna.api
            .post(&participants, json!({"userIds": [cleo.id]}))
            .await,
        anna.api.delete(&format!("{participants}/{}", ben.id)).await,
        anna.api
            .patch(
                &format!("{participants}/{}", ben.id),
                json!({"role": "admin"}),
            )
            .await,
        anna.api.post_empty(&format!("/chats/{chat}/leave")).await,
    ];
    for refusal in refusals {
        assert!((400..500).contains(&refusal.status), "{refusal:?}");
        let status = refusal.status;
        refusal.refused(status);
    }
    assert_eq!(anna.api.get(&participants).await.items().len(), 2);
    assert_eq!(anna.chat(&chat).await["headRev"], 1);
}
