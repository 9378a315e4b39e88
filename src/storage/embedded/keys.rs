//! The installation's keys in one file of the data directory, for its owner's eyes only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretSlice};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::storage::keys::{InstallationKeys, KeyStore, SigningKey};
use crate::storage::{StoreError, StoreErrorKind, StoreResult};

const OWNER_ONLY: u32 = 0o600;

/// Keys in a file; another process with the same data directory must not run.
pub struct FileKeys {
    path: PathBuf,
}

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

impl FileKeys {
    /// Keys in `keys.json` of the data directory.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            path: data_dir.join("keys.json"),
        }
    }
}

#[async_trait]
impl KeyStore for FileKeys {
    async fn find(&self) -> StoreResult<Option<InstallationKeys>> {
        let path = self.path.clone();
        off_thread(move || read(&path)).await
    }

    async fn update(&self, keys: InstallationKeys) -> StoreResult<()> {
        let path = self.path.clone();
        off_thread(move || write(&path, &keys)).await
    }
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> StoreResult<T> {
    let result = tokio::task::spawn_blocking(work).await;
    let result = result.unwrap_or_else(|stopped| Err(io::Error::other(stopped)));
    result.map_err(|error| StoreError {
        kind: StoreErrorKind::Unavailable,
        store: "keys",
        message: error.to_string(),
    })
}

fn read(path: &Path) -> io::Result<Option<InstallationKeys>> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!("the key file was readable by others and no longer is");
        fs::set_permissions(path, fs::Permissions::from_mode(OWNER_ONLY))?;
    }
    let file: KeyFile = serde_json::from_slice(&text)?;
    let signing = file.signing.into_iter().map(|entry| {
        Ok(SigningKey {
            kid: entry.kid,
            pkcs8: decode(&entry.pkcs8)?,
            created_at: entry.created_at,
            retired_at: entry.retired_at,
        })
    });
    Ok(Some(InstallationKeys {
        signing: signing.collect::<io::Result<_>>()?,
        secret: decode(&file.secret)?,
    }))
}

fn decode(text: &str) -> io::Result<SecretSlice<u8>> {
    STANDARD
        .decode(text)
        .map(SecretSlice::from)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a key is not base64"))
}

/// Writes beside the file and renames, so that a crash leaves the old keys or the new ones.
fn write(path: &Path, keys: &InstallationKeys) -> io::Result<()> {
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
    let beside = path.with_extension("new");
    let mut out = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(OWNER_ONLY)
        .open(&beside)?;
    out.set_permissions(fs::Permissions::from_mode(OWNER_ONLY))?;
    out.write_all(&serde_json::to_vec_pretty(&file)?)?;
    out.sync_all()?;
    fs::rename(&beside, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
