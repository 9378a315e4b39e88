//! Frames that only a socket says: hello, pong, heads, sync and goodbye (contract, "Server → client").

use std::collections::BTreeMap;

use serde::Serialize;

use super::frame::{Frame, FrameClass, encode};
use super::me::MyLogView;
use super::sync::SyncChatView;
use crate::clock::Timestamp;
use crate::id::{ChatId, ConnectionId, SessionId, UserId};

/// What a client must know to stay within bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LimitsView {
    pub frame_bytes: usize,
    pub frames_per_second: u16,
    pub text_chars: usize,
    pub group_members: usize,
    pub media_bytes: MediaBytesView,
}

/// Largest upload of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct MediaBytesView {
    pub image: u64,
    pub video: u64,
    pub audio: u64,
    pub document: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct HeadView {
    pub seq: u64,
    pub rev: u64,
}

/// `type` first; one variant per frame.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum SocketEvent<'a> {
    /// Always first.
    #[serde(rename = "hello")]
    Hello {
        connection_id: ConnectionId,
        user_id: UserId,
        session_id: SessionId,
        server_time: Timestamp,
        token_expires_at: Timestamp,
        heartbeat_seconds: u64,
        server_version: &'static str,
        limits: &'a LimitsView,
    },
    /// The answer to `ping`.
    #[serde(rename = "pong")]
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
    },
    /// The answer to `auth`.
    #[serde(rename = "ack")]
    Renewed {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        token_expires_at: Timestamp,
    },
    /// One chat of a sync; several for one chat while `more`.
    #[serde(rename = "sync.chat")]
    SyncChat {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        #[serde(flatten)]
        chat: &'a SyncChatView,
    },
    /// The end of a sync.
    #[serde(rename = "sync.done")]
    SyncDone {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        left: &'a [ChatId],
        me: &'a MyLogView,
        acks: &'a str,
    },
    /// How far the chats that changed since the last one have got; every 25 s, also when none did.
    #[serde(rename = "heads")]
    Heads {
        chats: &'a BTreeMap<ChatId, HeadView>,
        me: u64,
    },
    /// The server will close this socket; come back after so long.
    #[serde(rename = "goaway")]
    GoAway { reconnect_after_ms: u64 },
}

impl SocketEvent<'_> {
    pub fn frame(&self) -> Frame {
        encode(FrameClass::Message, self)
    }
}
