//! Chats, groups and participants: the rows behind every membership question.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::StoreResult;
use crate::clock::Timestamp;
use crate::domain::chat::{Chat, Member, Mute, Roster};
use crate::id::{ChatId, UserId};

/// A chat to be made, with its first members; the creator is among them.
#[derive(Clone, Debug)]
pub struct NewChat {
    pub chat: Chat,
    /// `join_seq` 1, `join_rev` 1.
    pub members: Vec<Member>,
    /// The creator's `Idempotency-Key`, kept 7 days.
    pub idempotency_key: Option<String>,
}

/// Whether the chat was made now. A direct chat of the same two people and a repeated
/// `Idempotency-Key` answer the first chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InsertedChat {
    pub chat_id: ChatId,
    pub created: bool,
}

/// What tells that a chat was made before.
#[derive(Clone, Debug)]
pub struct ExistingChat {
    pub creator: UserId,
    /// The other one of a direct chat.
    pub peer: Option<UserId>,
    pub idempotency_key: Option<String>,
    pub at: Timestamp,
}

/// A chat of mine: the chat's row and my own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub chat: Chat,
    pub member: Member,
    /// The other one of a direct chat.
    pub peer: Option<UserId>,
    pub participant_count: u32,
}

/// What is mine alone in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PersonalSetting {
    Mute(Option<Mute>),
    Pin(bool),
}

#[async_trait]
pub trait ChatStore: Send + Sync {
    /// Makes a chat, its rows and entry 1 of its log; logs `joined` in each member's own log.
    async fn insert(&self, new: NewChat) -> StoreResult<InsertedChat>;

    /// The chat that a new one would repeat: the two people's own, or the first answer to a key.
    async fn find_existing(&self, existing: ExistingChat) -> StoreResult<Option<ChatId>>;

    /// A chat with everyone who is or was in it, and the blocks between them.
    async fn find(&self, chat_id: ChatId) -> StoreResult<Option<Roster>>;

    /// Several chats as [`find`](Self::find) gives them, in no order; unknown ones are left out.
    async fn find_all(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<Roster>> {
        let mut rosters = Vec::with_capacity(chat_ids.len());
        for chat_id in chat_ids {
            rosters.extend(self.find(chat_id).await?);
        }
        Ok(rosters)
    }

    /// One membership, also of one who has left.
    async fn find_membership(
        &self,
        user_id: UserId,
        chat_id: ChatId,
    ) -> StoreResult<Option<Membership>>;

    /// Several memberships as [`find_membership`](Self::find_membership) gives them, in no order.
    async fn find_memberships(
        &self,
        user_id: UserId,
        chat_ids: Vec<ChatId>,
    ) -> StoreResult<Vec<Membership>> {
        let mut memberships = Vec::with_capacity(chat_ids.len());
        for chat_id in chat_ids {
            memberships.extend(self.find_membership(user_id, chat_id).await?);
        }
        Ok(memberships)
    }

    /// Every chat this user is in, newest activity (`updated_at`) first, after the given place.
    async fn list(
        &self,
        user_id: UserId,
        after: Option<(Timestamp, ChatId)>,
        limit: usize,
    ) -> StoreResult<Vec<Membership>>;

    /// Every chat this user is or was in, newest activity first; what sync walks over.
    async fn list_all(&self, user_id: UserId) -> StoreResult<Vec<Membership>>;

    /// The ids of the chats this user is in, in no order.
    async fn list_ids(&self, user_id: UserId) -> StoreResult<Vec<ChatId>> {
        let rows = self.list_all(user_id).await?;
        Ok(rows
            .into_iter()
            .filter(|row| row.member.is_active())
            .map(|row| row.chat.id)
            .collect())
    }

    /// Every chat there is, by id, after one.
    async fn list_everywhere(
        &self,
        after: Option<ChatId>,
        limit: usize,
    ) -> StoreResult<Vec<ChatId>>;

    /// Who is in each of these chats now.
    async fn list_members(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Vec<UserId>)>>;

    /// The ids of the people who share a chat with this user, himself left out.
    async fn list_peers(&self, user_id: UserId) -> StoreResult<Vec<UserId>>;

    /// Changes what is mine alone and logs it in my own log; answers that log's rev, `None` when
    /// nothing changed.
    async fn update_personal(
        &self,
        user_id: UserId,
        chat_id: ChatId,
        setting: PersonalSetting,
        at: Timestamp,
    ) -> StoreResult<Option<u64>>;

    /// Moves `updated_at` forward: a hint for sorting, so it may be late.
    async fn update_activity(&self, chats: Vec<(ChatId, Timestamp)>) -> StoreResult<()>;
}
