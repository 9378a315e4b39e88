//! Whom someone knows and whom he blocks.

use async_trait::async_trait;

use super::StoreResult;
use crate::domain::user::{Relation, User};
use crate::id::UserId;

/// A keyed hash of a phone number; the key is not in the store.
pub type NumberHash = u64;

#[async_trait]
pub trait ContactStore: Send + Sync {
    /// Adds people to a user's contacts; who is there already stays, and so do blocks. Remembers
    /// the numbers that were looked up.
    async fn insert(
        &self,
        user_id: UserId,
        contacts: Vec<UserId>,
        looked_up: Vec<NumberHash>,
    ) -> StoreResult<()>;

    /// Those of these numbers that the user has not looked up before.
    async fn find_new_numbers(
        &self,
        user_id: UserId,
        numbers: Vec<NumberHash>,
    ) -> StoreResult<Vec<NumberHash>>;

    /// A user's contacts by id, after the given one.
    async fn list(
        &self,
        user_id: UserId,
        after: Option<UserId>,
        limit: usize,
    ) -> StoreResult<Vec<User>>;

    /// Blocks or unblocks anyone, a contact or not, and logs `blocked` in the user's own log.
    /// Answers that log's rev, `None` when nothing changed.
    async fn update_block(
        &self,
        user_id: UserId,
        other: UserId,
        blocked: bool,
    ) -> StoreResult<Option<u64>>;

    /// Whom a user blocks, by id, after the given one.
    async fn list_blocked(
        &self,
        user_id: UserId,
        after: Option<UserId>,
        limit: usize,
    ) -> StoreResult<Vec<User>>;

    /// The ids of everyone a user blocks, for his own log.
    async fn list_blocked_ids(&self, user_id: UserId) -> StoreResult<Vec<UserId>>;

    /// How each of these people stands to the viewer; who is not there is left out.
    async fn relations(&self, viewer: UserId, owners: Vec<UserId>) -> StoreResult<Vec<Relation>>;
}
