//! Privacy settings.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::StoreResult;
use crate::domain::user::{Audience, Privacy};
use crate::id::UserId;

/// `None` keeps what is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivacyPatch {
    pub last_seen: Option<Audience>,
    pub profile_photo: Option<Audience>,
    pub about: Option<Audience>,
    pub read_receipts: Option<bool>,
    pub group_add: Option<Audience>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdatedPrivacy {
    pub privacy: Privacy,
    /// The rev in the user's own log; `None` when nothing changed.
    pub rev: Option<u64>,
}

#[async_trait]
pub trait PrivacyStore: Send + Sync {
    /// A user's settings; the defaults when he never set any.
    async fn find(&self, user_id: UserId) -> StoreResult<Privacy>;

    /// Changes what the patch names and logs `privacy` in the user's own log.
    async fn update(&self, user_id: UserId, patch: PrivacyPatch) -> StoreResult<UpdatedPrivacy>;
}
