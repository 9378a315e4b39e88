//! How the installation's keys are written, wherever they are kept: JSON, the keys as base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretSlice};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use super::keys::{InstallationKeys, SigningKey};
use crate::clock::Timestamp;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    secret: String,
    signing: Vec<KeyEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    kid: String,
    pkcs8: String,
    created_at: Timestamp,
    retired_at: Option<Timestamp>,
}

pub fn write(keys: &InstallationKeys) -> serde_json::Result<Vec<u8>> {
    let file = KeyFile {
        secret: STANDARD.encode(keys.secret.expose_secret()),
        signing: keys
            .signing
            .iter()
            .map(|key| KeyEntry {
                kid: key.kid.clone(),
                pkcs8: STANDARD.encode(key.pkcs8.expose_secret()),
                created_at: key.created_at,
                retired_at: key.retired_at,
            })
            .collect(),
    };
    serde_json::to_vec_pretty(&file)
}

pub fn read(text: &[u8]) -> serde_json::Result<InstallationKeys> {
    let file: KeyFile = serde_json::from_slice(text)?;
    let signing = file.signing.into_iter().map(|entry| {
        Ok(SigningKey {
            kid: entry.kid,
            pkcs8: decode(&entry.pkcs8)?,
            created_at: entry.created_at,
            retired_at: entry.retired_at,
        })
    });
    Ok(InstallationKeys {
        signing: signing.collect::<serde_json::Result<_>>()?,
        secret: decode(&file.secret)?,
    })
}

fn decode(text: &str) -> serde_json::Result<SecretSlice<u8>> {
    STANDARD
        .decode(text)
        .map(SecretSlice::from)
        .map_err(|_| serde_json::Error::custom("a key is not base64"))
}
