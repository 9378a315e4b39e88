//! Signed-in devices: one family of refresh tokens each, kept as SHA-256 only.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::StoreResult;
use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};

/// The SHA-256 of a refresh token.
pub type TokenHash = [u8; 32];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// A session and its tokens, as a store reads them to decide over one that was presented.
pub struct Family {
    pub session: Session,
    pub newest: TokenHash,
    pub previous: Option<TokenHash>,
    pub rotated_at: Option<Timestamp>,
}

/// What a token that was presented leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the newest: its successor takes its place.
    Replace,
    /// Its successor is the newest already and is given again.
    GiveAgain,
    Theft,
    Refuse,
}

impl Family {
    pub fn judge(&self, rotation: &Rotation) -> Verdict {
        if !self.is_usable_by(rotation) {
            Verdict::Refuse
        } else if same(&self.newest, &rotation.presented) {
            Verdict::Replace
        } else if self.gives_again(rotation) {
            Verdict::GiveAgain
        } else {
            Verdict::Theft
        }
    }

    /// The session once the successor has taken the token's place.
    pub fn rotated(&self, rotation: &Rotation) -> Session {
        Session {
            generation: self.session.generation + 1,
            is_pair_used: false,
            last_used_at: rotation.at,
            expires_at: rotation.at + rotation.lifetime,
            ..self.session.clone()
        }
    }

    /// Whether the last token but one may have its successor again: for a short while because
    /// clients refresh in parallel, and as long as nothing of the newest pair was used because the
    /// answer may have been lost.
    fn gives_again(&self, rotation: &Rotation) -> bool {
        let is_recent = self
            .rotated_at
            .is_some_and(|rotated| rotation.at.since(rotated) <= rotation.grace);
        self.previous
            .is_some_and(|previous| same(&previous, &rotation.presented))
            && same(&self.newest, &rotation.successor)
            && (is_recent || !self.session.is_pair_used)
    }

    fn is_usable_by(&self, rotation: &Rotation) -> bool {
        let is_same_device =
            rotation.device_id.is_none() || rotation.device_id == self.session.device_id;
        self.session.is_live(rotation.at) && is_same_device
    }
}

fn same(one: &TokenHash, other: &TokenHash) -> bool {
    one.ct_eq(other).into()
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
