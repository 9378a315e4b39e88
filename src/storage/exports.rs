//! Archives of accounts: the newest that each asked for, and how far it is.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::StoreResult;
use crate::clock::Timestamp;
use crate::domain::leaving::StoreWork;
use crate::id::{MediaId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    pub user_id: UserId,
    pub requested_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    /// The archive, once it is whole: a medium of the user's own, which nothing refers to.
    pub archive_id: Option<MediaId>,
    pub parts: Vec<StoreWork>,
}

#[async_trait]
pub trait ExportStore: Send + Sync {
    /// Begins an archive in the place of an older one. One that is under way, or was finished after
    /// `since`, stays; answers what there is then.
    async fn insert(&self, export: Export, since: Timestamp) -> StoreResult<Export>;

    async fn find(&self, user_id: UserId) -> StoreResult<Option<Export>>;

    /// Those that are not finished, oldest first.
    async fn list_open(&self, limit: usize) -> StoreResult<Vec<Export>>;

    /// Says how far it is; nothing for one that is not there any more.
    async fn update(&self, export: Export) -> StoreResult<()>;
}
