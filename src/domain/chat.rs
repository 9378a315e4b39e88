//! Chats, members and what each of them may do. Pure rules; `actors/chat` is their shell.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::Failure;
use crate::id::{ChatId, MediaId, UserId};

/// Most members of a group, the creator included.
pub const GROUP_MEMBERS: usize = 256;
/// Longest group name, in characters.
pub const NAME_CHARS: usize = 100;
/// Longest group description, in characters.
pub const DESCRIPTION_CHARS: usize = 2000;

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ChatKind {
    Direct,
    Group,
}

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Admin,
    Member,
}

/// A chat as the relational store holds it: the chat's row and the group's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    pub id: ChatId,
    pub kind: ChatKind,
    /// Groups only.
    pub name: Option<String>,
    pub description: Option<String>,
    pub avatar_media_id: Option<MediaId>,
    pub created_by: UserId,
    /// Only admins may send.
    pub admin_only: bool,
    /// Seconds until a message sent from now on disappears.
    pub auto_delete_timer: Option<u32>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// One participant row; a row stays when its member leaves, and is reused when he comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub user_id: UserId,
    pub role: Role,
    /// First seq this member may see.
    pub join_seq: u64,
    /// First rev this member may see.
    pub join_rev: u64,
    /// The seq and rev of the system message that says he is gone: the last he may see.
    pub left: Option<Left>,
    pub joined_at: Timestamp,
    pub muted: Option<Mute>,
    pub is_pinned: bool,
    /// From the member's privacy settings: `false` shows others `delivered` at most.
    pub read_receipts: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    pub seq: u64,
    pub rev: u64,
}

/// Muted until a time, or for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    pub until: Option<Timestamp>,
}

impl Mute {
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl Member {
    pub fn is_active(&self) -> bool {
        self.left.is_none()
    }

    /// D8: may this member see the message with this seq?
    pub fn sees(&self, seq: u64) -> bool {
        self.join_seq <= seq && self.left.is_none_or(|left| seq <= left.seq)
    }
}

/// Two sides of a direct chat in which one has blocked the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    pub blocker: UserId,
    pub blocked: UserId,
}

/// Who is in a chat and how they stand: what a ChatActor needs to say yes or no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    pub chat: Chat,
    /// Everyone who is or was in it.
    pub members: Vec<Member>,
    /// Blocks between the members, direct chats and groups alike.
    pub blocks: Vec<Block>,
}

impl Roster {
    /// The row of someone who is in the chat now; anyone else learns nothing (404).
    pub fn active(&self, user: UserId) -> Result<&Member, Failure> {
        self.members
            .iter()
            .find(|member| member.user_id == user && member.is_active())
            .ok_or_else(Failure::not_found)
    }

    pub fn active_members(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.is_active())
    }

    /// The other side of a direct chat.
    pub fn peer(&self, user: UserId) -> Option<UserId> {
        (self.chat.kind == ChatKind::Direct)
            .then(|| {
                self.members
                    .iter()
                    .map(|member| member.user_id)
                    .find(|id| *id != user)
            })
            .flatten()
    }

    pub fn blocks_between(&self, one: UserId, other: UserId) -> bool {
        self.blocks.iter().any(|block| {
            (block.blocker, block.blocked) == (one, other)
                || (block.blocker, block.blocked) == (other, one)
        })
    }
}
