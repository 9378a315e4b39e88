//! Who is online, and when those who are not were last seen.

use async_trait::async_trait;

use super::StoreResult;
use crate::clock::Timestamp;
use crate::id::UserId;

/// What is known of one person, before privacy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub user_id: UserId,
    pub online: bool,
    /// When the last socket ended; `None` for who never had one.
    pub last_seen: Option<Timestamp>,
}

#[async_trait]
pub trait PresenceStore: Send + Sync {
    /// Marks a person as online, or as last seen at a time; answers whether that changed anything.
    /// `last_seen` never goes back.
    async fn update(&self, user_id: UserId, online: bool, at: Timestamp) -> StoreResult<bool>;

    /// Says again that these people are online on this node. Where several nodes share the store it
    /// forgets that after 300 s; it is to be said of everyone at least every 100 s. Of one who has
    /// been marked as gone meanwhile it changes nothing.
    async fn refresh(&self, user_ids: Vec<UserId>) -> StoreResult<()>;

    /// Forgets a person.
    async fn remove(&self, user_id: UserId) -> StoreResult<()>;

    /// What is known of these people, in the order asked; of a stranger, that he is offline.
    async fn find(&self, user_ids: Vec<UserId>) -> StoreResult<Vec<Seen>>;
}
