//! People: one row per phone number.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::StoreResult;
use crate::clock::Timestamp;
use crate::domain::phone::{Phone, PhoneRange};
use crate::domain::user::User;
use crate::id::{MediaId, UserId};
use crate::wire::named::named;

/// The one user of a phone, and whether this call made him.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsertedUser {
    pub user: User,
    pub created: bool,
}

/// What changes of a profile; `None` keeps what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserPatch {
    pub display_name: Option<String>,
    pub status_text: Option<String>,
    /// `Some(None)` takes it away.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "named"
    )]
    pub avatar_media_id: Option<Option<MediaId>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdatedUser {
    pub user: User,
    /// The rev in the user's own log; `None` when nothing changed.
    pub rev: Option<u64>,
}

#[async_trait]
pub trait UserStore: Send + Sync {
    /// Makes a user for a phone, or finds the one it has; of parallel calls one makes him.
    async fn insert(&self, phone: Phone, at: Timestamp) -> StoreResult<InsertedUser>;

    /// Makes `count` users with the next free numbers of a range, all or none.
    async fn insert_many(
        &self,
        range: PhoneRange,
        count: u32,
        at: Timestamp,
    ) -> StoreResult<Vec<User>>;

    async fn find(&self, user_id: UserId) -> StoreResult<Option<User>>;

    /// Those of these ids that are there, in no order.
    async fn find_many(&self, user_ids: Vec<UserId>) -> StoreResult<Vec<User>>;

    /// Those of these phones that have a user, in no order.
    async fn find_by_phones(&self, phones: Vec<Phone>) -> StoreResult<Vec<User>>;

    /// Changes a profile and logs `user` in its own log; a patch that changes nothing logs nothing.
    /// `None`: there is no such user.
    async fn update(
        &self,
        user_id: UserId,
        patch: UserPatch,
        at: Timestamp,
    ) -> StoreResult<Option<UpdatedUser>>;
}
