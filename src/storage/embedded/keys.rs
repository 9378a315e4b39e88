//! The installation's keys in one file of the data directory, for its owner's eyes only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::storage::keys::{InstallationKeys, KeyStore};
use crate::storage::{StoreError, StoreErrorKind, StoreResult, key_format};

const OWNER_ONLY: u32 = 0o600;

/// Keys in a file; another process with the same data directory must not run.
pub struct FileKeys {
    path: PathBuf,
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

    async fn insert(&self, keys: InstallationKeys) -> StoreResult<InstallationKeys> {
        let path = self.path.clone();
        off_thread(move || write_first(&path, keys)).await
    }

    async fn update(&self, found: &InstallationKeys, keys: &InstallationKeys) -> StoreResult<bool> {
        let (path, found, keys) = (self.path.clone(), found.clone(), keys.clone());
        off_thread(move || match read(&path)? {
            Some(standing) if standing.is_like(&found) => write(&path, &keys).map(|()| true),
            _ => Ok(false),
        })
        .await
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
    Ok(Some(key_format::read(&text)?))
}

/// Writes beside the file and links, which fails when another was there first.
fn write_first(path: &Path, keys: InstallationKeys) -> io::Result<InstallationKeys> {
    let beside = write_beside(path, &keys)?;
    let linked = fs::hard_link(&beside, path);
    fs::remove_file(&beside)?;
    match linked {
        Ok(()) => sync_folder(path).map(|()| keys),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            read(path)?.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        }
        Err(error) => Err(error),
    }
}

/// Writes beside the file and renames, so that a crash leaves the old keys or the new ones.
fn write(path: &Path, keys: &InstallationKeys) -> io::Result<()> {
    let beside = write_beside(path, keys)?;
    fs::rename(&beside, path)?;
    sync_folder(path)
}

fn write_beside(path: &Path, keys: &InstallationKeys) -> io::Result<PathBuf> {
    let beside = path.with_extension(format!("{:016x}.new", rand::random::<u64>()));
    let mut out = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(OWNER_ONLY)
        .open(&beside)?;
    out.set_permissions(fs::Permissions::from_mode(OWNER_ONLY))?;
    out.write_all(&key_format::write(keys)?)?;
    out.sync_all()?;
    Ok(beside)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
