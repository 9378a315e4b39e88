//! A user's own log (`me`): what changed for him alone, numbered per user, latest state per key.
//!
//! Written in the transaction of the change itself, by the store that makes the change.

use async_trait::async_trait;

use super::StoreResult;
use crate::id::UserId;

/// What an entry of the log is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The profile; no key.
    User,
    /// The privacy settings; no key.
    Privacy,
    /// The block list; no key.
    Blocked,
    /// Mute and pin of a chat; key: the chat.
    ChatSettings,
    /// A star; key: the message.
    Star,
    /// Delete for me; key: the message.
    Hidden,
    /// Joined or left a chat; key: the chat.
    Membership,
}

impl Topic {
    /// How stores write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Privacy => "privacy",
            Self::Blocked => "blocked",
            Self::ChatSettings => "chat",
            Self::Star => "star",
            Self::Hidden => "hidden",
            Self::Membership => "membership",
        }
    }

    /// The topic that stores write so.
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::User,
            Self::Privacy,
            Self::Blocked,
            Self::ChatSettings,
            Self::Star,
            Self::Hidden,
            Self::Membership,
        ]
        .into_iter()
        .find(|topic| topic.as_str() == text)
    }
}

/// The latest entry of one topic and key. `value` is JSON, in the shape the contract's `me.changes`
/// has for that key: `{isMuted, muteUntil, isPinned}`, a star's `bool`, a hidden message's chat id;
/// `null` for the topics that are read from their own store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserLogEntry {
    pub rev: u64,
    pub topic: Topic,
    pub key: String,
    pub value: String,
}

#[async_trait]
pub trait UserLogStore: Send + Sync {
    /// The rev of the newest entry, 0 when there is none.
    async fn head(&self, user_id: UserId) -> StoreResult<u64>;

    /// The same of many users at once; who is not there is left out.
    async fn heads(&self, user_ids: Vec<UserId>) -> StoreResult<Vec<(UserId, u64)>>;

    /// Entries after a rev, by rev, at most `limit`.
    async fn list(
        &self,
        user_id: UserId,
        after: u64,
        limit: usize,
    ) -> StoreResult<Vec<UserLogEntry>>;
}
