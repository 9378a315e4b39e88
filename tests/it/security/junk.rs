//! No input makes the server fail: every route and every frame against values nobody should send.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Person, Server};

fn junk() -> Vec<Value> {
    let mut junk = vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e300),
        json!(""),
        json!("\u{0}"),
        json!("x".repeat(10_000)),
        json!("00000000-0000-0000-0000-000000000000"),
        json!("everyone"),
        json!([]),
        json!({}),
        json!([[[[[]]]]]),
        json!({"$gt": ""}),
    ];
    junk.push(json!(junk));
    junk
}

/// Method, path and fields of every call with a body; `{chat}`, `{me}` and `{message}` are filled in.
const CALLS: &[(Method, &str, &str)] = &[
    (Method::POST, "/auth/request-otp", "phone"),
    (
        Method::POST,
        "/auth/verify-otp",
        "phone code deviceId deviceName platform",
    ),
    (Method::POST, "/auth/refresh", "refreshToken deviceId"),
    (
        Method::PATCH,
        "/users/me",
        "displayName statusText avatarMediaId",
    ),
    (
        Method::PUT,
        "/users/me/privacy",
        "lastSeen about readReceipts groupAdd",
    ),
    (Method::POST, "/users/contacts/sync", "phones"),
    (Method::POST, "/users/devices", "token platform"),
    (
        Method::POST,
        "/chats",
        "type userId name participantIds description adminOnly",
    ),
    (
        Method::PATCH,
        "/chats/{chat}",
        "name description adminOnly avatarMediaId",
    ),
    (Method::POST, "/chats/{chat}/participants", "userIds"),
    (Method::PATCH, "/chats/{chat}/participants/{me}", "role"),
    (Method::PUT, "/chats/{chat}/mute", "until"),
    (Method::PUT, "/chats/{chat}/auto-delete", "seconds"),
    (
        Method::POST,
        "/chats/{chat}/messages",
        "type content payload replyToId clientMessageId",
    ),
    (
        Method::POST,
        "/messages",
        "chatId type content payload replyToId clientMessageId",
    ),
    (Method::PATCH, "/messages/{message}", "content"),
    (
        Method::PUT,
        "/messages/status",
        "messageId messageIds status",
    ),
    (Method::POST, "/messages/read", "messageIds"),
    (Method::POST, "/sync", "chats me acks only"),
];

async fn group_of(server: &Server) -> (Person, String, String) {
    let [anna, ben] = server.people().await;
    let group = anna.group("Ours", &[&ben]).await;
    let sent = anna.say(&group, "hello").await;
    let message = sent["messageId"].as_str().expect("an id").to_owned();
    (anna, group, message)
}

#[tokio::test]
async fn no_body_makes_a_route_fail() {
    let server = Server::shared().await;
    let (anna, group, message) = group_of(server).await;
    let valid = json!({"type": "text", "chatId": group, "content": "x", "messageId": message, "status": "read", "chats": {}, "me": 0});
    for (method, path, fields) in CALLS {
        let fields: Vec<&str> = fields.split(' ').collect();
        let path = path
            .replace("{chat}", &group)
            .replace("{me}", &anna.id)
            .replace("{message}", &message);
        for value in junk() {
            for field in &fields {
                let mut body = json!({});
                for other in &fields {
                    if let Some(good) = valid.get(*other) {
                        body[*other] = good.clone();
                    }
                }
                body[*field] = value.clone();
                let answer = anna.api.call(method.clone(), &path, Some(body)).await;
                assert!(answer.status < 500, "{field} = {value:.80}: {answer:?}");
                if answer.status >= 400 {
                    let status = answer.status;
                    answer.refused(status);
                }
            }
            let whole = anna.api.call(method.clone(), &path, Some(value)).await;
            assert!(whole.status < 500, "{whole:?}");
        }
    }
    assert!(!server.output().contains("panicked"), "{}", server.output());
}

#[tokio::test]
async fn no_path_or_query_makes_a_route_fail() {
    let server = Server::shared().await;
    let (anna, group, message) = group_of(server).await;
    let long = "9".repeat(3000);
    let strange = [
        "%00",
        "..",
        "%2e%2e%2f",
        "%ff",
        "0",
        "-1",
        "null",
        "%27%20OR%201%3D1",
        "x%0d%0aSet-Cookie:a",
        &long,
    ];
    for value in strange {
        for path in [
            format!("/chats/{value}"),
            format!("/chats/{value}/messages"),
            format!("/chats/{group}/participants/{value}"),
            format!("/messages/{value}"),
            format!("/messages/{value}/receipts"),
            format!("/users/{value}"),
            format!("/users/{value}/presence"),
            format!("/chats/{group}/messages?cursor={value}"),
            format!("/chats/{group}/messages?before={value}&limit={value}"),
            format!("/chats/{group}/digest?from={value}&to={value}"),
            format!("/chats?cursor={value}"),
            format!("/users/contacts?cursor={value}&limit=1"),
            format!("/messages/{message}?scope={value}"),
        ] {
            for method in [Method::GET, Method::DELETE] {
                let answer = anna.api.call(method, &path, None).await;
                assert!(answer.status < 500, "{answer:?}");
                assert!(answer.header("set-cookie").is_none(), "{answer:?}");
            }
        }
    }
    assert!(!server.output().contains("panicked"), "{}", server.output());
}

#[tokio::test]
async fn no_frame_makes_the_socket_fail() {
    let server = Server::shared().await;
    let (anna, group, _) = group_of(server).await;
    let mut socket = anna.socket().await;
    let frames = [
        ("message.send", vec!["chatId", "clientMessageId", "message"]),
        ("message.ack", vec!["chatId", "seq"]),
        ("message.read", vec!["chatId", "seq"]),
        ("typing.start", vec!["chatId"]),
        ("typing.stop", vec!["chatId"]),
        ("presence.subscribe", vec!["userIds"]),
        ("presence.unsubscribe", vec!["userIds"]),
        ("sync", vec!["chats", "me", "acks"]),
        ("client.state", vec!["foreground"]),
        ("auth", vec!["token"]),
        ("ping", vec!["id"]),
    ];
    for (kind, fields) in frames {
        for value in junk() {
            for field in &fields {
                let mut frame = json!({"type": kind});
                if fields.contains(&"chatId") {
                    frame["chatId"] = json!(group);
                }
                frame[*field] = value.clone();
                socket.send(frame).await;
            }
        }
        socket.settle().await;
    }
    assert!(!server.output().contains("panicked"), "{}", server.output());
}
