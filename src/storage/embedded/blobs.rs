//! Files in the data directory, and addresses on this server that are signed with a key of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ring::hmac;

use crate::clock::Timestamp;
use crate::domain::media::BlobKey;
use crate::id::MediaId;
use crate::storage::blobs::{BlobAbout, BlobStore, PIECE_BYTES, Signed};
use crate::storage::{StoreError, StoreErrorKind, StoreResult};
use crate::wire::origin;

const KEY_BYTES: usize = 32;
const OWNER_ONLY: u32 = 0o600;

/// The embedded [`BlobStore`].
pub struct LocalBlobs {
    folder: PathBuf,
    key: hmac::Key,
    life: Duration,
    /// What addresses begin with; empty: the host that each client used.
    public_url: String,
}

impl LocalBlobs {
    /// Files below `media` of the data directory.
    pub fn open(data_dir: &Path, life: Duration, public_url: &str) -> StoreResult<Self> {
        let folder = data_dir.join("media");
        let key = fs::create_dir_all(&folder).and_then(|()| signing_key(&folder.join("key")));
        let key = key.map_err(|error| failed(&error))?;
        Ok(Self {
            folder,
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            life,
            public_url: public_url.trim_end_matches('/').to_owned(),
        })
    }

    /// Where uploads are put together: of the same file system, so that they can be moved.
    pub fn spool(data_dir: &Path) -> PathBuf {
        data_dir.join("media/incoming")
    }

    /// The end of an id is random, so folders fill evenly.
    fn folder_of(&self, media_id: MediaId) -> PathBuf {
        let id = media_id.to_string();
        self.folder.join(&id[id.len() - 2..]).join(id)
    }

    fn path(&self, key: BlobKey) -> PathBuf {
        self.folder_of(key.media_id).join(key.part.as_str())
    }

    fn signature(&self, key: BlobKey, expires: i64) -> hmac::Tag {
        hmac::sign(&self.key, format!("{key}\0{expires}").as_bytes())
    }
}

#[async_trait]
impl BlobStore for LocalBlobs {
    async fn insert(&self, key: BlobKey, file: &Path, _: BlobAbout<'_>) -> StoreResult<()> {
        let (from, to) = (file.to_owned(), self.path(key));
        let root = self.folder.clone();
        off_thread(move || keep(&root, &from, &to)).await
    }

    async fn find(&self, key: BlobKey) -> StoreResult<Option<u64>> {
        let path = self.path(key);
        off_thread(move || match fs::metadata(&path) {
            Ok(found) => Ok(Some(found.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    async fn read(&self, key: BlobKey, range: Range<u64>) -> StoreResult<Bytes> {
        let path = self.path(key);
        off_thread(move || {
            let count = range.end.saturating_sub(range.start).min(PIECE_BYTES);
            let mut bytes = vec![0; usize::try_from(count).unwrap_or(0)];
            File::open(path)?.read_exact_at(&mut bytes, range.start)?;
            Ok(Bytes::from(bytes))
        })
        .await
    }

    async fn remove(&self, media_id: MediaId) -> StoreResult<()> {
        let folder = self.folder_of(media_id);
        off_thread(move || match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await
    }

    async fn prepare(&self) -> StoreResult<()> {
        Ok(())
    }

    fn address(&self, key: BlobKey, since: Timestamp) -> String {
        let expires = (since + self.life).seconds();
        let signature = hex::encode(self.signature(key, expires).as_ref());
        let origin = match self.public_url.as_str() {
            "" => origin::stand_in(),
            named => named,
        };
        format!("{origin}/files/{key}?expires={expires}&signature={signature}")
    }

    fn address_life(&self) -> Duration {
        self.life
    }

    fn admits(&self, key: BlobKey, signed: Signed<'_>, now: Timestamp) -> bool {
        let said = format!("{key}\0{}", signed.expires);
        let tag = hex::decode(signed.signature).unwrap_or_default();
        let is_ours = hmac::verify(&self.key, said.as_bytes(), &tag).is_ok();
        is_ours && now.seconds() < signed.expires
    }
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> StoreResult<T> {
    let result = tokio::task::spawn_blocking(work).await;
    let result = result.unwrap_or_else(|stopped| Err(io::Error::other(stopped)));
    result.map_err(|error| failed(&error))
}

fn failed(error: &io::Error) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Unavailable,
        store: "files",
        message: error.to_string(),
    }
}

/// Durable before it is answered: the file, its name, and the names of its folders.
fn keep(root: &Path, from: &Path, to: &Path) -> io::Result<()> {
    File::open(from)?.sync_all()?;
    let folder = to.parent().unwrap_or(root);
    fs::create_dir_all(folder)?;
    fs::rename(from, to)?;
    for above in folder.ancestors() {
        File::open(above)?.sync_all()?;
        if above == root {
            break;
        }
    }
    Ok(())
}

/// The key of this data directory, made once.
fn signing_key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    match File::open(path) {
        Ok(mut file) => {
            file.read_exact(&mut key)?;
            return Ok(key);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    key = rand::random();
    let beside = path.with_extension("new");
    let _ = fs::remove_file(&beside);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(OWNER_ONLY)
        .open(&beside)?;
    file.write_all(&key)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    Ok(key)
}
