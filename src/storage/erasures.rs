//! Accounts that were deleted, and how far each store is with it.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::StoreResult;
use crate::clock::Timestamp;
use crate::domain::leaving::StoreWork;
use crate::id::UserId;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    pub user_id: UserId,
    pub requested_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub parts: Vec<StoreWork>,
}

#[async_trait]
pub trait ErasureStore: Send + Sync {
    /// Ends an account in one step: nobody finds it any more, its phone is free, its sessions are
    /// revoked, and what only it had is removed: profile, privacy, contacts, blocks, devices, codes,
    /// its own log, what it starred and hid, its archives' records. Memberships stay for
    /// [`Erasure`]'s further parts. `false`: there is no such account.
    async fn insert(
        &self,
        user_id: UserId,
        parts: Vec<StoreWork>,
        at: Timestamp,
    ) -> StoreResult<bool>;

    async fn find(&self, user_id: UserId) -> StoreResult<Option<Erasure>>;

    /// Those that are not finished, oldest first.
    async fn list_open(&self, limit: usize) -> StoreResult<Vec<Erasure>>;

    /// All of them, newest first.
    async fn list(&self, limit: usize) -> StoreResult<Vec<Erasure>>;

    /// Says how far it is; `finished_at` is its end.
    async fn update(&self, erasure: Erasure) -> StoreResult<()>;

    /// Removes what came after the account ended: sessions are revoked, its own log goes.
    async fn tidy(&self, user_id: UserId, at: Timestamp) -> StoreResult<()>;
}
