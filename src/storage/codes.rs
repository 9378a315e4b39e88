//! One-time codes and WebSocket tickets: short-lived, used once, kept as hashes.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::StoreResult;
use crate::clock::Timestamp;
use crate::domain::phone::Phone;
use crate::id::{SessionId, UserId};

/// A keyed hash; the key is not in the store.
pub type CodeHash = [u8; 32];

/// A code that is about to be sent; it replaces the phone's former one.
#[derive(Clone, Debug)]
pub struct NewCode {
    pub phone: Phone,
    pub hash: CodeHash,
    /// From when on another may be asked for.
    pub resend_at: Timestamp,
    pub expires_at: Timestamp,
    pub at: Timestamp,
}

/// Whom a ticket lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    pub user_id: UserId,
    pub session_id: SessionId,
    /// When the access token ends that asked for the ticket.
    pub token_expires_at: Timestamp,
}

#[async_trait]
pub trait CodeStore: Send + Sync {
    /// When another code may be asked for, if that is later than now.
    async fn find_resend_at(&self, phone: Phone, now: Timestamp) -> StoreResult<Option<Timestamp>>;

    /// Keeps a code. `Some`: the former one was sent too recently, nothing was changed, and this is
    /// when it may be asked for. Of parallel calls one is kept.
    async fn insert(&self, new: NewCode) -> StoreResult<Option<Timestamp>>;

    /// Evaluates a guess: at most `attempts` per code however many come at once, and the one that
    /// is right uses the code up. The last wrong one destroys it.
    async fn accept(
        &self,
        phone: Phone,
        guess: CodeHash,
        attempts: u32,
        at: Timestamp,
    ) -> StoreResult<bool>;

    /// Keeps a ticket under the hash of its text.
    async fn insert_ticket(
        &self,
        hash: CodeHash,
        ticket: Ticket,
        expires_at: Timestamp,
    ) -> StoreResult<()>;

    /// Takes a ticket out; of parallel calls one gets it. `None`: used, late or never issued.
    async fn remove_ticket(&self, hash: CodeHash, at: Timestamp) -> StoreResult<Option<Ticket>>;

    /// Forgets what ended before a time.
    async fn sweep(&self, before: Timestamp) -> StoreResult<u64>;
}
