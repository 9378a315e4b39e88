//! Media in messages and as pictures of people and groups.

use serde_json::{Value, json};

use crate::support::media::{fetch, film, png};
use crate::support::{Person, Server};

const UNKNOWN: &str = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

fn image(id: &str) -> Value {
    json!({"type": "image", "payload": {"mediaId": id, "caption": "look"}})
}

/// What a payload shows: the picture is there to be had.
async fn shows(payload: &Value, id: &str) {
    assert_eq!(payload["mediaId"], id, "{payload}");
    assert_eq!(payload["caption"], "look", "{payload}");
    assert_eq!(
        (&payload["width"], &payload["height"]),
        (&json!(8), &json!(6)),
        "{payload}"
    );
    for field in ["mediaUrl", "thumbnailUrl"] {
        let url = payload[field]
            .as_str()
            .unwrap_or_else(|| panic!("{field}: {payload}"));
        assert_eq!(fetch(url).await.0, 200, "{url}");
    }
}

#[tokio::test]
async fn every_answer_shows_the_picture() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let id = anna.picture().await;
    let mut socket = ben.socket().await;
    let mut own = anna.socket().await;
    let sent = anna.post_message(&chat, image(&id)).await.created();
    shows(&sent["message"]["payload"], &id).await;
    for socket in [&mut socket, &mut own] {
        let frame = socket.expect_type("message.new").await;
        shows(&frame["message"]["payload"], &id).await;
    }
    let message = sent["messageId"].as_str().unwrap();
    shows(&ben.history(&chat).await[0]["payload"], &id).await;
    shows(&ben.message(message).await["payload"], &id).await;
    shows(&ben.chat(&chat).await["lastMessage"]["payload"], &id).await;
    let synced = ben.sync(json!({"chats": {}, "me": 0})).await;
    shows(&synced["chats"][0]["messages"][0]["payload"], &id).await;

    let frame = json!({"type": "message.send", "id": "1", "chatId": chat, "message": image(&id)});
    own.send(frame).await;
    shows(&own.expect_type("ack").await["message"]["payload"], &id).await;
}

#[tokio::test]
async fn a_repeat_is_one_whatever_the_addresses_are() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let id = anna.picture().await;
    let mut message = image(&id);
    message["clientMessageId"] = json!("once");
    let first = anna.post_message(&chat, message.clone()).await.created();
    let again = anna.post_message(&chat, message).await.ok();
    assert_eq!(again["messageId"], first["messageId"]);
    shows(&again["message"]["payload"], &id).await;
}

#[tokio::test]
async fn only_what_one_has_can_be_sent() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let (with_ben, with_cleo) = (anna.direct(&ben).await, ben.direct(&cleo).await);
    let id = anna.picture().await;
    ben.post_message(&with_cleo, image(&id)).await.refused(404);
    anna.post_message(&with_ben, image(UNKNOWN))
        .await
        .refused(404);
    let wrong = json!({"type": "video", "payload": {"mediaId": id}});
    anna.post_message(&with_ben, wrong)
        .await
        .refused_field("payload.mediaId");
    let document = json!({"type": "document", "payload": {"mediaId": id}});
    anna.post_message(&with_ben, document)
        .await
        .refused_field("payload.mediaId");

    let sent = anna.post_message(&with_ben, image(&id)).await.created();
    ben.post_message(&with_cleo, image(&id)).await.created();
    shows(&cleo.history(&with_cleo).await[0]["payload"], &id).await;
    cleo.api.get(&format!("/media/{id}")).await.ok();
    anna.api.delete(&format!("/media/{id}")).await.refused(409);

    // Deleted for everyone, it is Ben's no longer by that message, but Cleo still has hers.
    let message = sent["messageId"].as_str().unwrap();
    let gone = format!("/messages/{message}?scope=everyone");
    anna.api.delete(&gone).await.no_content();
    assert_eq!(ben.history(&with_ben).await[0]["payload"], json!({}));
    ben.api.get(&format!("/media/{id}")).await.ok();
}

#[tokio::test]
async fn who_comes_later_or_has_gone_sees_what_is_his() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Trip", &[&ben]).await;
    let (before, after) = (anna.picture().await, anna.picture().await);
    anna.post_message(&group, image(&before)).await.created();
    let add = json!({"userIds": [cleo.id]});
    anna.api
        .post(&format!("/chats/{group}/participants"), add)
        .await
        .created();
    ben.api
        .post_empty(&format!("/chats/{group}/leave"))
        .await
        .no_content();
    anna.post_message(&group, image(&after)).await.created();
    let status =
        async |person: &Person, id: &str| person.api.get(&format!("/media/{id}")).await.status;
    assert_eq!(status(&ben, &before).await, 200);
    assert_eq!(status(&ben, &after).await, 404);
    assert_eq!(status(&cleo, &before).await, 404);
    assert_eq!(status(&cleo, &after).await, 200);
}

#[tokio::test]
async fn other_types_show_what_they_have() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let made = anna.upload("video", "a.mp4", &film(false)).await;
    let video = json!({"type": "video", "payload": {"mediaId": made["mediaId"]}});
    let sent = anna.post_message(&chat, video).await.created();
    let payload = &sent["message"]["payload"];
    assert_eq!(
        (&payload["durationMs"], &payload["width"]),
        (&json!(2000), &json!(64))
    );

    let made = anna
        .upload("document", "plan.pdf", b"%PDF-1.7 and so on")
        .await;
    let document = json!({"type": "document", "payload": {"mediaId": made["mediaId"]}});
    let sent = anna.post_message(&chat, document.clone()).await.created();
    let payload = &sent["message"]["payload"];
    assert_eq!(
        (&payload["fileName"], &payload["fileSize"]),
        (&json!("plan.pdf"), &json!(18))
    );
    let mut named = document;
    named["payload"]["fileName"] = json!("Our plan.pdf");
    let sent = anna.post_message(&chat, named).await.created();
    assert_eq!(sent["message"]["payload"]["fileName"], "Our plan.pdf");
}

#[tokio::test]
async fn people_have_pictures() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let id = anna.picture().await;
    let mine = anna
        .api
        .patch("/users/me", json!({"avatarMediaId": id}))
        .await
        .ok();
    assert_eq!(
        fetch(mine["avatarUrl"].as_str().unwrap()).await.2,
        png(8, 6)
    );
    let chat = anna.direct(&ben).await;
    let group = anna.group("Trip", &[&ben]).await;
    let people = ben
        .api
        .get(&format!("/chats/{group}/participants"))
        .await
        .items();
    let profile = ben.api.get(&format!("/users/{}", anna.id)).await.ok();
    let of_anna = people
        .iter()
        .find(|one| one["userId"] == anna.id.as_str())
        .unwrap();
    for shown in [&profile, &ben.chat(&chat).await, of_anna] {
        let url = shown["avatarUrl"]
            .as_str()
            .unwrap_or_else(|| panic!("{shown}"));
        assert_eq!(fetch(url).await.0, 200);
    }
    ben.api.get(&format!("/media/{id}")).await.ok();
    anna.api.delete(&format!("/media/{id}")).await.refused(409);

    anna.api
        .put("/users/me/privacy", json!({"profilePhoto": "nobody"}))
        .await
        .ok();
    let profile = ben.api.get(&format!("/users/{}", anna.id)).await.ok();
    assert_eq!(profile["avatarUrl"], Value::Null);
    assert_eq!(ben.chat(&chat).await["avatarUrl"], Value::Null);
    ben.api.get(&format!("/media/{id}")).await.refused(404);

    // Of one's own, and a picture.
    let sound = anna.upload("document", "a.txt", b"hi").await;
    for (id, field) in [
        (sound["mediaId"].clone(), true),
        (json!(ben.picture().await), false),
    ] {
        let patch = json!({ "avatarMediaId": id });
        let refused = anna.api.patch("/users/me", patch).await;
        match field {
            true => refused.refused_field("avatarMediaId"),
            false => drop(refused.refused(404)),
        }
    }
}

#[tokio::test]
async fn groups_have_pictures() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Trip", &[&ben]).await;
    let face = anna.picture().await;
    let mut socket = ben.socket().await;
    let patch = json!({"avatarMediaId": face});
    let changed = anna.api.patch(&format!("/chats/{group}"), patch).await.ok();
    assert_eq!(changed["avatarMediaId"], face.as_str());
    assert_eq!(fetch(changed["avatarUrl"].as_str().unwrap()).await.0, 200);
    let frame = socket.expect_type("chat.updated").await;
    assert_eq!(
        fetch(frame["chat"]["avatarUrl"].as_str().unwrap()).await.0,
        200
    );
    ben.api.get(&format!("/media/{face}")).await.ok();
    cleo.api.get(&format!("/media/{face}")).await.refused(404);

    let foreign = ben.picture().await;
    let patch = json!({"avatarMediaId": foreign});
    anna.api
        .patch(&format!("/chats/{group}"), patch)
        .await
        .refused(404);
    let with =
        json!({"type": "group", "name": "x", "participantIds": [ben.id], "avatarMediaId": face});
    let made = anna.api.post("/chats", with).await.created();
    assert_eq!(made["avatarMediaId"], face.as_str());
}

#[tokio::test]
async fn addresses_are_where_the_client_found_the_server() {
    let server = Server::options().embedded().unlimited().start().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let id = anna.picture().await;
    anna.post_message(&chat, image(&id)).await.created();
    let there = ben.api.with_header("host", "10.0.2.2:8080");
    let page = there.get(&format!("/chats/{chat}/messages")).await.ok();
    let url = page["items"][0]["payload"]["mediaUrl"].as_str().unwrap();
    assert!(url.starts_with("http://10.0.2.2:8080/files/"), "{url}");
    let moved = there.get(&format!("/media/{id}/content")).await;
    let place = moved.header("location").unwrap();
    assert!(place.starts_with("http://10.0.2.2:8080/files/"), "{place}");
    let odd = ben.api.with_header("host", "a\"b");
    let page = odd.get(&format!("/chats/{chat}/messages")).await;
    assert!(!page.text.contains(".invalid/"), "{}", page.text);
}

#[tokio::test]
async fn what_nothing_refers_to_is_swept() {
    let server = Server::options()
        .embedded()
        .unlimited()
        .setting("MEDIA__ORPHAN_GRACE", "1h")
        .setting("MEDIA__UPLOAD_TIMEOUT", "1m")
        .start()
        .await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let (kept, lost) = (anna.picture().await, anna.picture().await);
    anna.post_message(&chat, image(&kept)).await.created();
    // Two hours from now.
    let stores = open(&server);
    let later = troupe::clock::Clock::System.now() + std::time::Duration::from_secs(7200);
    let grace = std::time::Duration::from_secs(3600);
    let swept = troupe::actors::media::sweep::sweep_orphans(&stores, later, grace).await;
    let swept = swept.expect("swept");
    assert_eq!((swept.looked_at, swept.removed, swept.failed), (2, 1, 0));
    anna.api.get(&format!("/media/{kept}")).await.ok();
    anna.api.get(&format!("/media/{lost}")).await.refused(404);
}

fn open(server: &Server) -> troupe::storage::Stores {
    let clock = troupe::clock::Clock::System;
    crate::actors::stage::open_stores(&server.data_path(), clock, true)
}
