//! Sends without pause until the server is gone, and keeps account of what was answered.

use std::collections::BTreeMap;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Person, Socket};

/// Sends of one socket that wait for their ack.
const OUTSTANDING: usize = 16;

/// Where a message was put, as its ack says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub message_id: String,
    pub seq: u64,
    pub rev: u64,
}

impl Place {
    /// From an ack, or an answer of `POST /messages`.
    pub fn of(answer: &Value) -> Self {
        Self {
            message_id: answer["messageId"].as_str().expect("an id").to_owned(),
            seq: answer["seq"].as_u64().expect("a seq"),
            rev: answer["rev"].as_u64().expect("a rev"),
        }
    }
}

/// One message as its sender knows it.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub sender: usize,
    pub chat_id: String,
    pub content: String,
    /// `None`: it may or may not be there.
    pub acked: Option<Place>,
}

/// Attempts by `clientMessageId`.
pub type Attempts = BTreeMap<String, Attempt>;

/// The next message of a sender: its `clientMessageId` and the rest.
fn next((sender, round): (usize, usize), number: usize, chats: &[String]) -> (String, Attempt) {
    let client_id = format!("{round}-{sender}-{number}");
    let attempt = Attempt {
        sender,
        chat_id: chats[number % chats.len()].clone(),
        content: format!("message {client_id}"),
        acked: None,
    };
    (client_id, attempt)
}

/// Over a WebSocket, several sends at a time.
pub async fn over_socket(person: Person, who: (usize, usize), chats: Vec<String>) -> Attempts {
    let mut attempts = Attempts::new();
    let bearer = format!("Bearer {}", person.access_token);
    let request = Socket::request(person.api.base(), "", &[("authorization", &bearer)]);
    let Ok((mut stream, _)) = connect_async(request).await else {
        return attempts;
    };
    let mut outstanding = 0;
    loop {
        while outstanding < OUTSTANDING {
            let (client_id, attempt) = next(who, attempts.len(), &chats);
            let frame = json!({
                "type": "message.send", "id": client_id, "chatId": attempt.chat_id,
                "clientMessageId": client_id,
                "message": {"type": "text", "content": attempt.content},
            });
            attempts.insert(client_id, attempt);
            outstanding += 1;
            if stream.send(Message::text(frame.to_string())).await.is_err() {
                return attempts;
            }
        }
        let frame = match stream.next().await {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(_)) => continue,
            Some(Err(_)) | None => return attempts,
        };
        let frame: Value = serde_json::from_str(&frame).expect("frames are JSON");
        let Some(client_id) = frame["id"].as_str() else {
            continue;
        };
        let attempt = attempts.get_mut(client_id).expect("an id of ours");
        outstanding -= 1;
        match frame["type"].as_str() {
            Some("ack") => attempt.acked = Some(Place::of(&frame)),
            other => panic!("a send was answered with {other:?}: {frame}"),
        }
    }
}

/// Over REST, one after another.
pub async fn over_rest(person: Person, who: (usize, usize), chats: Vec<String>) -> Attempts {
    let mut attempts = Attempts::new();
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("an http client");
    loop {
        let (client_id, attempt) = next(who, attempts.len(), &chats);
        let body = json!({
            "chatId": attempt.chat_id, "clientMessageId": client_id,
            "type": "text", "content": attempt.content,
        });
        let attempt = attempts.entry(client_id).or_insert(attempt);
        let sent = http
            .post(format!("{}/api/v1/messages", person.api.base()))
            .bearer_auth(&person.access_token)
            .json(&body)
            .send()
            .await;
        let Ok(answer) = sent else {
            return attempts;
        };
        assert_eq!(answer.status(), 201);
        match answer.json::<Value>().await {
            Ok(answer) => attempt.acked = Some(Place::of(&answer)),
            Err(_) => return attempts,
        }
    }
}
