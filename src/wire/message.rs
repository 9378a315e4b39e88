//! A message as clients see it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::clock::Timestamp;
use crate::domain::message::{Message, MessageKind};
use crate::domain::receipts::ReceiptKind;
use crate::id::{ChatId, MessageId, UserId};

/// The contract's "A message". Personal fields are `None` in live frames: keep what you have.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageView {
    pub id: MessageId,
    pub chat_id: ChatId,
    pub seq: u64,
    pub rev: u64,
    pub sender_id: UserId,
    pub client_message_id: Option<String>,
    #[serde(rename = "type")]
    pub kind: MessageKind,
    #[schema(value_type = Object)]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub payload: Box<RawValue>,
    pub reply_to_id: Option<MessageId>,
    pub forwarded: bool,
    /// To the sender alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusView>,
    #[schema(value_type = BTreeMap<String, String>)]
    pub reactions: BTreeMap<UserId, String>,
    pub is_deleted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_starred: Option<bool>,
    pub edited_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Per person, or in a group's lists, sync and acks only counted.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema, schemars::JsonSchema)]
#[serde(untagged)]
pub enum StatusView {
    #[schema(value_type = BTreeMap<String, RecipientStatus>)]
    People(BTreeMap<UserId, RecipientStatus>),
    Counts {
        delivered: u32,
        read: u32,
    },
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, utoipa::ToSchema, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecipientStatus {
    pub status: DeliveryStatus,
    pub updated_at: Timestamp,
}

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    Sent,
    Delivered,
    Read,
}

impl From<ReceiptKind> for DeliveryStatus {
    fn from(kind: ReceiptKind) -> Self {
        match kind {
            ReceiptKind::Delivered => Self::Delivered,
            ReceiptKind::Read => Self::Read,
        }
    }
}

impl MessageView {
    /// Without personal fields. A deleted message, or one past its `expiresAt`, is a tombstone.
    pub fn new(message: &Message, now: Timestamp) -> Self {
        let expired = message.expires_at.is_some_and(|at| at <= now);
        let gone = message.is_deleted || expired;
        Self {
            id: message.id,
            chat_id: message.chat_id,
            seq: message.seq,
            rev: message.rev,
            sender_id: message.sender_id,
            client_message_id: message.client_message_id.clone(),
            kind: message.kind,
            payload: if gone {
                RawValue::NULL.to_owned()
            } else {
                message.payload.clone()
            },
            reply_to_id: message.reply_to_id,
            forwarded: message.forwarded,
            status: None,
            reactions: if gone {
                BTreeMap::new()
            } else {
                message.reactions.clone()
            },
            is_deleted: gone,
            is_starred: None,
            edited_at: message.edited_at,
            expires_at: message.expires_at,
            created_at: message.created_at,
            updated_at: message.updated_at,
        }
        .with_empty_payload(gone)
    }

    /// As JSON, without `status`. These shapes always serialise.
    pub fn encoded(&self) -> Box<RawValue> {
        let encoded = match &self.status {
            None => to_raw_value(self),
            Some(_) => to_raw_value(&Self {
                status: None,
                ..self.clone()
            }),
        };
        encoded.unwrap_or_else(|_| RawValue::NULL.to_owned())
    }

    fn with_empty_payload(mut self, gone: bool) -> Self {
        if gone && let Ok(empty) = RawValue::from_string("{}".to_owned()) {
            self.payload = empty;
        }
        self
    }
}

/// The body of a send's answer, over REST (`201`, `200`) and in an `ack`.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SentView {
    pub message_id: MessageId,
    pub chat_id: ChatId,
    pub seq: u64,
    pub rev: u64,
    pub created_at: Timestamp,
    pub duplicate: bool,
    pub message: MessageView,
}

impl SentView {
    pub fn new(message: MessageView, duplicate: bool) -> Self {
        Self {
            message_id: message.id,
            chat_id: message.chat_id,
            seq: message.seq,
            rev: message.rev,
            created_at: message.created_at,
            duplicate,
            message,
        }
    }
}

/// An item of `GET /messages/{id}/receipts`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecipientView {
    pub user_id: UserId,
    pub status: DeliveryStatus,
    pub updated_at: Timestamp,
}

/// `GET /chats/{id}/digest`: hex SHA-256 over a line `seq:id:rev\n` each.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DigestView {
    pub count: u64,
    pub hash: String,
}
