//! The media index: what was uploaded, by whom, and whether anything still refers to it.
//!
//! A row is there before its first blob is, so nothing is ever kept that the sweep cannot find.

use async_trait::async_trait;

use super::StoreResult;
use crate::clock::Timestamp;
use crate::domain::media::Medium;
use crate::id::{MediaId, UserId};

#[async_trait]
pub trait MediaStore: Send + Sync {
    /// An upload begins: nobody sees it until it is made.
    async fn begin(&self, id: MediaId, owner_id: UserId, at: Timestamp) -> StoreResult<()>;

    /// Makes the medium of an upload that began, under its owner's `Idempotency-Key` in the same step;
    /// answers it, or the one that the key made in the last 7 days. `None`: the upload was swept.
    async fn insert(&self, medium: Medium, key: Option<String>) -> StoreResult<Option<Medium>>;

    /// The medium that a key made in the last 7 days, if it is still there.
    async fn find_by_key(
        &self,
        owner_id: UserId,
        key: String,
        now: Timestamp,
    ) -> StoreResult<Option<Medium>>;

    /// Those of these that are there, in no order.
    async fn find(&self, ids: Vec<MediaId>) -> StoreResult<Vec<Medium>>;

    /// Whose a medium is that was made, out of use or not; `None` once it is forgotten.
    async fn owner_of(&self, id: MediaId) -> StoreResult<Option<UserId>>;

    /// Keeps these from being removed until a time; answers those that are there.
    async fn hold(&self, ids: Vec<MediaId>, until: Timestamp) -> StoreResult<Vec<Medium>>;

    /// Those of these that a message, a profile or a group refers to.
    async fn referenced(&self, ids: Vec<MediaId>) -> StoreResult<Vec<MediaId>>;

    /// Takes a medium or an unfinished upload out of use, before it is removed or given back; `false`:
    /// it is held, not there, or someone else has done so.
    async fn withdraw(&self, id: MediaId, now: Timestamp) -> StoreResult<bool>;

    /// Gives back what was withdrawn.
    async fn restore(&self, id: MediaId) -> StoreResult<()>;

    /// Forgets a medium or an unfinished upload.
    async fn remove(&self, id: MediaId) -> StoreResult<()>;

    /// Everything that began before a time and is not held beyond it, withdrawn or not, by id after the
    /// given one.
    async fn list_older(
        &self,
        before: Timestamp,
        after: Option<MediaId>,
        limit: usize,
    ) -> StoreResult<Vec<MediaId>>;

    /// A user's media by id, after the given one.
    async fn list_of(
        &self,
        owner_id: UserId,
        after: Option<MediaId>,
        limit: usize,
    ) -> StoreResult<Vec<Medium>>;
}
