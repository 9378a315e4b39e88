//! What a sync asks and answers, over REST and WebSocket alike.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::chat::ChatView;
use super::me::MyLogView;
use super::message::MessageView;
use super::page::NO_NUMBER;
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::id::{ChatId, UserId};

/// Where a client's copies stand.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SyncRequest {
    pub chats: BTreeMap<ChatId, u64>,
    pub me: u64,
    pub acks: Option<String>,
    pub only: Option<Vec<ChatId>>,
}

impl SyncRequest {
    /// Revs are below 2^53; a larger one is no copy's.
    pub fn check(&self) -> Result<(), Failure> {
        let refused = |field| Err(Failure::invalid(field, "must be below 2^53"));
        if self.me >= NO_NUMBER {
            return refused("me".to_owned());
        }
        match self.chats.iter().find(|(_, rev)| **rev >= NO_NUMBER) {
            Some((chat_id, _)) => refused(format!("chats.{chat_id}")),
            None => Ok(()),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncView {
    pub chats: Vec<SyncChatView>,
    pub left: Vec<ChatId>,
    pub me: MyLogView,
    pub acks: String,
    pub more: bool,
    pub server_time: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncChatView {
    pub chat_id: ChatId,
    pub reset: bool,
    /// Where the copy stands once `messages` are applied.
    pub rev: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<ChatView>,
    pub messages: Vec<MessageView>,
    #[schema(value_type = BTreeMap<String, ReceiptView>)]
    pub receipts: BTreeMap<UserId, ReceiptView>,
    pub head_seq: u64,
    pub head_rev: u64,
    pub more: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, utoipa::ToSchema, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptView {
    pub delivered_seq: u64,
    pub read_seq: u64,
}
