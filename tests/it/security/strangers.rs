//! Whatever the caller may not know exists is 404, word for word as if it did not.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Person, Server};

/// Method, path and body of every call that names a chat.
fn of_chat(chat: &str, member: &str) -> Vec<(Method, String, Value)> {
    let at = |path: &str| format!("/chats/{chat}{path}");
    vec![
        (Method::GET, at(""), Value::Null),
        (Method::PATCH, at(""), json!({"name": "mine now"})),
        (Method::GET, at("/participants"), Value::Null),
        (
            Method::POST,
            at("/participants"),
            json!({"userIds": [member]}),
        ),
        (
            Method::PATCH,
            at(&format!("/participants/{member}")),
            json!({"role": "admin"}),
        ),
        (
            Method::DELETE,
            at(&format!("/participants/{member}")),
            Value::Null,
        ),
        (Method::POST, at("/leave"), Value::Null),
        (Method::PUT, at("/mute"), Value::Null),
        (Method::DELETE, at("/mute"), Value::Null),
        (Method::PUT, at("/pin"), Value::Null),
        (Method::DELETE, at("/pin"), Value::Null),
        (Method::PUT, at("/auto-delete"), json!({"seconds": 60})),
        (Method::DELETE, at("/auto-delete"), Value::Null),
        (Method::GET, at("/messages"), Value::Null),
        (Method::GET, at("/digest?from=1&to=9"), Value::Null),
        (
            Method::POST,
            "/messages".to_owned(),
            json!({"chatId": chat, "type": "text", "content": "let me in"}),
        ),
    ]
}

/// The same for a message.
fn of_message(id: &str) -> Vec<(Method, String, Value)> {
    let at = |path: &str| format!("/messages/{id}{path}");
    vec![
        (Method::GET, at(""), Value::Null),
        (Method::PATCH, at(""), json!({"content": "mine now"})),
        (Method::DELETE, at("?scope=me"), Value::Null),
        (Method::DELETE, at("?scope=everyone"), Value::Null),
        (Method::GET, at("/receipts"), Value::Null),
        (
            Method::PUT,
            "/messages/status".to_owned(),
            json!({"messageId": id, "status": "read"}),
        ),
        (
            Method::POST,
            "/messages/read".to_owned(),
            json!({"messageIds": [id]}),
        ),
    ]
}

async fn refusal(person: &Person, call: (Method, String, Value)) -> Value {
    let (method, path, body) = call;
    let body = (!body.is_null()).then_some(body);
    let mut problem = person.api.call(method, &path, body).await.refused(404);
    problem["requestId"] = Value::Null;
    problem
}

#[tokio::test]
async fn a_foreign_chat_is_no_chat() {
    let server = Server::shared().await;
    let [anna, ben, stranger] = server.people().await;
    let group = anna.group("Ours", &[&ben]).await;
    anna.say(&group, "ours").await;
    let unknown = uuid::Uuid::now_v7().to_string();
    let foreign = of_chat(&group, &ben.id);
    let nothing = of_chat(&unknown, &ben.id);
    for (foreign, nothing) in foreign.into_iter().zip(nothing) {
        let what = format!("{} {}", foreign.0, foreign.1);
        let there = refusal(&stranger, foreign).await;
        let not_there = refusal(&stranger, nothing).await;
        assert_eq!(there, not_there, "{what}");
    }
    for call in of_chat("not-an-id", &ben.id) {
        if call.1 != "/messages" {
            refusal(&stranger, call).await;
        }
    }
    assert_eq!(anna.chat(&group).await["headRev"], 2, "nothing changed");
    assert_eq!(anna.chat(&group).await["participantCount"], 2);
}

#[tokio::test]
async fn a_foreign_message_is_no_message() {
    let server = Server::shared().await;
    let [anna, ben, stranger] = server.people().await;
    let chat = anna.direct(&ben).await;
    let sent = anna.say(&chat, "ours").await;
    let id = sent["messageId"].as_str().expect("an id");
    let unknown = uuid::Uuid::now_v7().to_string();
    for (foreign, nothing) in of_message(id).into_iter().zip(of_message(&unknown)) {
        let what = format!("{} {}", foreign.0, foreign.1);
        let there = refusal(&stranger, foreign).await;
        let not_there = refusal(&stranger, nothing).await;
        assert_eq!(there, not_there, "{what}");
    }
    let mut expected = sent["message"].clone();
    expected["isStarred"] = json!(false);
    assert_eq!(anna.message(id).await, expected, "nothing changed");
    let mut socket = stranger.socket().await;
    for frame in [
        json!({"type": "message.ack", "chatId": chat, "seq": 1}),
        json!({"type": "message.read", "chatId": chat, "seq": 1}),
        json!({"type": "typing.start", "chatId": chat}),
        json!({"type": "message.send", "chatId": chat, "message": {"type": "text", "content": "x"}}),
    ] {
        let answer = socket.ask(frame).await;
        assert_eq!(answer["code"], "not_found", "{answer}");
    }
}

#[tokio::test]
async fn foreign_devices_and_sessions_are_none() {
    let server = Server::shared().await;
    let [anna, stranger] = server.people().await;
    let device = anna
        .api
        .post(
            "/users/devices",
            json!({"token": format!("t-{}", anna.id), "platform": "android"}),
        )
        .await
        .created();
    let session = anna.api.get("/auth/sessions").await.items()[0].clone();
    let unknown = json!(uuid::Uuid::now_v7().to_string());
    for (path, id) in [
        ("users/devices", &device["id"]),
        ("auth/sessions", &session["id"]),
    ] {
        let mut answers = Vec::new();
        for id in [id, &unknown] {
            let path = format!("/{path}/{}", id.as_str().expect("an id"));
            answers.push(refusal(&stranger, (Method::DELETE, path, Value::Null)).await);
        }
        assert_eq!(answers[0], answers[1], "{path}");
    }
    anna.api.get("/users/me").await.ok();
    assert_eq!(anna.api.get("/users/devices").await.items().len(), 1);
}

#[tokio::test]
async fn chats_of_others_never_reach_a_strangers_socket() {
    let server = Server::shared().await;
    let [anna, ben, stranger] = server.people().await;
    let mut listening = stranger.socket().await;
    let chat = anna.direct(&ben).await;
    anna.say(&chat, "between us").await;
    let ours = stranger.direct(&anna).await;
    anna.say(&ours, "for you").await;
    listening.expect_of("message.new", &ours).await;
    let foreign = listening
        .log()
        .iter()
        .any(|frame| frame.to_string().contains(&chat));
    assert!(!foreign, "{:?}", listening.log());
}
