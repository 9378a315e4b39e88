//! Signed-in devices: one family of refresh tokens each, kept as SHA-256 only.

use std::time::Duration;

use async_trait::async_trait;

use super::StoreResult;
use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};

/// The SHA-256 of a refresh token.
pub type TokenHash = [u8; 32];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    pub device_id: Option<String>,
    pub device_name: Option<String>,
    pub platform: Option<String>,
    /// How often its refresh token was rotated.
    pub generation: u32,
    /// Whether anything of the newest pair of tokens has been used.
    pub is_pair_used: bool,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    /// When it dies unless it is used before.
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

impl Session {
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

/// A session to be made, with the hash of its first refresh token.
#[derive(Clone, Debug)]
pub struct NewSession {
    pub session: Session,
    pub token_hash: TokenHash,
}

/// A refresh token that was presented, and the one that follows it.
#[derive(Clone, Debug)]
pub struct Rotation {
    pub session_id: SessionId,
    pub presented: TokenHash,
    pub successor: TokenHash,
    /// The device the caller says it is; a session without one is no device's.
    pub device_id: Option<String>,
    pub at: Timestamp,
    /// How long the last token but one gives its successor again whatever was used.
    pub grace: Duration,
    /// How long the session lives on from now.
    pub lifetime: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// The successor is the session's token now; also when it was so before and is given again.
    Rotated(Session),
    /// An older token than the last but one: the session was revoked just now.
    Stolen(Session),
    /// No such session, revoked, expired, or another device's: nothing was changed.
    Refused,
}

#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Makes a session. One that the user has on the same device is revoked; answers which.
    async fn insert(&self, new: NewSession) -> StoreResult<Option<SessionId>>;

    /// Makes many sessions without a device id, all or none.
    async fn insert_many(&self, new: Vec<NewSession>) -> StoreResult<()>;

    /// A session, also a revoked one.
    async fn find(&self, session_id: SessionId) -> StoreResult<Option<Session>>;

    /// The live sessions of a user, newest first, after (older than) the given one.
    async fn list(
        &self,
        user_id: UserId,
        now: Timestamp,
        after: Option<SessionId>,
        limit: usize,
    ) -> StoreResult<Vec<Session>>;

    /// Exchanges a refresh token for its successor. The caller has checked that the presented
    /// token was really issued: one that is neither the newest nor the last but one is theft.
    async fn rotate(&self, rotation: Rotation) -> StoreResult<Rotated>;

    /// Says that something of the pair of this generation has been used.
    async fn update_used(
        &self,
        session_id: SessionId,
        generation: u32,
        at: Timestamp,
    ) -> StoreResult<()>;

    /// Revokes a user's session and removes its push devices; answers whether it is or was one of
    /// his, a second time too.
    async fn remove(
        &self,
        user_id: UserId,
        session_id: SessionId,
        at: Timestamp,
    ) -> StoreResult<bool>;

    /// Revokes every session of a user and removes their push devices; answers which were live.
    async fn remove_all(&self, user_id: UserId, at: Timestamp) -> StoreResult<Vec<SessionId>>;

    /// What was revoked at or after a time.
    async fn revoked_since(&self, since: Timestamp) -> StoreResult<Vec<SessionId>>;

    /// Forgets sessions that were revoked or expired before a time.
    async fn sweep(&self, before: Timestamp) -> StoreResult<u64>;
}
