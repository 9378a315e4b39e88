//! A chat as clients see it.

use serde::{Deserialize, Deserializer, Serialize};

use super::message::MessageView;
use super::named::named;
use super::user::Face;
use crate::clock::Timestamp;
use crate::domain::chat::{Chat, ChatKind, Member, Role};
use crate::id::{ChatId, MediaId, UserId};

/// An item of `GET /chats`; `GET /chats/{id}` adds the fields of [`ChatDetails`].
/// Personal fields (`Option` here, unless noted) are left out of frames that go to everyone.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatView {
    pub id: ChatId,
    #[serde(rename = "type")]
    pub kind: ChatKind,
    /// Of a direct chat the other one's name, so personal and left out of frames that go to
    /// everyone; always there in an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = true)]
    #[schemars(with = "Option<String>")]
    pub name: Option<Option<String>>,
    /// As the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = true)]
    #[schemars(with = "Option<String>")]
    pub avatar_url: Option<Option<String>>,
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

impl ChatView {
    /// A chat as all of its members see it.
    ///
    /// `picture`: where a medium is.
    pub fn shared(
        chat: &Chat,
        head_seq: u64,
        head_rev: u64,
        participants: u32,
        picture: impl Fn(MediaId) -> String,
    ) -> Self {
        let is_group = chat.kind == ChatKind::Group;
        Self {
            id: chat.id,
            kind: chat.kind,
            name: is_group.then(|| chat.name.clone()),
            avatar_url: is_group.then(|| chat.avatar_media_id.map(picture)),
            head_seq,
            head_rev,
            auto_delete_timer: chat.auto_delete_timer,
            participant_count: participants,
            created_at: chat.created_at,
            updated_at: chat.updated_at,
            personal: None,
            details: None,
        }
    }

    /// A direct chat as one side sees it: by the other's name and picture.
    #[must_use]
    pub fn of_peer(mut self, face: Option<Face>) -> Self {
        let (name, picture) = match face {
            Some(face) => (Some(face.display_name), face.avatar_url),
            None => (None, None),
        };
        self.name = Some(name);
        self.avatar_url = Some(picture);
        self
    }

    #[must_use]
    pub fn with_details(mut self, chat: &Chat) -> Self {
        self.details = Some(ChatDetails {
            description: chat.description.clone(),
            avatar_media_id: chat.avatar_media_id,
            admin_only: chat.admin_only,
            created_by: chat.created_by,
        });
        self
    }
}

impl PersonalChatView {
    /// Of a member who has read nothing and got nothing yet.
    pub fn fresh(member: &Member, peer_id: Option<UserId>, now: Timestamp) -> Self {
        let muted = member.muted.filter(|mute| mute.holds(now));
        Self {
            peer_id,
            last_message: None,
            unread_count: 0,
            read_seq: 0,
            my_role: member.role,
            is_muted: muted.is_some(),
            mute_until: muted.and_then(|mute| mute.until),
            is_pinned: member.is_pinned,
        }
    }
}

/// What is mine alone in a chat.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema, schemars::JsonSchema)]
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

#[derive(Clone, Debug, Serialize, utoipa::ToSchema, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatDetails {
    pub description: Option<String>,
    pub avatar_media_id: Option<MediaId>,
    // Not of `GET /chats`, whose items have the same schema.
    #[schema(required = false)]
    pub admin_only: bool,
    #[schema(required = false)]
    pub created_by: UserId,
}

/// An item of `GET /chats/{id}/participants`.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParticipantView {
    pub user_id: UserId,
    pub display_name: String,
    pub avatar_url: Option<String>,
    pub role: Role,
    pub joined_at: Timestamp,
}

/// For the answers that another process gives. Not derived: what is flattened is read by way of
/// serde's own buffer, which cannot hold the raw payload of the last message.
impl<'de> Deserialize<'de> for ChatView {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ChatFields::deserialize(deserializer).map(ChatFields::view)
    }
}

/// Every field that a [`ChatView`] may have.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChatFields {
    id: ChatId,
    #[serde(rename = "type")]
    kind: ChatKind,
    #[serde(default, deserialize_with = "named")]
    name: Option<Option<String>>,
    #[serde(default, deserialize_with = "named")]
    avatar_url: Option<Option<String>>,
    head_seq: u64,
    head_rev: u64,
    auto_delete_timer: Option<u32>,
    participant_count: u32,
    created_at: Timestamp,
    updated_at: Timestamp,
    peer_id: Option<UserId>,
    last_message: Option<MessageView>,
    unread_count: Option<u32>,
    read_seq: Option<u64>,
    my_role: Option<Role>,
    is_muted: Option<bool>,
    mute_until: Option<Timestamp>,
    is_pinned: Option<bool>,
    description: Option<String>,
    avatar_media_id: Option<MediaId>,
    admin_only: Option<bool>,
    created_by: Option<UserId>,
}

impl ChatFields {
    fn view(self) -> ChatView {
        let personal = self.my_role.map(|my_role| PersonalChatView {
            peer_id: self.peer_id,
            last_message: self.last_message,
            unread_count: self.unread_count.unwrap_or_default(),
            read_seq: self.read_seq.unwrap_or_default(),
            my_role,
            is_muted: self.is_muted.unwrap_or_default(),
            mute_until: self.mute_until,
            is_pinned: self.is_pinned.unwrap_or_default(),
        });
        let details = self.created_by.map(|created_by| ChatDetails {
            description: self.description,
            avatar_media_id: self.avatar_media_id,
            admin_only: self.admin_only.unwrap_or_default(),
            created_by,
        });
        ChatView {
            id: self.id,
            kind: self.kind,
            name: self.name,
            avatar_url: self.avatar_url,
            head_seq: self.head_seq,
            head_rev: self.head_rev,
            auto_delete_timer: self.auto_delete_timer,
            participant_count: self.participant_count,
            created_at: self.created_at,
            updated_at: self.updated_at,
            personal,
            details,
        }
    }
}
