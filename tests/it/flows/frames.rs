//! The rules every frame is held to.

use std::time::Duration;

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::support::Server;

#[tokio::test]
async fn a_frame_that_makes_no_sense_gets_an_error_and_the_connection_lives() {
    let server = Server::shared().await;
    let person = server.person().await;
    let mut socket = person.socket().await;
    for text in [
        "",
        "hello",
        "5",
        "null",
        "[]",
        "\"x\"",
        "{",
        "{}",
        "{\"type\":5}",
        "{\"type\":\"message.fly\"}",
    ] {
        socket.send_raw(Message::text(text)).await;
        let refusal = socket.expect_type("error").await;
        let code = refusal["code"].as_str();
        assert!(
            matches!(code, Some("bad_request" | "invalid")),
            "{text}: {refusal}"
        );
        assert!(refusal["message"].is_string(), "{refusal}");
    }
    let echoed = socket.ask(json!({"type": "message.fly"})).await;
    assert_eq!(echoed["type"], "error");
    for frame in [
        json!({"type": "ping", "more": 1}),
        json!({"type": "ping", "id": 5}),
        json!({"type": "ping", "id": "x".repeat(65)}),
        json!({"type": "client.state"}),
        json!({"type": "client.state", "foreground": "no"}),
        json!({"type": "sync", "chats": []}),
    ] {
        socket.send(frame.clone()).await;
        let refusal = socket.expect_type("error").await;
        assert_eq!(refusal["code"], "invalid", "{frame}: {refusal}");
    }
    let chat = uuid::Uuid::now_v7();
    for (message, field) in [
        (json!({"type": "sticker"}), "message.type"),
        (json!({"type": "text", "content": ""}), "message.content"),
        (json!({"type": "text", "content": 5}), "message.content"),
        (
            json!({"type": "image", "payload": {}}),
            "message.payload.mediaId",
        ),
    ] {
        let frame = json!({"type": "message.send", "chatId": chat, "message": message});
        socket.send(frame).await;
        let refusal = socket.expect_type("error").await;
        assert_eq!(refusal["errors"][0]["field"], field, "{refusal}");
    }
    let id = "x".repeat(64);
    socket.send(json!({"type": "ping", "id": id})).await;
    let pong = socket.expect_type("pong").await;
    assert_eq!(pong["id"], id.as_str());
}

#[tokio::test]
async fn an_upgrade_that_is_none_is_a_bad_request() {
    let server = Server::shared().await;
    let person = server.person().await;
    let asked = server
        .root()
        .with_token(&person.access_token)
        .with_header("connection", "upgrade")
        .with_header("upgrade", "websocket");
    let whole = [
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
    ];
    for (name, value) in whole {
        asked.with_header(name, value).get("/ws").await.refused(400);
    }
    let [(key, nonce), (version, _)] = whole;
    let old = asked.with_header(key, nonce).with_header(version, "12");
    old.get("/ws").await.refused(400);
}

#[tokio::test]
async fn binary_frames_close_with_4400() {
    let server = Server::shared().await;
    let person = server.person().await;
    let mut socket = person.socket().await;
    socket.send_raw(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(socket.closed().await, Some(4400));
}

#[tokio::test]
async fn a_frame_over_64_kib_closes_with_1009() {
    let server = Server::shared().await;
    let person = server.person().await;
    let mut socket = person.socket().await;
    let fits = format!("{{\"type\":\"ping\",\"id\":\"a\"{}}}", " ".repeat(65_000));
    socket.send_raw(Message::text(fits)).await;
    socket.expect_type("pong").await;
    let over = format!("{{\"type\":\"ping\",\"id\":\"a\"{}}}", " ".repeat(66_000));
    socket.send_raw(Message::text(over)).await;
    assert_eq!(socket.closed().await, Some(1009));
}

#[tokio::test]
async fn the_subprotocol_is_echoed_if_offered() {
    let server = Server::shared().await;
    let person = server.person().await;
    let bearer = format!("Bearer {}", person.access_token);
    let request = crate::support::Socket::request(
        &server.origin(),
        "",
        &[
            ("authorization", &bearer),
            ("sec-websocket-protocol", "troupe.v1"),
        ],
    );
    // The client refuses an answer that does not echo what it offered.
    let mut socket = crate::support::Socket::open_with(request)
        .await
        .expect("open");
    socket.settle().await;
}

#[tokio::test]
async fn heads_come_every_25_seconds_even_when_nothing_changed() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let (mut of_anna, mut idle) = (anna.socket().await, server.person().await.socket().await);
    let sent = ben.say(&chat, "hello").await;
    let within = Duration::from_secs(35);
    let heads = of_anna
        .expect_within(within, "heads", |frame| frame["type"] == "heads")
        .await;
    assert_eq!(
        heads["chats"],
        json!({chat: {"seq": sent["seq"], "rev": sent["rev"]}}),
        "{heads}"
    );
    assert!(heads["me"].is_u64(), "{heads}");
    let quiet = idle
        .expect_within(within, "heads", |frame| frame["type"] == "heads")
        .await;
    assert_eq!(quiet["chats"], json!({}));
}
