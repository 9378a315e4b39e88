//! Catching up: over REST and WebSocket alike.

use serde_json::{Value, json};

use crate::support::{Person, Server};

fn revs(chat: &Value) -> Vec<u64> {
    chat["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|message| message["rev"].as_u64().expect("a rev"))
        .collect()
}

/// Many messages, quickly.
async fn fill(person: &Person, chat: &str, count: usize) {
    let mut socket = person.socket().await;
    for part in 0..count.div_ceil(50) {
        let size = 50.min(count - part * 50);
        for number in 0..size {
            let content = format!("{part}/{number}");
            socket
                .send(json!({
                    "type": "message.send", "id": content, "chatId": chat,
                    "message": {"type": "text", "content": content},
                }))
                .await;
        }
        for _ in 0..size {
            let ack = socket
                .expect("an ack", |frame| frame["id"].is_string())
                .await;
            assert_eq!(ack["type"], "ack", "{ack}");
        }
    }
}

/// The same question over the socket, put together as REST answers it.
async fn by_socket(person: &Person, chats: &Value, me: &Value) -> Value {
    let mut socket = person.socket().await;
    socket
        .send(json!({"type": "sync", "id": "s", "chats": chats, "me": me}))
        .await;
    let mut answered = Vec::new();
    loop {
        let frame = socket.expect("sync", |frame| frame["id"] == "s").await;
        if frame["type"] == "sync.done" {
            return json!({"chats": answered, "left": frame["left"], "me": frame["me"], "acks": frame["acks"]});
        }
        assert_eq!(frame["type"], "sync.chat", "{frame}");
        answered.push(frame);
    }
}

#[tokio::test]
async fn a_cold_start_gets_everything_there_is() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let group = ben.group("Ours", &[&anna]).await;
    fill(&anna, &chat, 60).await;
    let synced = anna.sync(json!({"chats": {}, "me": 0})).await;
    for field in ["chats", "left", "me", "acks", "more", "serverTime"] {
        assert!(synced.get(field).is_some(), "{field} of {synced}");
    }
    let chats = synced["chats"].as_array().expect("chats");
    assert_eq!(chats.len(), 2);
    assert_eq!(chats[0]["chatId"], chat.as_str(), "newest activity first");
    assert_eq!(chats[0]["reset"], true);
    assert_eq!(chats[0]["headSeq"], 60);
    assert_eq!(chats[0]["headRev"], 61);
    assert_eq!(chats[0]["rev"], 61);
    assert_eq!(chats[0]["more"], false);
    assert_eq!(
        revs(&chats[0]),
        (12..=61).collect::<Vec<_>>(),
        "the newest 50, by rev"
    );
    assert_eq!(chats[0]["meta"]["id"], chat.as_str());
    assert_eq!(chats[1]["chatId"], group.as_str());
    assert_eq!(chats[1]["meta"]["name"], "Ours");
    assert_eq!(chats[1]["rev"], 1);
    assert_eq!(synced["more"], false);
    assert_eq!(synced["left"], json!([]));
    let wired = by_socket(&anna, &json!({}), &json!(0)).await;
    for (mine, theirs) in wired["chats"].as_array().expect("chats").iter().zip(chats) {
        for field in [
            "chatId", "reset", "rev", "messages", "receipts", "headSeq", "headRev", "more",
        ] {
            assert_eq!(mine[field], theirs[field], "{field}");
        }
    }
    assert_eq!(wired["me"], synced["me"]);
}

#[tokio::test]
async fn a_gap_is_filled_with_the_latest_state_of_what_changed() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let first = ben.say(&chat, "first").await;
    ben.say(&chat, "second").await;
    let known = anna.sync(json!({"chats": {}, "me": 0})).await;
    let at = json!({&chat: known["chats"][0]["rev"]});
    let me = known["me"]["rev"].clone();
    let unchanged = anna.sync(json!({"chats": at, "me": me})).await;
    assert_eq!(
        unchanged["chats"],
        json!([]),
        "unchanged chats are left out"
    );
    ben.say(&chat, "third").await;
    let path = format!("/messages/{}", first["messageId"].as_str().expect("an id"));
    for content in ["edited", "edited twice"] {
        ben.api.patch(&path, json!({"content": content})).await.ok();
    }
    for synced in [
        anna.sync(json!({"chats": at, "me": me})).await,
        by_socket(&anna, &at, &me).await,
    ] {
        let entry = &synced["chats"][0];
        assert_eq!(entry["reset"], false);
        assert_eq!(entry["rev"], 6);
        assert_eq!(entry["headRev"], 6);
        assert_eq!(revs(entry), [4, 6], "each changed message once, by rev");
        assert_eq!(entry["messages"][1]["payload"]["content"], "edited twice");
        assert_eq!(entry["messages"][1]["seq"], 1);
        assert!(
            entry.get("meta").is_none(),
            "the chat itself did not change: {entry}"
        );
    }
    ben.api
        .put(
            &format!("/chats/{chat}/auto-delete"),
            json!({"seconds": 60}),
        )
        .await
        .ok();
    let synced = anna.sync(json!({"chats": {&chat: 6}, "me": me})).await;
    assert_eq!(synced["chats"][0]["meta"]["autoDeleteTimer"], 60);
}

#[tokio::test]
async fn more_than_a_page_comes_in_pages_by_rev() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    fill(&ben, &chat, 450).await;
    let mut rev = json!(1);
    let mut seen = Vec::new();
    for page in 1..=3 {
        let synced = anna.sync(json!({"chats": {&chat: rev}, "me": 0})).await;
        let entry = &synced["chats"][0];
        assert_eq!(entry["reset"], false);
        assert_eq!(entry["more"], page < 3, "page {page}");
        assert!(revs(entry).len() <= 200);
        seen.extend(revs(entry));
        rev = entry["rev"].clone();
    }
    assert_eq!(seen, (2..=451).collect::<Vec<_>>());
    let mut socket = anna.socket().await;
    socket
        .send(json!({"type": "sync", "id": "s", "chats": {&chat: 1}, "me": 0}))
        .await;
    let mut wired = Vec::new();
    loop {
        let frame = socket.expect("sync", |frame| frame["id"] == "s").await;
        if frame["type"] == "sync.done" {
            break;
        }
        wired.extend(revs(&frame));
    }
    assert_eq!(wired, seen);
}

#[tokio::test]
async fn too_far_behind_is_a_reset() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    fill(&ben, &chat, 2001).await;
    let synced = anna.sync(json!({"chats": {&chat: 1}, "me": 0})).await;
    let entry = &synced["chats"][0];
    assert_eq!(entry["reset"], true);
    assert_eq!(entry["rev"], 2002);
    assert_eq!(revs(entry), (1953..=2002).collect::<Vec<_>>());
    let synced = anna.sync(json!({"chats": {&chat: 2}, "me": 0})).await;
    assert_eq!(
        synced["chats"][0]["reset"], false,
        "2,000 changes are not too many"
    );
    assert_eq!(anna.chat(&chat).await["unreadCount"], 999, "counted to 999");
}

#[tokio::test]
async fn only_confines_the_answer() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let (one, other) = (anna.direct(&ben).await, anna.direct(&cleo).await);
    for chat in [&one, &other] {
        anna.say(chat, "hello").await;
    }
    let synced = anna
        .sync(json!({"chats": {}, "me": 0, "only": [one]}))
        .await;
    let chats = synced["chats"].as_array().expect("chats");
    assert_eq!(chats.len(), 1);
    assert_eq!(chats[0]["chatId"], one.as_str());
}

#[tokio::test]
async fn my_own_log_holds_what_is_mine() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let sent = ben.say(&chat, "hide me").await;
    let id = sent["messageId"].as_str().expect("an id");
    let start = anna.my_rev().await;
    anna.api.put_empty(&format!("/chats/{chat}/pin")).await.ok();
    anna.api
        .delete(&format!("/messages/{id}?scope=me"))
        .await
        .no_content();
    anna.api
        .put_empty(&format!("/users/contacts/{}/block", ben.id))
        .await
        .ok();
    anna.api
        .patch("/users/me", json!({"displayName": "Anna"}))
        .await
        .ok();
    anna.api
        .put("/users/me/privacy", json!({"about": "nobody"}))
        .await
        .ok();
    let synced = anna.sync(json!({"chats": {}, "me": start})).await;
    let me = &synced["me"];
    assert_eq!(me["rev"], start + 5, "{me}");
    assert_eq!(me["more"], false);
    let changes = &me["changes"];
    assert_eq!(changes["user"]["displayName"], "Anna");
    assert_eq!(changes["privacy"]["about"], "nobody");
    assert_eq!(changes["blocked"], json!([ben.id]));
    assert_eq!(changes["chats"][&chat]["isPinned"], true);
    assert_eq!(changes["hidden"], json!({id: chat}));
    let later = anna.sync(json!({"chats": {}, "me": start + 5})).await;
    assert_eq!(later["me"]["rev"], start + 5);
    assert_eq!(later["me"]["changes"], json!({}));
}

#[tokio::test]
async fn a_bad_sync_is_refused_and_a_foreign_chat_stays_foreign() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let chat = anna.direct(&ben).await;
    anna.say(&chat, "ours").await;
    let id = uuid::Uuid::now_v7().to_string();
    for (body, field) in [
        (json!({"chats": [], "me": 0}), "chats"),
        (json!({"chats": {"x": 1}, "me": 0}), "chats"),
        (json!({"chats": {&id: -1}, "me": 0}), "chats"),
        (json!({"chats": {&id: "1"}, "me": 0}), "chats"),
        (json!({"chats": {}, "me": -1}), "me"),
        (json!({"chats": {}, "me": 0, "only": ["x"]}), "only"),
        (json!({"chats": {}, "me": 0, "acks": "tampered"}), "acks"),
        (json!({"chats": {}, "me": 0, "since": 5}), "since"),
    ] {
        cleo.api.post("/sync", body).await.refused_field(field);
    }
    let synced = cleo
        .sync(json!({"chats": {&chat: 1, &id: 1}, "me": 0, "only": [chat]}))
        .await;
    assert_eq!(synced["chats"], json!([]), "{synced}");
}

#[tokio::test]
async fn who_was_away_catches_up_to_what_is_live() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut of_anna = anna.socket().await;
    ben.say(&chat, "seen live").await;
    let frame = of_anna.expect_of("message.new", &chat).await;
    of_anna.leave().await;
    for text in ["missed", "missed too"] {
        ben.say(&chat, text).await;
    }
    let mut back = anna.socket().await;
    back.send(json!({"type": "sync", "id": "s", "chats": {&chat: frame["rev"]}, "me": 0}))
        .await;
    let entry = back
        .expect("the chat", |frame| frame["type"] == "sync.chat")
        .await;
    assert_eq!(revs(&entry), [3, 4]);
    back.expect("the end", |frame| frame["type"] == "sync.done")
        .await;
    ben.say(&chat, "live again").await;
    // What was said while this socket opened may come to it as well: at or below the copy, it is dropped.
    let is_new = |frame: &Value| {
        frame["type"] == "message.new" && frame["chatId"] == chat && frame["rev"].as_u64() > Some(4)
    };
    let live = back.expect("what is live", is_new).await;
    assert_eq!(live["rev"], 5, "nothing between");
}

/// Several frames, where they do not fit into one.
#[tokio::test]
async fn a_socket_that_begins_anew_gets_the_newest_50_however_long_they_are() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    for _ in 0..60 {
        ben.say(&chat, &"\u{1f600}".repeat(4096)).await;
    }
    let mut socket = anna.socket().await;
    socket
        .send(json!({"type": "sync", "id": "s", "chats": {}, "me": 0}))
        .await;
    let (mut got, mut frames) = (Vec::new(), 0);
    loop {
        let of_chat = |frame: &Value| frame["type"] == "sync.chat";
        let entry = socket.expect("a part", of_chat).await;
        assert_eq!(entry["reset"], frames == 0, "the first begins anew");
        got.extend(revs(&entry));
        frames += 1;
        if entry["more"] == false {
            break;
        }
    }
    socket
        .expect("the end", |frame| frame["type"] == "sync.done")
        .await;
    assert!(frames > 1, "that is more than one frame may hold");
    assert_eq!(got, (12..=61).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_rev_is_below_two_to_the_53() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut socket = anna.socket().await;
    let most = (1u64 << 53) - 1;
    anna.sync(json!({"chats": {&chat: most}, "me": most})).await;
    for large in [most + 1, i64::MAX as u64 + 1, u64::MAX] {
        for (body, field) in [
            (json!({"chats": {}, "me": large}), "me".to_owned()),
            (json!({"chats": {&chat: large}}), format!("chats.{chat}")),
        ] {
            let answer = anna.api.post("/sync", body.clone()).await;
            answer.refused_field(&field);
            let mut frame = body;
            frame["type"] = json!("sync");
            let refusal = socket.ask(frame).await;
            assert_eq!(refusal["errors"][0]["field"], field.as_str(), "{refusal}");
        }
    }
}
