//! The installation's keys in one row, sealed: who reads the database alone learns nothing of them.
//!
//! AES-256-GCM under a key that HKDF-SHA256 derives from the operator's secret; a fresh nonce of 12
//! bytes stands before what it seals.

use async_trait::async_trait;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use secrecy::{ExposeSecret, SecretString};

use super::postgres::{Postgres, commit, failed, internal, uncertain};
use crate::storage::keys::{InstallationKeys, KeyStore};
use crate::storage::{StoreResult, key_format};

/// What the sealing key is for, so that the same secret used elsewhere gives another one.
const PURPOSE: &[u8] = b"troupe installation keys 1";

/// Keys in the database of the other stores.
pub struct PostgresKeys(pub Postgres, pub SecretString);

#[async_trait]
impl KeyStore for PostgresKeys {
    async fn find(&self) -> StoreResult<Option<InstallationKeys>> {
        let client = self.0.client().await?;
        let query = client
            .prepare_cached("SELECT sealed FROM installation_keys WHERE id = 1")
            .await
            .map_err(failed)?;
        let row = client.query_opt(&query, &[]).await.map_err(failed)?;
        row.map(|row| open(&self.1, row.get(0))).transpose()
    }

    async fn insert(&self, keys: InstallationKeys) -> StoreResult<InstallationKeys> {
        let sealed = seal(&self.1, &keys)?;
        let client = self.0.client().await?;
        let write = client
            .prepare_cached(
                "INSERT INTO installation_keys (id, sealed) VALUES (1, $1)
                 ON CONFLICT (id) DO NOTHING",
            )
            .await
            .map_err(failed)?;
        let written = client.execute(&write, &[&sealed]).await;
        drop(client);
        match written.map_err(uncertain)? {
            1 => Ok(keys),
            _ => {
                let standing = self.find().await?;
                standing.ok_or_else(|| internal("the keys are gone again".to_owned()))
            }
        }
    }

    async fn update(&self, found: &InstallationKeys, keys: &InstallationKeys) -> StoreResult<bool> {
        let sealed = seal(&self.1, keys)?;
        let mut client = self.0.client().await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let locked = transaction
            .query_opt(
                "SELECT sealed FROM installation_keys WHERE id = 1 FOR UPDATE",
                &[],
            )
            .await
            .map_err(failed)?;
        let standing = locked.map(|row| open(&self.1, row.get(0))).transpose()?;
        if !standing.is_some_and(|standing| standing.is_like(found)) {
            return Ok(false);
        }
        transaction
            .execute(
                "UPDATE installation_keys SET sealed = $1 WHERE id = 1",
                &[&sealed],
            )
            .await
            .map_err(failed)?;
        commit(transaction).await?;
        Ok(true)
    }
}

fn sealing_key(secret: &SecretString) -> StoreResult<LessSafeKey> {
    let derived = Salt::new(HKDF_SHA256, &[]).extract(secret.expose_secret().as_bytes());
    let key = derived
        .expand(&[PURPOSE], &AES_256_GCM)
        .map(UnboundKey::from)
        .map_err(|_| internal("no key comes of `storage.keys_secret`".to_owned()))?;
    Ok(LessSafeKey::new(key))
}

fn seal(secret: &SecretString, keys: &InstallationKeys) -> StoreResult<Vec<u8>> {
    let mut text = key_format::write(keys).map_err(|error| internal(error.to_string()))?;
    let nonce: [u8; NONCE_LEN] = rand::random();
    sealing_key(secret)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(PURPOSE),
            &mut text,
        )
        .map_err(|_| internal("the keys cannot be sealed".to_owned()))?;
    Ok([nonce.as_slice(), &text].concat())
}

fn open(secret: &SecretString, sealed: &[u8]) -> StoreResult<InstallationKeys> {
    let (nonce, text) = sealed
        .split_first_chunk::<NONCE_LEN>()
        .ok_or_else(|| internal("the sealed keys are cut off".to_owned()))?;
    let mut text = text.to_vec();
    let text = sealing_key(secret)?
        .open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(PURPOSE),
            &mut text,
        )
        .map_err(|_| {
            internal(
                "the installation's keys cannot be opened: `storage.keys_secret` is not the one \
                 they were sealed with, or the row is damaged"
                    .to_owned(),
            )
        })?;
    key_format::read(text).map_err(|error| internal(error.to_string()))
}
