//! Every way a message can be wrong, over REST and WebSocket alike.

use serde_json::{Value, json};

use crate::support::Server;

/// A message, and the field its refusal names.
fn bad_messages() -> Vec<(Value, &'static str)> {
    let id = uuid::Uuid::now_v7().to_string();
    let mut bad = vec![
        (json!({"content": "x"}), "type"),
        (json!({"type": 5, "content": "x"}), "type"),
        (json!({"type": "sticker", "content": "x"}), "type"),
        (json!({"type": "system", "content": "x"}), "type"),
        (json!({"type": "text"}), "content"),
        (json!({"type": "text", "content": ""}), "content"),
        (json!({"type": "text", "content": 5}), "content"),
        (json!({"type": "text", "content": ["x"]}), "content"),
        (
            json!({"type": "text", "content": "é".repeat(4097)}),
            "content",
        ),
        (
            json!({"type": "text", "content": "x", "replyToId": "first"}),
            "replyToId",
        ),
        (
            json!({"type": "text", "content": "x", "replyToId": 5}),
            "replyToId",
        ),
        (
            json!({"type": "text", "content": "x", "senderId": id}),
            "senderId",
        ),
        (json!({"type": "text", "content": "x", "id": id}), "id"),
        (json!({"type": "text", "content": "x", "seq": 1}), "seq"),
        (
            json!({"type": "text", "content": "x", "createdAt": "2026-01-01T00:00:00.000Z"}),
            "createdAt",
        ),
        (
            json!({"type": "text", "content": "x", "forwarded": true}),
            "forwarded",
        ),
    ];
    bad.extend(bad_payloads(&id));
    bad
}

fn bad_payloads(id: &str) -> Vec<(Value, &'static str)> {
    let place = |latitude: Value, longitude: Value| json!({"type": "location", "payload": {"latitude": latitude, "longitude": longitude}});
    vec![
        (json!({"type": "image"}), "payload"),
        (json!({"type": "image", "payload": 5}), "payload"),
        (json!({"type": "image", "payload": {}}), "payload.mediaId"),
        (
            json!({"type": "image", "payload": {"mediaId": "cat.png"}}),
            "payload.mediaId",
        ),
        (
            json!({"type": "image", "payload": {"mediaId": id, "caption": "x".repeat(4097)}}),
            "payload.caption",
        ),
        (
            json!({"type": "image", "payload": {"mediaId": id, "caption": 5}}),
            "payload.caption",
        ),
        (
            json!({"type": "image", "payload": {"mediaId": id, "mediaUrl": "http://x"}}),
            "payload.mediaUrl",
        ),
        (
            json!({"type": "document", "payload": {"mediaId": id, "fileName": 5}}),
            "payload.fileName",
        ),
        (json!({"type": "location"}), "payload"),
        (
            json!({"type": "location", "payload": {"longitude": 0.0}}),
            "payload.latitude",
        ),
        (place(json!(0.0), json!("east")), "payload.longitude"),
        (place(json!(90.1), json!(0.0)), "payload.latitude"),
        (place(json!(-90.1), json!(0.0)), "payload.latitude"),
        (place(json!(0.0), json!(180.1)), "payload.longitude"),
        (place(json!(0.0), Value::Null), "payload.longitude"),
        (
            json!({"type": "location", "payload": {"latitude": 0.0, "longitude": 0.0, "altitude": 1}}),
            "payload.altitude",
        ),
    ]
}

#[tokio::test]
async fn a_bad_message_is_refused_naming_the_field() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    for (message, field) in bad_messages() {
        anna.post_message(&chat, message).await.refused_field(field);
    }
    let text = json!({"type": "text", "content": "x"});
    for (name, value) in [
        ("clientMessageId", json!("")),
        ("clientMessageId", json!("x".repeat(65))),
        ("clientMessageId", json!(5)),
        ("client_message_id", json!("x".repeat(65))),
    ] {
        let mut message = text.clone();
        message[name] = value;
        anna.post_message(&chat, message)
            .await
            .refused_field("clientMessageId");
    }
    for (body, field) in [
        (json!({"type": "text", "content": "x"}), "chatId"),
        (
            json!({"chatId": 5, "type": "text", "content": "x"}),
            "chatId",
        ),
        (
            json!({"chatId": "ours", "type": "text", "content": "x"}),
            "chatId",
        ),
    ] {
        anna.api.post("/messages", body).await.refused_field(field);
    }
    assert!(anna.history(&chat).await.is_empty());
    assert_eq!(anna.chat(&chat).await["headRev"], 1);
}

#[tokio::test]
async fn a_bad_message_by_socket_is_an_error_and_the_connection_lives() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut socket = anna.socket().await;
    for (message, field) in bad_messages() {
        let refusal = socket
            .ask(json!({"type": "message.send", "chatId": chat, "message": message}))
            .await;
        assert_eq!(refusal["type"], "error", "{message}: {refusal}");
        assert_eq!(refusal["code"], "invalid", "{message}: {refusal}");
        let named = refusal["errors"].to_string().contains(field);
        assert!(named, "{message}: {refusal} should name {field}");
    }
    let text = json!({"type": "text", "content": "x"});
    for (frame, code) in [
        (json!({"type": "message.send", "message": text}), "invalid"),
        (
            json!({"type": "message.send", "chatId": "x", "message": text}),
            "invalid",
        ),
        (json!({"type": "message.send", "chatId": chat}), "invalid"),
        (
            json!({"type": "message.send", "chatId": chat, "message": 5}),
            "invalid",
        ),
        (
            json!({"type": "message.send", "chatId": chat, "message": text, "clientMessageId": ""}),
            "invalid",
        ),
        (
            json!({"type": "message.send", "chatId": chat, "message": text, "senderId": ben.id}),
            "invalid",
        ),
        (
            json!({"type": "message.send", "chatId": uuid::Uuid::now_v7().to_string(), "message": text}),
            "not_found",
        ),
    ] {
        let refusal = socket.ask(frame.clone()).await;
        assert_eq!(refusal["code"], code, "{frame}: {refusal}");
    }
    socket.say(&chat, "still here").await;
    assert_eq!(anna.history(&chat).await.len(), 1);
}

#[tokio::test]
async fn a_reply_stays_in_its_chat() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let (ours, theirs) = (anna.direct(&ben).await, anna.direct(&cleo).await);
    let first = anna.say(&theirs, "first").await;
    let unknown = json!(uuid::Uuid::now_v7().to_string());
    for target in [first["messageId"].clone(), unknown] {
        anna.post_message(
            &ours,
            json!({"type": "text", "content": "re", "replyToId": target}),
        )
        .await
        .refused(404);
    }
    anna.post_message(
        &theirs,
        json!({"type": "text", "content": "re", "replyToId": first["messageId"]}),
    )
    .await
    .created();
}
