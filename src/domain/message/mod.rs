//! Messages: their state, and the windows in which they may be changed.

pub mod draft;
pub mod emoji;
pub mod sight;
pub mod windows;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::clock::Timestamp;
use crate::id::{ChatId, MessageId, UserId};

/// Longest text, in characters.
pub const TEXT_CHARS: usize = 4096;
/// Most reactions of one message: people of a group come and go.
pub const REACTIONS: usize = 1024;
/// Longest `clientMessageId`, in characters.
pub const CLIENT_ID_CHARS: usize = 64;

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum MessageKind {
    Text,
    Image,
    Video,
    Audio,
    Document,
    Location,
    /// Made by the server itself.
    System,
}

impl MessageKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Location => "location",
            Self::System => "system",
        }
    }

    /// What a client may send; `system` is the server's own.
    pub fn from_client(name: &str) -> Option<Self> {
        [
            Self::Text,
            Self::Image,
            Self::Video,
            Self::Audio,
            Self::Document,
            Self::Location,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == name)
    }

    /// Its payload names a medium.
    pub const fn carries_media(self) -> bool {
        matches!(
            self,
            Self::Image | Self::Video | Self::Audio | Self::Document
        )
    }
}

/// The latest state of a message; `seq`, ids and hash never change, the rest may.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: MessageId,
    pub chat_id: ChatId,
    pub seq: u64,
    /// The rev of its last change; at first its own.
    pub rev: u64,
    /// Who sent it; of a system message, who acted.
    pub sender_id: UserId,
    /// `None` for system messages only.
    pub client_message_id: Option<String>,
    /// Over type, payload and reply as first sent: tells a repeat from another message (D2).
    pub content_hash: [u8; 16],
    pub kind: MessageKind,
    /// A JSON object as the store keeps it: validated, without what the server fills in on answering.
    pub payload: Box<RawValue>,
    pub reply_to_id: Option<MessageId>,
    pub forwarded: bool,
    pub reactions: BTreeMap<UserId, String>,
    pub is_deleted: bool,
    pub edited_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Message {
    /// Deleted for everyone, or past its time though not yet swept.
    pub fn is_gone(&self, now: Timestamp) -> bool {
        self.is_deleted || self.expires_at.is_some_and(|at| at <= now)
    }
}

/// What a client asks to send, validated by [`draft::parse`].
#[derive(Clone, Debug)]
pub struct Draft {
    pub kind: MessageKind,
    pub payload: Box<RawValue>,
    pub reply_to_id: Option<MessageId>,
    pub content_hash: [u8; 16],
}
