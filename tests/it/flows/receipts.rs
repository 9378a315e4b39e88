//! Delivered and read: marks that only rise (D9).

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Person, Server, eventually_some};

async fn status_of(sender: &Person, message_id: &str, of: &Person) -> Value {
    sender.message(message_id).await["status"][&of.id]["status"].clone()
}

fn id_of(sent: &Value) -> String {
    sent["messageId"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn an_ack_delivers_and_a_read_reads_all_up_to_it() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut of_anna = anna.socket().await;
    let (mut of_ben, mut second) = (ben.socket().await, ben.socket().await);
    let mut ids = Vec::new();
    for text in ["one", "two", "three"] {
        ids.push(id_of(&anna.say(&chat, text).await));
    }
    assert_eq!(status_of(&anna, &ids[0], &ben).await, "sent");
    of_ben
        .send(json!({"type": "message.ack", "chatId": chat, "seq": 2}))
        .await;
    let told = of_anna.expect_of("message.status", &chat).await;
    assert_eq!(told["userId"], ben.id.as_str());
    assert_eq!(told["status"], "delivered");
    assert_eq!(told["upToSeq"], 2);
    assert!(told["updatedAt"].is_string());
    assert_eq!(status_of(&anna, &ids[1], &ben).await, "delivered");
    assert_eq!(status_of(&anna, &ids[2], &ben).await, "sent");
    of_ben
        .send(json!({"type": "message.read", "chatId": chat, "seq": 3}))
        .await;
    let told = of_anna
        .expect("read", |frame| {
            frame["type"] == "message.status" && frame["status"] == "read"
        })
        .await;
    assert_eq!(told["upToSeq"], 3);
    for id in &ids {
        assert_eq!(
            status_of(&anna, id, &ben).await,
            "read",
            "reading is reading up to"
        );
    }
    second
        .expect("my own read", |frame| {
            frame["type"] == "message.status"
                && frame["status"] == "read"
                && frame["userId"] == ben.id.as_str()
        })
        .await;
    let listed = &ben.api.get("/chats").await.items()[0];
    assert_eq!(listed["unreadCount"], 0);
    assert_eq!(listed["readSeq"], 3);
}

#[tokio::test]
async fn marks_never_go_back_and_never_beyond_the_head() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut ids = Vec::new();
    for text in ["one", "two"] {
        ids.push(id_of(&anna.say(&chat, text).await));
    }
    let mut of_ben = ben.socket().await;
    for kind in ["message.ack", "message.read"] {
        let refusal = of_ben
            .ask(json!({"type": kind, "chatId": chat, "seq": 3}))
            .await;
        assert_eq!(refusal["type"], "error", "{refusal}");
    }
    for bad in [json!(0), json!(-1), json!("2"), json!(1.5), Value::Null] {
        let refusal = of_ben
            .ask(json!({"type": "message.ack", "chatId": chat, "seq": bad}))
            .await;
        assert_eq!(refusal["code"], "invalid", "{bad}: {refusal}");
    }
    assert_eq!(
        status_of(&anna, &ids[0], &ben).await,
        "sent",
        "nothing moved"
    );
    let mut of_cleo = cleo.socket().await;
    let refusal = of_cleo
        .ask(json!({"type": "message.read", "chatId": chat, "seq": 1}))
        .await;
    assert_eq!(refusal["code"], "not_found", "{refusal}");
    ben.api
        .post("/messages/read", json!({"messageIds": [ids[1]]}))
        .await
        .ok();
    assert_eq!(status_of(&anna, &ids[1], &ben).await, "read");
    let read_at = anna.message(&ids[0]).await["status"][&ben.id]["updatedAt"].clone();
    of_ben
        .send(json!({"type": "message.ack", "chatId": chat, "seq": 1}))
        .await;
    of_ben
        .send(json!({"type": "message.read", "chatId": chat, "seq": 1}))
        .await;
    of_ben.settle().await;
    ben.api
        .put(
            "/messages/status",
            json!({"messageId": ids[0], "status": "delivered"}),
        )
        .await
        .ok();
    let now = anna.message(&ids[0]).await["status"][&ben.id].clone();
    assert_eq!(now["status"], "read", "forward only");
    assert_eq!(now["updatedAt"], read_at, "with the time it first had");
}

#[tokio::test]
async fn rest_moves_the_same_marks() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut ids = Vec::new();
    for text in ["one", "two", "three"] {
        ids.push(id_of(&anna.say(&chat, text).await));
    }
    let status = |body: Value| ben.api.put("/messages/status", body);
    status(json!({"messageId": ids[0], "status": "delivered"}))
        .await
        .ok();
    assert_eq!(status_of(&anna, &ids[0], &ben).await, "delivered");
    assert_eq!(status_of(&anna, &ids[1], &ben).await, "sent");
    status(json!({"messageIds": [ids[1], ids[0]], "status": "delivered"}))
        .await
        .ok();
    assert_eq!(status_of(&anna, &ids[1], &ben).await, "delivered");
    status(json!({"message_ids": [ids[1]], "status": "read"}))
        .await
        .ok();
    assert_eq!(status_of(&anna, &ids[0], &ben).await, "read");
    assert_eq!(status_of(&anna, &ids[2], &ben).await, "sent");
    for (body, field) in [
        (json!({"messageId": ids[0]}), "status"),
        (json!({"messageId": ids[0], "status": "seen"}), "status"),
        (json!({"messageId": ids[0], "status": "sent"}), "status"),
        (json!({"messageId": "x", "status": "read"}), "messageId"),
        (json!({"messageIds": ["x"], "status": "read"}), "messageIds"),
        (
            json!({"messageId": ids[0], "status": "read", "userId": anna.id}),
            "userId",
        ),
    ] {
        status(body).await.refused_field(field);
    }
    status(json!({"status": "read"})).await.refused(422);
    ben.api
        .post("/messages/read", json!({}))
        .await
        .refused_field("messageIds");
    cleo.api
        .post("/messages/read", json!({"messageIds": [ids[2]]}))
        .await
        .refused(404);
    cleo.api
        .put(
            "/messages/status",
            json!({"messageId": ids[2], "status": "read"}),
        )
        .await
        .refused(404);
    assert_eq!(status_of(&anna, &ids[2], &ben).await, "sent");
}

#[tokio::test]
async fn a_group_counts_and_names_people_on_request() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Ours", &[&ben, &cleo]).await;
    let sent = anna.say(&group, "all").await;
    let id = id_of(&sent);
    assert_eq!(
        sent["message"]["status"],
        json!({"delivered": 0, "read": 0})
    );
    ben.api
        .post("/messages/read", json!({"messageIds": [id]}))
        .await
        .ok();
    cleo.api
        .put(
            "/messages/status",
            json!({"messageId": id, "status": "delivered"}),
        )
        .await
        .ok();
    let listed = &anna.history(&group).await[0];
    assert_eq!(
        listed["status"],
        json!({"delivered": 2, "read": 1}),
        "read implies delivered"
    );
    let synced = anna.sync(json!({"chats": {}, "me": 0})).await;
    assert_eq!(
        synced["chats"][0]["messages"][0]["status"],
        json!({"delivered": 2, "read": 1})
    );
    let people = &anna.message(&id).await["status"];
    assert_eq!(people[&ben.id]["status"], "read");
    assert_eq!(people[&cleo.id]["status"], "delivered");
    let receipts = anna
        .api
        .get(&format!("/messages/{id}/receipts"))
        .await
        .items();
    assert_eq!(receipts.len(), 2);
    for receipt in &receipts {
        let expected = if receipt["userId"] == ben.id.as_str() {
            "read"
        } else {
            "delivered"
        };
        assert_eq!(receipt["status"], expected, "{receipt}");
        assert!(receipt["updatedAt"].is_string(), "{receipt}");
    }
    assert!(ben.history(&group).await[0].get("status").is_none());
    for path in ["", "/receipts"] {
        let stranger = server.person().await;
        stranger
            .api
            .get(&format!("/messages/{id}{path}"))
            .await
            .refused(404);
    }
}

#[tokio::test]
async fn who_shows_no_reads_sees_none() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    ben.api
        .put("/users/me/privacy", json!({"readReceipts": false}))
        .await
        .ok();
    let group = anna.group("Ours", &[&ben, &cleo]).await;
    let mut of_anna = anna.socket().await;
    let sent = id_of(&anna.say(&group, "from anna").await);
    let asked = id_of(&ben.say(&group, "from ben").await);
    let read = json!({"messageIds": [asked]});
    ben.api.post("/messages/read", read.clone()).await.ok();
    cleo.api.post("/messages/read", read.clone()).await.ok();
    anna.api.post("/messages/read", read).await.ok();
    of_anna
        .expect("cleo's read", |frame| {
            frame["type"] == "message.status"
                && frame["userId"] == cleo.id.as_str()
                && frame["status"] == "read"
        })
        .await;
    assert_eq!(status_of(&anna, &sent, &ben).await, "delivered", "at most");
    assert_eq!(status_of(&anna, &sent, &cleo).await, "read");
    assert_eq!(
        status_of(&ben, &asked, &cleo).await,
        "delivered",
        "no one's reads"
    );
    assert_eq!(
        ben.history(&group).await[0]["status"],
        json!({"delivered": 2, "read": 0})
    );
    let told: Vec<Value> = of_anna
        .seen("message.status")
        .into_iter()
        .filter(|frame| frame["userId"] == ben.id.as_str() && frame["status"] == "read")
        .cloned()
        .collect();
    assert!(told.is_empty(), "{told:?}");
    let listed = &ben.api.get("/chats").await.items()[0];
    assert_eq!(listed["readSeq"], 2, "my own mark is mine to see");
}

#[tokio::test]
async fn sending_does_not_read_and_unread_counts_others() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    anna.say(&chat, "one").await;
    ben.say(&chat, "two").await;
    anna.say(&chat, "three").await;
    let listed = &ben.api.get("/chats").await.items()[0];
    assert_eq!(listed["unreadCount"], 2);
    assert_eq!(listed["readSeq"], 0);
    assert_eq!(anna.chat(&chat).await["unreadCount"], 1);
}

#[tokio::test]
async fn who_was_away_while_the_other_read_learns_it_by_one_sync() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let sent = anna.say(&chat, "one").await;
    let before = anna.sync(json!({"chats": {}, "me": 0})).await;
    let rev = before["chats"][0]["rev"].clone();
    assert_eq!(rev, sent["rev"]);
    ben.api
        .post("/messages/read", json!({"messageIds": [sent["messageId"]]}))
        .await
        .ok();
    let after = eventually_some("the receipt", || async {
        let body =
            json!({"chats": {&chat: rev}, "me": before["me"]["rev"], "acks": before["acks"]});
        let synced = anna.sync(body).await;
        synced["chats"].get(0).is_some().then_some(synced)
    })
    .await;
    let entry = &after["chats"][0];
    assert_eq!(entry["chatId"], chat.as_str());
    assert_eq!(
        entry["receipts"][&ben.id],
        json!({"deliveredSeq": 1, "readSeq": 1})
    );
    assert_eq!(entry["messages"], json!([]));
    assert_eq!(entry["rev"], rev);
}

#[tokio::test]
async fn marks_of_several_chats_are_taken_all_or_none() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let mut chats = Vec::new();
    for number in 0..6 {
        let chat = anna.group(&format!("Ours {number}"), &[&ben]).await;
        let sent = anna.say(&chat, "hello").await;
        chats.push((chat, sent["messageId"].clone()));
    }
    let (left, _) = &chats[3];
    ben.api
        .post_empty(&format!("/chats/{left}/leave"))
        .await
        .no_content();
    let ids: Vec<&Value> = chats.iter().map(|(_, id)| id).collect();
    let status = json!({"messageIds": ids, "status": "delivered"});
    ben.api.put("/messages/status", status).await.refused(404);
    let read = json!({"messageIds": ids});
    ben.api.post("/messages/read", read).await.refused(404);
    // Owners answer in their own time.
    tokio::time::sleep(Duration::from_millis(300)).await;
    for (chat, id) in &chats {
        if chat != left {
            assert_eq!(ben.chat(chat).await["readSeq"], 0, "{chat}");
        }
        let id = id.as_str().expect("an id");
        let receipts = anna.api.get(&format!("/messages/{id}/receipts")).await;
        assert!(
            receipts.items().iter().all(|item| item["status"] == "sent"),
            "{chat}"
        );
    }
}
