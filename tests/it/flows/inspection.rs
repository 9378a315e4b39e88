//! What operators look at: hot chats, one chat's actor, someone's sockets, the story of a message.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Person, Server, eventually_some};

/// What nobody who looks on may read.
const WORDS: &str = "between the two of us";

async fn hot(server: &Server, query: &str) -> Vec<Value> {
    let path = format!("/admin/chats?{query}");
    let answer = eventually_some("all answer", async || {
        let answer = server.admin().get(&path).await.ok();
        (answer["unanswered"] == json!([])).then_some(answer)
    })
    .await;
    answer["items"].as_array().expect("items").clone()
}

fn place(items: &[Value], chat: &str) -> usize {
    let place = items.iter().position(|item| item["chatId"] == chat);
    place.unwrap_or_else(|| panic!("{chat} is not in {items:?}"))
}

#[tokio::test]
async fn hot_chats_come_in_the_order_that_is_asked_for() {
    let server = Server::options().unlimited().start().await;
    let [anna, ben, cleo] = server.people().await;
    let busy = anna.direct(&ben).await;
    let quiet = anna.direct(&cleo).await;
    let group = anna.group("three", &[&ben, &cleo]).await;
    let _online = ben.socket().await;
    for _ in 0..20 {
        anna.say(&busy, WORDS).await;
    }
    anna.say(&quiet, WORDS).await;
    cleo.say(&group, WORDS).await;

    let by_rate = hot(&server, "by=rate").await;
    assert_eq!(place(&by_rate, &busy), 0, "{by_rate:?}");
    let first = &by_rate[0];
    assert_eq!(first["type"], "direct");
    assert_eq!(first["members"], 2);
    assert_eq!(first["online"], 1);
    assert_eq!(first["headSeq"], 20);
    assert_eq!(first["headRev"], 21);
    assert!(first["ratePerSecond"].as_f64() > Some(0.5), "{first}");
    assert!(
        first["mailbox"].is_u64() && first["inFlight"].is_u64(),
        "{first}"
    );
    assert!(first["mailboxWaitMs"].as_f64() >= Some(0.0), "{first}");
    for field in ["node", "lastActiveAt"] {
        assert!(first[field].is_string(), "{first}");
    }
    let by_members = hot(&server, "by=members&limit=1").await;
    assert_eq!(by_members.len(), 1);
    assert_eq!(by_members[0]["chatId"], json!(group));
    assert_eq!(by_members[0]["type"], "group");
    let by_mailbox = hot(&server, "by=mailbox").await;
    for chat in [&busy, &quiet, &group] {
        place(&by_mailbox, chat);
    }
    assert_eq!(hot(&server, "").await[0]["chatId"], json!(busy), "by rate");
    let said = json!([by_rate, by_members, by_mailbox]).to_string();
    assert!(
        !said.contains(WORDS) && !said.contains(&anna.phone),
        "{said}"
    );

    let admin = server.admin();
    admin.get("/admin/chats?by=age").await.refused_field("by");
    for limit in ["0", "201", "x"] {
        let path = format!("/admin/chats?limit={limit}");
        admin.get(&path).await.refused_field("limit");
    }
    admin.get("/admin/chats?of=x").await.refused_field("of");
    server.root().get("/admin/chats").await.refused(404);
}

#[tokio::test]
async fn a_chats_actor_is_shown_by_who_owns_the_chat() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    for _ in 0..3 {
        anna.say(&chat, WORDS).await;
    }
    let read = json!({"messageIds": [anna.history(&chat).await[1]["id"]]});
    ben.api.post("/messages/read", read).await.ok();
    let path = format!("/admin/chats/{chat}/actor");
    let shown = server.admin().get(&path).await.ok();
    assert_eq!(shown["chatId"], json!(chat));
    assert_eq!(shown["type"], "direct");
    assert_eq!(shown["loaded"], true);
    assert!(shown["node"].is_string(), "{shown}");
    let actor = &shown["actor"];
    assert_eq!(actor["state"], "active");
    for (field, value) in [
        ("headSeq", 3),
        ("headRev", 4),
        ("announcedSeq", 3),
        ("sends", 3),
        ("batches", 3),
        ("members", 2),
        ("mailbox", 0),
        ("queued", 0),
        ("inFlight", 0),
        ("typing", 0),
    ] {
        assert_eq!(actor[field], value, "{field}: {shown}");
    }
    assert_eq!(actor["lastBatch"]["messages"], 1);
    for field in ["loadedAt", "lastActiveAt", "rosterReadAt"] {
        assert!(actor[field].is_string(), "{field}: {shown}");
    }
    let stored = &shown["stored"];
    assert_eq!(stored["headSeq"], 3);
    assert_eq!(stored["members"], 2);
    let read = &stored["watermarks"]["read"];
    assert_eq!(read, &json!({"lowestSeq": 0, "highestSeq": 2, "behind": 2}));
    let said = shown.to_string();
    assert!(
        !said.contains(WORDS) && !said.contains(&ben.phone),
        "{said}"
    );

    let admin = server.admin();
    for unknown in [Uuid::now_v7().to_string(), "x".to_owned()] {
        let path = format!("/admin/chats/{unknown}/actor");
        admin.get(&path).await.refused(404);
    }
}

#[tokio::test]
async fn a_chat_nobody_uses_has_no_actor_and_gets_none_by_being_looked_at() {
    let mut server = Server::options().embedded().unlimited().start().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    anna.say(&chat, WORDS).await;
    let data = server.data();
    server.terminate();
    server.exit(std::time::Duration::from_secs(20)).await;
    let server = Server::options().embedded().data(data).start().await;
    let path = format!("/admin/chats/{chat}/actor");
    for _ in 0..2 {
        let shown = server.admin().get(&path).await.ok();
        assert_eq!(shown["loaded"], false, "{shown}");
        assert!(shown["actor"].is_null(), "{shown}");
        assert_eq!(shown["stored"]["headSeq"], 1, "{shown}");
    }
    assert!(hot(&server, "by=members").await.is_empty());
}

#[tokio::test]
async fn someones_sockets_are_shown_wherever_they_are() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let (mut first, _second) = (anna.socket().await, ben.socket().await);
    let path = format!("/admin/sessions/{}", anna.id);
    let shown = eventually_some("she is online", async || {
        let shown = server.admin().get(&path).await.ok();
        let is_whole = shown["online"] == true && shown["unanswered"] == json!([]);
        is_whole.then_some(shown)
    })
    .await;
    assert_eq!(shown["userId"], json!(anna.id));
    let sockets = shown["connections"].as_array().expect("connections");
    assert_eq!(sockets.len(), 1, "hers alone: {shown}");
    let socket = &sockets[0];
    assert_eq!(socket["connectionId"], first.hello()["connectionId"]);
    assert_eq!(socket["sessionId"], first.hello()["sessionId"]);
    assert_eq!(socket["isForeground"], true);
    assert_eq!(socket["isClosing"], false);
    for field in ["node", "since", "tokenExpiresAt", "heardAt"] {
        assert!(socket[field].is_string(), "{field}: {socket}");
    }
    for field in [
        "lane",
        "queueFrames",
        "queueBytes",
        "stalledMs",
        "cursors",
        "meRev",
    ] {
        assert!(socket[field].is_u64(), "{field}: {socket}");
    }
    assert_eq!(shown["storedSessions"], 1);
    assert_eq!(shown["sessions"][0]["connections"], 1);

    first
        .send(json!({"type": "client.state", "foreground": false}))
        .await;
    let _phone = anna.socket().await;
    let two = eventually_some("both are there", async || {
        let shown = server.admin().get(&path).await.ok();
        let sockets = shown["connections"]
            .as_array()
            .expect("connections")
            .clone();
        let in_background = sockets.iter().any(|one| one["isForeground"] == false);
        (sockets.len() == 2 && in_background).then_some(shown)
    })
    .await;
    assert!(!two.to_string().contains(&anna.phone), "{two}");

    let of_nobody = format!("/admin/sessions/{}", Uuid::now_v7());
    server.admin().get(&of_nobody).await.refused(404);
    server.admin().get("/admin/sessions/x").await.refused(404);
}

/// A message is got, read, edited, reacted to and deleted.
async fn all_that_can_happen(anna: &Person, ben: &Person, id: &str) {
    let status = json!({"messageId": id, "status": "delivered"});
    ben.api.put("/messages/status", status).await.ok();
    let read = json!({"messageIds": [id]});
    ben.api.post("/messages/read", read).await.ok();
    let message = format!("/messages/{id}");
    let edit = json!({"content": "and nobody else"});
    anna.api.patch(&message, edit).await.ok();
    let emoji = json!({"emoji": "👍"});
    ben.api
        .put(&format!("{message}/reaction"), emoji)
        .await
        .ok();
    anna.api
        .delete(&format!("{message}?scope=everyone"))
        .await
        .no_content();
}

#[tokio::test]
async fn the_story_of_a_message_is_told_without_its_words() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let sent = anna.say(&chat, WORDS).await;
    let id = sent["messageId"].as_str().expect("an id");
    let path = format!("/admin/messages/{id}/trace");
    let fresh = server.admin().get(&path).await.ok();
    assert_eq!(fresh["chatId"], json!(chat));
    assert_eq!((&fresh["seq"], &fresh["rev"]), (&json!(1), &json!(2)));
    assert_eq!(fresh["createdAt"], sent["createdAt"]);
    assert_eq!(fresh["type"], "text");
    assert_eq!(fresh["senderId"], json!(anna.id));
    assert_eq!(
        fresh["entries"].as_array().map(Vec::len),
        Some(1),
        "{fresh}"
    );
    let untouched = json!([{"userId": ben.id, "deliveredAt": null, "readAt": null,
        "pushed": false, "cleared": false}]);
    assert_eq!(fresh["recipients"], untouched);

    all_that_can_happen(&anna, &ben, id).await;

    let whole = server.admin().get(&path).await.ok();
    let changes: Vec<&str> = whole["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| entry["change"].as_str().expect("a change"))
        .collect();
    assert_eq!(changes, ["sent", "edited", "reacted", "deleted"], "{whole}");
    for (entry, rev) in whole["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .zip(2..)
    {
        assert_eq!(entry["rev"], rev);
        assert!(entry["at"].is_string(), "{entry}");
        let event = entry["event"].as_str();
        assert!(matches!(event, Some("waiting" | "published")), "{entry}");
    }
    assert_eq!(whole["entries"][2]["actorId"], json!(ben.id));
    assert_eq!((&whole["rev"], &whole["lastRev"]), (&json!(2), &json!(5)));
    assert_eq!(whole["isDeleted"], true);
    let ben_has = &whole["recipients"][0];
    assert!(
        ben_has["deliveredAt"].is_string() && ben_has["readAt"].is_string(),
        "{ben_has}"
    );
    let said = format!("{fresh}{whole}");
    for secret in [WORDS, "nobody else", "👍", &anna.phone] {
        assert!(!said.contains(secret), "{said}");
    }

    let unknown = format!("/admin/messages/{}/trace", Uuid::now_v7());
    server.admin().get(&unknown).await.refused(404);
    server
        .admin()
        .get("/admin/messages/x/trace")
        .await
        .refused(404);
}
