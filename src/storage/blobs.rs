//! Files: what media are made of, and the addresses under which clients fetch them.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::StoreResult;
use crate::clock::Timestamp;
use crate::domain::media::BlobKey;
use crate::id::MediaId;

/// Most that is read of a blob at once.
pub const PIECE_BYTES: u64 = 128 * 1024;

/// How a blob is to be served.
#[derive(Clone, Copy, Debug)]
pub struct BlobAbout<'a> {
    pub mime_type: &'a str,
    /// The value of `Content-Disposition`.
    pub disposition: &'a str,
}

/// What an address on this server carries beside the blob's key.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// Seconds since 1970.
    pub expires: i64,
    pub signature: &'a str,
}

#[async_trait]
pub trait BlobStore: Send + Sync {
    /// Keeps a file under a key, durably once it is answered. The file may be gone after it.
    async fn insert(&self, key: BlobKey, file: &Path, about: BlobAbout<'_>) -> StoreResult<()>;

    /// How many bytes a blob has; `None`: there is none.
    async fn find(&self, key: BlobKey) -> StoreResult<Option<u64>>;

    /// Some bytes of a blob, at most [`PIECE_BYTES`].
    async fn read(&self, key: BlobKey, range: Range<u64>) -> StoreResult<Bytes>;

    /// Removes every part of a medium, and what an upload that was cut off left of it. Nothing there
    /// is fine.
    async fn remove(&self, media_id: MediaId) -> StoreResult<()>;

    /// Makes what must be there before anything can be kept.
    async fn prepare(&self) -> StoreResult<()>;

    /// An address that anyone may fetch a blob at, good for [`address_life`](Self::address_life) from
    /// `since` on. It is made here, without asking anyone.
    fn address(&self, key: BlobKey, since: Timestamp) -> String;

    fn address_life(&self) -> Duration;

    /// Whether this is an address of this server's own that holds now. Elsewhere blobs are served, and
    /// addresses checked, by a server of their own.
    fn admits(&self, _: BlobKey, _: Signed<'_>, _: Timestamp) -> bool {
        false
    }
}
