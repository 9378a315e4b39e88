//! A chat as clients see it.

use serde::Serialize;

use super::message::MessageView;
use crate::clock::Timestamp;
use crate::domain::chat::{ChatKind, Role};
use crate::id::{ChatId, MediaId, UserId};

/// An item of `GET /chats`; `GET /chats/{id}` adds the fields of [`ChatDetails`].
/// Personal fields (`Option` here, unless noted) are left out of frames that go to everyone.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatView {
    pub id: ChatId,
    #[serde(rename = "type")]
    pub kind: ChatKind,
    /// Of a direct chat the other one's name, so personal; always there in an answer.
    pub name: Option<String>,
    pub avatar_url: Option<String>,
    pub head_seq: u64,
    pub head_rev: u64,
    pub auto_delete_timer: Option<u32>,
    pub participant_count: u32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub personal: Option<PersonalChatView>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub details: Option<ChatDetails>,
}

/// What is mine alone in a chat.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonalChatView {
    /// The other one of a direct chat.
    pub peer_id: Option<UserId>,
    pub last_message: Option<MessageView>,
    pub unread_count: u32,
    pub read_seq: u64,
    pub my_role: Role,
    pub is_muted: bool,
    pub mute_until: Option<Timestamp>,
    pub is_pinned: bool,
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatDetails {
    pub description: Option<String>,
    pub avatar_media_id: Option<MediaId>,
    pub admin_only: bool,
    pub created_by: UserId,
}

/// An item of `GET /chats/{id}/participants`.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParticipantView {
    pub user_id: UserId,
    pub display_name: String,
    pub avatar_url: Option<String>,
    pub role: Role,
    pub joined_at: Timestamp,
}
