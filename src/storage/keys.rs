//! The installation's keys: what signs tokens, and the secrets behind keyed hashes.

use async_trait::async_trait;
use secrecy::SecretSlice;

use super::StoreResult;
use crate::clock::Timestamp;

/// An ES256 key.
#[derive(Clone)]
pub struct SigningKey {
    /// Names the key in a token's header.
    pub kid: String,
    pub pkcs8: SecretSlice<u8>,
    pub created_at: Timestamp,
    /// When a newer key took over; its tokens are still accepted as long as they can live.
    pub retired_at: Option<Timestamp>,
}

/// Every key, the one that signs last.
#[derive(Clone)]
pub struct InstallationKeys {
    pub signing: Vec<SigningKey>,
    /// 32 random bytes; each use derives its own key from them.
    pub secret: SecretSlice<u8>,
}

impl InstallationKeys {
    /// Whether the same keys sign here and there, in the same order.
    pub fn is_like(&self, other: &Self) -> bool {
        let kids = |keys: &Self| -> Vec<String> {
            keys.signing.iter().map(|key| key.kid.clone()).collect()
        };
        kids(self) == kids(other)
    }
}

#[async_trait]
pub trait KeyStore: Send + Sync {
    /// The keys, `None` before the first were kept.
    async fn find(&self) -> StoreResult<Option<InstallationKeys>>;

    /// Keeps the first keys, durably, readable by the owner alone, and answers those that stand:
    /// others, when there were some already.
    async fn insert(&self, keys: InstallationKeys) -> StoreResult<InstallationKeys>;

    /// Keeps keys in place of those that were found. `false`: the signing keys that are there are
    /// others by now, and nothing was changed.
    async fn update(&self, found: &InstallationKeys, keys: &InstallationKeys) -> StoreResult<bool>;
}
