//! The installation's keys in use: made at the first start, the signing key renewed when it is old.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use secrecy::{ExposeSecret, SecretSlice};

use super::access_token::{AccessTokens, TokenRules, UnusableKeys};
use super::secrets::{Secrets, plain_hash};
use crate::clock::Timestamp;
use crate::storage::keys::{InstallationKeys, KeyStore, SigningKey};
use crate::storage::{StoreError, StoreErrorKind, StoreResult};

/// From when on every node has read a new key: they read them every hour.
pub const KNOWN_TO_ALL: Duration = Duration::from_secs(2 * 3600);

/// Keys that sign, check and hash. Shared by everyone who needs them.
pub struct Keyring {
    pub secrets: Secrets,
    tokens: RwLock<Arc<AccessTokens>>,
    store: Arc<dyn KeyStore>,
    rules: TokenRules,
    renew_after: Duration,
}

impl Keyring {
    /// Reads the keys, or makes the first ones.
    pub async fn open(
        store: Arc<dyn KeyStore>,
        rules: TokenRules,
        renew_after: Duration,
        now: Timestamp,
    ) -> StoreResult<Self> {
        let keys = match store.find().await? {
            Some(keys) => keys,
            None => {
                let secret: [u8; 32] = rand::random();
                let first = InstallationKeys {
                    signing: vec![make_key(now).map_err(unusable)?],
                    secret: SecretSlice::from(secret.to_vec()),
                };
                store.insert(first).await?
            }
        };
        let tokens = AccessTokens::new(rules.clone(), &keys.signing, now).map_err(unusable)?;
        let keyring = Self {
            secrets: Secrets::new(keys.secret.expose_secret()),
            tokens: RwLock::new(Arc::new(tokens)),
            store,
            rules,
            renew_after,
        };
        keyring.renew(now).await?;
        Ok(keyring)
    }

    pub fn tokens(&self) -> Arc<AccessTokens> {
        Arc::clone(&self.tokens.read())
    }

    /// Reads the keys again, since another node may have changed them; makes a new signing key when
    /// the newest is old, and forgets those whose tokens have ended.
    pub async fn renew(&self, now: Timestamp) -> StoreResult<()> {
        let Some(found) = self.store.find().await? else {
            return Err(unusable(UnusableKeys));
        };
        let mut keys = found.clone();
        keys.signing.retain(|key| {
            let end = key.retired_at.map(|retired| retired + self.rules.lifetime);
            end.is_none_or(|end| now < end)
        });
        let is_old = |key: &SigningKey| now.since(key.created_at) >= self.renew_after;
        let is_due = keys.signing.last().is_some_and(is_old);
        if is_due {
            for key in &mut keys.signing {
                key.retired_at.get_or_insert(now + KNOWN_TO_ALL);
            }
            keys.signing.push(make_key(now).map_err(unusable)?);
        }
        let is_changed = is_due || keys.signing.len() != found.signing.len();
        if is_changed && !self.store.update(&found, &keys).await? {
            // Another node was quicker; what it made is read the next time.
            keys = found;
        }
        let tokens = AccessTokens::new(self.rules.clone(), &keys.signing, now);
        *self.tokens.write() = Arc::new(tokens.map_err(unusable)?);
        Ok(())
    }
}

/// A new key, named by the hash of its public half.
fn make_key(now: Timestamp) -> Result<SigningKey, UnusableKeys> {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
        .map_err(|_| UnusableKeys)?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random)
        .map_err(|_| UnusableKeys)?;
    let public = ring::signature::KeyPair::public_key(&pair);
    Ok(SigningKey {
        kid: hex::encode(&plain_hash(public.as_ref())[..8]),
        pkcs8: SecretSlice::from(pkcs8.as_ref().to_vec()),
        created_at: now,
        retired_at: None,
    })
}

fn unusable(error: UnusableKeys) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Internal,
        store: "keys",
        message: error.to_string(),
    }
}
