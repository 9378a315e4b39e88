//! The AsyncAPI document and the frames it describes.

use std::collections::BTreeSet;

use asyncapi_rust::AsyncApiSpec;
use serde_json::{Value, json};
use troupe::actors::websocket::frame::parse;
use troupe::http::docs::{asyncapi, frames};

const ID: &str = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

/// One of each frame a client may send, with every field it may have.
fn spoken() -> Vec<Value> {
    vec![
        json!({"type": "message.send", "id": "1", "chatId": ID, "clientMessageId": "a", "message":
            {"type": "text", "content": "hello", "replyToId": ID}}),
        json!({"type": "message.ack", "id": "1", "chatId": ID, "seq": 1}),
        json!({"type": "message.read", "id": "1", "chatId": ID, "seq": 1}),
        json!({"type": "typing.start", "id": "1", "chatId": ID}),
        json!({"type": "typing.stop", "id": "1", "chatId": ID}),
        json!({"type": "presence.subscribe", "id": "1", "userIds": [ID]}),
        json!({"type": "presence.unsubscribe", "id": "1", "userIds": [ID]}),
        json!({"type": "sync", "id": "1", "chats": {ID: 3}, "me": 2, "acks": "x", "only": [ID]}),
        json!({"type": "client.state", "id": "1", "foreground": true}),
        json!({"type": "auth", "id": "1", "token": "t"}),
        json!({"type": "ping", "id": "1"}),
    ]
}

#[test]
fn client_frames_are_read_as_they_are_described() {
    let described = frames().client;
    for frame in spoken() {
        let read = parse(&frame.to_string());
        assert!(read.is_ok(), "{frame} is refused: {read:?}");
        let shape = described
            .iter()
            .find(|shape| shape.name == frame["type"])
            .unwrap_or_else(|| panic!("{frame} is not described"));
        let fields: BTreeSet<_> = shape.schema["properties"]
            .as_object()
            .expect("fields")
            .keys()
            .collect();
        let sent: BTreeSet<_> = frame.as_object().expect("an object").keys().collect();
        assert_eq!(fields, sent, "fields of {}", shape.name);
    }
    let names: BTreeSet<_> = described.iter().map(|shape| shape.name.clone()).collect();
    let said: BTreeSet<_> = spoken()
        .iter()
        .filter_map(|frame| frame["type"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(names, said);
}

#[test]
fn server_frames_are_described_as_they_are() {
    let document = asyncapi();
    let payload = |key: &str| {
        let message = &document["components"]["messages"][key];
        assert!(message.is_object(), "{key} is not described");
        message["payload"].clone()
    };
    let required = |key: &str| {
        let fields = payload(key)["required"].as_array().cloned();
        let fields = fields.unwrap_or_default();
        let named = fields
            .iter()
            .filter_map(|field| field.as_str().map(str::to_owned));
        named.collect::<BTreeSet<_>>()
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let expected: BTreeSet<String> = names(&["type", "code", "message"]);
    assert_eq!(required("server.error"), expected);
    let expected: BTreeSet<String> = names(&["type", "tokenExpiresAt"]);
    assert_eq!(required("server.ack.auth"), expected);
    assert!(required("server.ack").contains("messageId"));
    assert!(required("server.presence.updated").contains("type"));
    let shape = payload("server.presence.updated");
    let body = shape["allOf"][0]["$ref"].as_str().unwrap_or_default();
    assert!(body.ends_with("/PresenceView"), "{shape}");
    let expected: BTreeSet<String> = names(&["type"]);
    assert_eq!(required("client.sync"), expected);
}

#[test]
fn every_frame_has_a_name() {
    let frames = frames();
    for shape in frames.client.iter().chain(&frames.server) {
        assert!(!shape.name.is_empty(), "{}", shape.schema);
    }
}

#[test]
fn the_document_has_the_shape_of_asyncapi() {
    let document = asyncapi();
    let spec: AsyncApiSpec = serde_json::from_value(document.clone()).expect("AsyncAPI 3");
    assert_eq!(spec.asyncapi, "3.0.0");
    let messages = document["components"]["messages"]
        .as_object()
        .expect("messages");
    assert!(messages.len() > 25, "{:?}", messages.keys());
    for (name, message) in messages {
        assert!(message["payload"].is_object(), "{name} has no shape");
    }
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap_or_default();
        assert!(
            document.pointer(pointer).is_some(),
            "{pointer} is not there"
        );
    }
}
