//! What clients say on a socket, as the AsyncAPI document shows it. `actors/websocket/frame.rs`
//! reads these frames; a test gives it one of each.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use crate::id::{ChatId, MessageId, UserId};

/// Every frame may carry an `id` of up to 64 characters, which its answer echoes.
#[derive(JsonSchema)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum ClientFrames {
    /// Sends a message; answered by `ack` with the body of `POST /messages`.
    #[serde(rename = "message.send")]
    Send {
        id: Option<String>,
        chat_id: ChatId,
        /// Any 1–64 characters, unique per sender and chat for good: the same again is answered
        /// with the first ids.
        client_message_id: Option<String>,
        message: ClientMessage,
    },
    /// This device has every message up to `seq`.
    #[serde(rename = "message.ack")]
    Delivered {
        id: Option<String>,
        chat_id: ChatId,
        seq: u64,
    },
    /// Its user has read every message up to `seq`.
    #[serde(rename = "message.read")]
    Read {
        id: Option<String>,
        chat_id: ChatId,
        seq: u64,
    },
    /// Over after 5 s unless said again.
    #[serde(rename = "typing.start")]
    TypingStart { id: Option<String>, chat_id: ChatId },
    #[serde(rename = "typing.stop")]
    TypingStop { id: Option<String>, chat_id: ChatId },
    /// Answered by one `presence.updated` each, then on every change; for this connection only.
    #[serde(rename = "presence.subscribe")]
    Subscribe {
        id: Option<String>,
        /// At most 200, and 500 on one connection.
        user_ids: Vec<UserId>,
    },
    #[serde(rename = "presence.unsubscribe")]
    Unsubscribe {
        id: Option<String>,
        user_ids: Vec<UserId>,
    },
    /// Asks for what was missed; answered by `sync.chat` frames and one `sync.done`.
    #[serde(rename = "sync")]
    Sync {
        id: Option<String>,
        /// The rev of each chat's copy; empty is the cold start.
        chats: Option<BTreeMap<ChatId, u64>>,
        /// The rev of the copy of one's own log; 0 if there is none.
        me: Option<u64>,
        /// As the last answer gave it.
        acks: Option<String>,
        /// These chats alone.
        only: Option<Vec<ChatId>>,
    },
    /// In the background typing and presence are held back.
    #[serde(rename = "client.state")]
    State {
        id: Option<String>,
        foreground: bool,
    },
    /// Renews the session before its token expires; answered by `ack` with `tokenExpiresAt`.
    #[serde(rename = "auth")]
    Auth { id: Option<String>, token: String },
    /// Answered by `pong`.
    #[serde(rename = "ping")]
    Ping { id: Option<String> },
}

/// A message to be sent.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "described, never made")]
pub struct ClientMessage {
    /// `text`, `image`, `video`, `audio`, `document` or `location`.
    #[serde(rename = "type")]
    kind: String,
    /// The text of a `text`, 1–4096 characters.
    content: Option<String>,
    /// What the other types carry.
    payload: Option<BTreeMap<String, serde_json::Value>>,
    reply_to_id: Option<MessageId>,
}
