//! What clients say, and what becomes of it.

use serde_json::{Value, json};
use troupe::actors::chat::requests::ChatCommand;
use troupe::error::Failure;
use troupe::id::{ChatId, UserId};

use super::stage::Stage;

#[actix::test]
async fn bad_frames_get_an_error_that_names_the_field_and_the_connection_lives() {
    let stage = Stage::new();
    let mut peer = stage.open(UserId::new()).await;
    let chat = ChatId::new();
    let text = json!({"type": "text", "content": "hi"});
    let send = |changes: Value| {
        let mut frame = json!({"type": "message.send", "id": "1", "chatId": chat, "message": text});
        for (key, value) in changes.as_object().unwrap() {
            frame[key] = value.clone();
        }
        frame
    };
    let long = "x".repeat(65);
    let cases = [
        (json!([1]), "invalid", Value::Null),
        (json!("text"), "invalid", Value::Null),
        (json!({}), "invalid", json!("type")),
        (json!({"type": "nonsense"}), "invalid", json!("type")),
        (json!({"type": 5}), "invalid", json!("type")),
        (json!({"type": "ping", "id": long}), "invalid", json!("id")),
        (json!({"type": "ping", "id": 5}), "invalid", json!("id")),
        (
            json!({"type": "ping", "extra": 5}),
            "invalid",
            json!("extra"),
        ),
        (send(json!({"chatId": "x"})), "invalid", json!("chatId")),
        (send(json!({"chatId": null})), "invalid", json!("chatId")),
        (
            send(json!({"senderId": chat})),
            "invalid",
            json!("senderId"),
        ),
        (
            send(json!({"clientMessageId": ""})),
            "invalid",
            json!("clientMessageId"),
        ),
        (
            send(json!({"clientMessageId": long})),
            "invalid",
            json!("clientMessageId"),
        ),
        (send(json!({"message": []})), "invalid", json!("message")),
        (
            send(json!({"message": {"type": "text", "seq": 1}})),
            "invalid",
            json!("message.seq"),
        ),
        (
            json!({"type": "message.ack", "chatId": chat, "seq": -1}),
            "invalid",
            json!("seq"),
        ),
        (
            json!({"type": "message.read", "chatId": chat, "seq": 0}),
            "invalid",
            json!("seq"),
        ),
        (
            json!({"type": "client.state", "foreground": "yes"}),
            "invalid",
            json!("foreground"),
        ),
    ];
    for (frame, code, field) in cases {
        peer.say(frame.clone());
        let error = peer.expect("error").await;
        assert_eq!(error["code"], code, "{frame}");
        assert_eq!(error["errors"][0]["field"], field, "{frame}: {error}");
    }
    peer.say_bytes(&super::peer::masked(0x81, b"{\"type\":"));
    assert_eq!(peer.expect("error").await["code"], "bad_request");
    assert!(peer.is_alive().await);
    assert!(stage.commands().is_empty());
}

#[actix::test]
async fn a_send_reaches_its_chat_and_its_answer_comes_back_by_the_lane() {
    let stage = Stage::new();
    let user = UserId::new();
    let mut peer = stage.open(user).await;
    let chat = ChatId::new();
    peer.say(json!({
        "type": "message.send", "id": "\u{1f600} any string", "chat_id": chat,
        "client_message_id": "c-1", "message": {"type": "text", "content": "hi"},
    }));
    peer.say(json!({
        "type": "message.send", "chatId": chat, "message": {"type": "text", "content": "there"},
    }));
    assert!(peer.is_alive().await);
    let mut commands = stage.commands().into_iter();
    let Some((to, ChatCommand::Send(first))) = commands.next() else {
        panic!("no send");
    };
    assert_eq!((to, first.sender), (chat, user));
    assert_eq!(first.client_message_id, "c-1");
    assert_eq!(first.reply.connection(), Some(peer.connection));
    assert_eq!(first.reply.frame_id(), Some("\u{1f600} any string"));
    let Some((_, ChatCommand::Send(second))) = commands.next() else {
        panic!("frames are handled in order");
    };
    assert!(!second.client_message_id.is_empty(), "one is made");

    first.reply.refuse(&Failure::forbidden("not today"));
    let error = peer.expect("error").await;
    assert_eq!(
        (&error["id"], &error["code"]),
        (&json!("\u{1f600} any string"), &json!("forbidden"))
    );
    drop(second);
    let error = peer.expect("error").await;
    assert_eq!(error["code"], "outcome_unknown", "never without an answer");
}

#[actix::test]
async fn typing_is_passed_on_each_time() {
    let stage = Stage::new();
    let mut peer = stage.open(UserId::new()).await;
    let chat = ChatId::new();
    // After a send, which ends it where it arrives, the next start is news again.
    peer.say(json!({"type": "typing.start", "chatId": chat}));
    peer.say(json!({
        "type": "message.send", "chatId": chat, "message": {"type": "text", "content": "hi"},
    }));
    peer.say(json!({"type": "typing.start", "chatId": chat}));
    peer.say(json!({"type": "typing.start", "chatId": chat}));
    peer.say(json!({"type": "typing.stop", "chatId": chat}));
    assert!(peer.is_alive().await);
    let started: Vec<bool> = stage
        .commands()
        .into_iter()
        .filter_map(|(_, command)| match command {
            ChatCommand::Typing(typing) => Some(typing.started),
            _ => None,
        })
        .collect();
    assert_eq!(started, [true, true, true, false]);
}
