//! What a repeated `Idempotency-Key` answers, of calls that make no row of their own to keep it with.

use std::time::Duration;

use async_trait::async_trait;

use super::StoreResult;
use crate::clock::Timestamp;
use crate::id::UserId;

/// How long a key answers.
pub const KEY_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// A key is one account's, for one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOf {
    pub user_id: UserId,
    pub call: &'static str,
    pub key: String,
}

/// What is kept under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub answer: Vec<u8>,
    /// It was there before.
    pub is_repeat: bool,
}

#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// What is kept under a key, unless that is older than [`KEY_LIFE`].
    async fn find(&self, key: KeyOf, at: Timestamp) -> StoreResult<Option<Vec<u8>>>;

    /// Keeps an answer under a key, if there is none; of two at once one stays. Answers that one.
    async fn insert(&self, key: KeyOf, answer: Vec<u8>, at: Timestamp) -> StoreResult<Kept>;
}
