//! Sending, and what a message looks like.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{PATIENCE, Server, Socket};

#[tokio::test]
async fn a_text_reaches_the_other_and_answers_with_its_numbers() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut of_ben = ben.socket().await;
    let sent = anna
        .post_message(
            &chat,
            json!({"type": "text", "content": "hello", "clientMessageId": "c1"}),
        )
        .await
        .created();
    assert_eq!(sent["chatId"], chat.as_str());
    assert_eq!(sent["seq"], 1);
    assert_eq!(sent["rev"], 2);
    assert_eq!(sent["duplicate"], false);
    let message = &sent["message"];
    let expected = [
        ("id", sent["messageId"].clone()),
        ("chatId", json!(chat)),
        ("seq", json!(1)),
        ("rev", json!(2)),
        ("senderId", json!(anna.id)),
        ("clientMessageId", json!("c1")),
        ("type", json!("text")),
        ("payload", json!({"content": "hello"})),
        ("replyToId", Value::Null),
        ("forwarded", json!(false)),
        ("reactions", json!({})),
        ("isDeleted", json!(false)),
        ("editedAt", Value::Null),
        ("expiresAt", Value::Null),
        ("createdAt", sent["createdAt"].clone()),
    ];
    for (field, value) in &expected {
        assert_eq!(message.get(*field), Some(value), "{field} of {message}");
    }
    assert_eq!(message["status"][&ben.id]["status"], "sent", "{message}");
    let frame = of_ben.expect_of("message.new", &chat).await;
    assert_eq!(frame["seq"], 1);
    assert_eq!(frame["rev"], 2);
    for (field, value) in &expected {
        assert_eq!(
            frame["message"].get(*field),
            Some(value),
            "{field} of {frame}"
        );
    }
    assert!(
        frame["message"].get("status").is_none(),
        "nothing personal: {frame}"
    );
    assert!(frame["message"].get("isStarred").is_none(), "{frame}");
    let read = ben
        .message(sent["messageId"].as_str().expect("an id"))
        .await;
    assert!(read.get("status").is_none(), "the sender's alone: {read}");
}

#[tokio::test]
async fn times_are_utc_with_milliseconds_and_ids_are_uuids_of_version_7() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let sent = anna.say(&chat, "hello").await;
    let time = sent["createdAt"].as_str().expect("a time");
    assert_eq!(time.len(), "2026-01-01T00:00:00.000Z".len(), "{time}");
    assert!(time.ends_with('Z'), "{time}");
    chrono::DateTime::parse_from_rfc3339(time).expect("RFC 3339");
    for id in [
        &sent["messageId"],
        &sent["chatId"],
        &sent["message"]["senderId"],
    ] {
        let id: uuid::Uuid = id.as_str().expect("an id").parse().expect("a uuid");
        assert_eq!(id.get_version_num(), 7);
    }
}

#[tokio::test]
async fn a_socket_sends_and_gets_only_its_ack() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let (mut sending, mut second) = (anna.socket().await, anna.socket().await);
    let mut of_ben = ben.socket().await;
    let ack = sending
        .ask(json!({
            "type": "message.send", "chatId": chat, "clientMessageId": "w1",
            "message": {"type": "text", "content": "by wire"},
        }))
        .await;
    assert_eq!(ack["type"], "ack");
    assert_eq!(ack["seq"], 1);
    assert_eq!(ack["duplicate"], false);
    assert_eq!(ack["message"]["clientMessageId"], "w1");
    assert_eq!(ack["message"]["status"][&ben.id]["status"], "sent");
    for socket in [&mut second, &mut of_ben] {
        let frame = socket.expect_of("message.new", &chat).await;
        assert_eq!(frame["message"]["id"], ack["messageId"]);
    }
    sending.settle().await;
    assert!(
        sending.seen("message.new").is_empty(),
        "{:?}",
        sending.log()
    );
    anna.say(&chat, "by REST").await;
    for socket in [&mut sending, &mut second, &mut of_ben] {
        let frame = socket.expect_of("message.new", &chat).await;
        assert_eq!(frame["seq"], 2, "all my connections get a REST send");
    }
}

/// The acks hold the texts again: together they are more than may wait for one socket.
#[tokio::test]
async fn who_reads_gets_every_ack_however_much_he_sends_at_once() {
    const SENDS: usize = 500;
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let bearer = format!("Bearer {}", anna.access_token);
    let request = Socket::request(anna.api.base(), "", &[("authorization", &bearer)]);
    let (stream, _) = connect_async(request).await.expect("connected");
    let (mut writes, mut reads) = stream.split();
    let text = "x".repeat(4096);
    let sending = async {
        for number in 0..SENDS {
            let frame = json!({
                "type": "message.send", "id": number.to_string(), "chatId": chat,
                "message": {"type": "text", "content": text},
            });
            let frame = Message::text(frame.to_string());
            writes.send(frame).await.expect("taken");
        }
    };
    let reading = async {
        let mut acked = 0;
        while acked < SENDS {
            let next = timeout(PATIENCE, reads.next()).await.expect("in time");
            let Message::Text(frame) = next.expect("open").expect("a frame") else {
                continue;
            };
            let frame: Value = serde_json::from_str(&frame).expect("JSON");
            if frame["type"] == "hello" || frame["type"] == "heads" {
                continue;
            }
            assert_eq!(frame["type"], "ack", "{frame}");
            assert_eq!(frame["id"], acked.to_string());
            acked += 1;
        }
    };
    tokio::join!(sending, reading);
}

#[tokio::test]
async fn snake_case_is_understood() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let first = anna.say(&chat, "first").await;
    let sent = anna
        .api
        .post(
            "/messages",
            json!({"chat_id": chat, "type": "text", "content": "second",
                   "client_message_id": "s1", "reply_to_id": first["messageId"]}),
        )
        .await
        .created();
    assert_eq!(sent["message"]["clientMessageId"], "s1");
    assert_eq!(sent["message"]["replyToId"], first["messageId"]);
    let mut socket = anna.socket().await;
    let ack = socket
        .ask(json!({
            "type": "message.send", "chat_id": chat, "client_message_id": "s2",
            "message": {"type": "text", "content": "third", "reply_to_id": first["messageId"]},
        }))
        .await;
    assert_eq!(ack["type"], "ack", "{ack}");
    assert_eq!(ack["message"]["replyToId"], first["messageId"]);
}

#[tokio::test]
async fn a_place_is_sent_as_it_is() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    for payload in [
        json!({"latitude": 48.2082, "longitude": 16.3738, "name": "Vienna", "address": "Stephansplatz"}),
        json!({"latitude": -90.0, "longitude": 180.0}),
        json!({"latitude": 0.0, "longitude": 0.0}),
    ] {
        let sent = anna
            .post_message(&chat, json!({"type": "location", "payload": payload}))
            .await
            .created();
        let kept = &sent["message"]["payload"];
        for (field, value) in payload.as_object().expect("an object") {
            assert_eq!(&kept[field], value, "{kept}");
        }
    }
}

#[tokio::test]
async fn a_medium_that_is_not_there_is_not_found() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let media = uuid::Uuid::now_v7().to_string();
    for kind in ["image", "video", "audio", "document"] {
        anna.post_message(&chat, json!({"type": kind, "payload": {"mediaId": media}}))
            .await
            .refused(404);
    }
    assert!(anna.history(&chat).await.is_empty());
}

#[tokio::test]
async fn text_of_any_script_comes_back_as_it_went() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let long = "👩‍👩‍👧".chars().cycle().take(4096).collect::<String>();
    for text in [
        "\u{202e}right to left",
        "a\u{0}b",
        "line\nline\ttab",
        "\\\"quoted\\\"",
        "مرحبا שלום 你好",
        &long,
    ] {
        let sent = anna
            .post_message(&chat, json!({"type": "text", "content": text}))
            .await;
        // A NUL may be refused, but not mangled.
        if text.contains('\0') && sent.status == 422 {
            sent.refused_field("content");
            continue;
        }
        let id = sent.created()["messageId"]
            .as_str()
            .expect("an id")
            .to_owned();
        assert_eq!(ben.message(&id).await["payload"]["content"], text);
    }
}

#[tokio::test]
async fn a_message_may_be_sent_at_its_chats_own_address() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let (chat, other) = (anna.direct(&ben).await, anna.direct(&cleo).await);
    let path = format!("/chats/{chat}/messages");
    let body = json!({"type": "text", "content": "here", "clientMessageId": "c1"});
    let sent = anna.api.post(&path, body.clone()).await.created();
    assert_eq!(sent["chatId"], chat.as_str());
    let mut elsewhere = body.clone();
    elsewhere["chatId"] = json!(other);
    anna.api
        .post(&path, elsewhere)
        .await
        .refused_field("chatId");
    let again = anna.post_message(&chat, body.clone()).await.ok();
    assert_eq!(again["messageId"], sent["messageId"], "one and the same");
    cleo.api.post(&path, body).await.refused(404);
}
