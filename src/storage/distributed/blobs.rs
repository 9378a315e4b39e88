//! Objects in a bucket of an S3 server, and presigned addresses at its public side.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use s3::creds::Credentials;
use s3::error::S3Error;
use s3::{Bucket, BucketConfiguration, Region};
use secrecy::{ExposeSecret, SecretString};
use tokio::fs::File;
use tokio::time::timeout;

use super::presign::Presigner;
use crate::clock::Timestamp;
use crate::domain::media::{BlobKey, Part};
use crate::id::MediaId;
use crate::storage::blobs::{BlobAbout, BlobStore, PIECE_BYTES};
use crate::storage::{StoreError, StoreErrorKind, StoreResult};

/// Parts of 8 MiB of one object under way at once; each is held in memory.
const PARTS: usize = 2;
/// Slowest upload that is waited for, in bytes a second.
const SLOWEST: u64 = 256 * 1024;

#[derive(Clone, Debug)]
pub struct S3Settings {
    /// As this process reaches it.
    pub endpoint: String,
    /// As clients reach it; empty: the same.
    pub public_endpoint: String,
    pub region: String,
    pub bucket: String,
    pub access_key: String,
    pub secret_key: SecretString,
    /// For a request that carries no file.
    pub timeout: Duration,
    pub address_life: Duration,
}

/// The distributed [`BlobStore`].
#[derive(Clone)]
pub struct S3Blobs {
    bucket: Box<Bucket>,
    public: Presigner,
    credentials: Credentials,
    timeout: Duration,
    life: Duration,
}

impl S3Blobs {
    /// Reads the settings; connects when first used.
    pub fn new(settings: &S3Settings) -> StoreResult<Self> {
        let secret = settings.secret_key.expose_secret();
        let key = Some(settings.access_key.as_str());
        let credentials =
            Credentials::new(key, Some(secret), None, None, None).map_err(|error| wrong(&error))?;
        let region = Region::Custom {
            region: settings.region.clone(),
            endpoint: settings.endpoint.trim_end_matches('/').to_owned(),
        };
        let bucket = Bucket::new(&settings.bucket, region, credentials.clone())
            .map_err(|error| wrong(&error))?
            .with_path_style();
        Ok(Self {
            bucket,
            public: presigner(settings)?,
            credentials,
            timeout: settings.timeout,
            life: settings.address_life,
        })
    }

    async fn ask<T>(
        &self,
        call: impl Future<Output = Result<T, S3Error>>,
    ) -> StoreResult<Result<T, S3Error>> {
        let late = || unavailable("no answer in time");
        timeout(self.timeout, call).await.map_err(|_| late())
    }

    /// Whether the bucket is there.
    pub async fn has_bucket(&self) -> StoreResult<bool> {
        let first = self
            .bucket
            .list_page(String::new(), None, None, None, Some(1));
        match self.ask(first).await? {
            Ok(_) => Ok(true),
            Err(S3Error::HttpFailWithBody(404, _)) => Ok(false),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Parts of uploads that were cut off. Not every server lists them.
    async fn abort(&self, media_id: MediaId) {
        let prefix = format!("{media_id}/");
        let listed = self.bucket.list_multiparts_uploads(Some(&prefix), None);
        let Ok(Ok(listed)) = self.ask(listed).await else {
            return;
        };
        for upload in listed.into_iter().flat_map(|page| page.uploads) {
            let aborted = self.bucket.abort_upload(&upload.key, &upload.id);
            if let Ok(Err(error)) = self.ask(aborted).await {
                tracing::warn!(cause = %error, "parts of an upload that was cut off stay");
            }
        }
    }
}

fn presigner(settings: &S3Settings) -> StoreResult<Presigner> {
    let public = match settings.public_endpoint.as_str() {
        "" => settings.endpoint.as_str(),
        named => named,
    };
    let (scheme, rest) = public
        .split_once("://")
        .ok_or_else(|| wrong(&"the endpoint is no address"))?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let below = match path.trim_matches('/') {
        "" => String::new(),
        path => format!("/{path}"),
    };
    Ok(Presigner {
        scheme: scheme.to_owned(),
        host: host.to_owned(),
        path: format!("{below}/{}", settings.bucket),
        region: settings.region.clone(),
        access_key: settings.access_key.clone(),
        secret_key: settings.secret_key.expose_secret().to_owned(),
    })
}

#[async_trait]
impl BlobStore for S3Blobs {
    async fn insert(&self, key: BlobKey, file: &Path, about: BlobAbout<'_>) -> StoreResult<()> {
        let mut file = File::open(file)
            .await
            .map_err(|error| unavailable(&error))?;
        let size = file
            .metadata()
            .await
            .map_err(|error| unavailable(&error))?
            .len();
        let put = self
            .bucket
            .put_object_stream_builder(key.to_string())
            .with_content_type(about.mime_type)
            .with_max_concurrent_chunks(PARTS)
            .with_header(http::header::CONTENT_DISPOSITION, about.disposition)
            .map_err(|error| wrong(&error))?
            .execute_stream(&mut file);
        let patience = self.timeout + Duration::from_secs(size / SLOWEST);
        let put = timeout(patience, put).await;
        let put = put.map_err(|_| unavailable("no answer in time"))?;
        let status = put.map_err(|error| failed(&error))?.status_code();
        match status {
            200..300 => Ok(()),
            _ => Err(unavailable(format_args!("HTTP {status}"))),
        }
    }

    async fn find(&self, key: BlobKey) -> StoreResult<Option<u64>> {
        match self.ask(self.bucket.head_object(key.to_string())).await? {
            Ok((head, _)) => Ok(head
                .content_length
                .and_then(|count| u64::try_from(count).ok())),
            Err(S3Error::HttpFailWithBody(404, _)) => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    async fn read(&self, key: BlobKey, range: Range<u64>) -> StoreResult<Bytes> {
        let count = range.end.saturating_sub(range.start).min(PIECE_BYTES);
        if count == 0 {
            return Ok(Bytes::new());
        }
        let last = range.start + count - 1;
        let piece = self
            .bucket
            .get_object_range(key.to_string(), range.start, Some(last));
        let piece = self.ask(piece).await?.map_err(|error| failed(&error))?;
        Ok(piece.bytes().clone())
    }

    async fn remove(&self, media_id: MediaId) -> StoreResult<()> {
        self.abort(media_id).await;
        for part in Part::ALL {
            let key = BlobKey { media_id, part };
            match self.ask(self.bucket.delete_object(key.to_string())).await? {
                Ok(_) | Err(S3Error::HttpFailWithBody(404, _)) => {}
                Err(error) => return Err(failed(&error)),
            }
        }
        Ok(())
    }

    async fn prepare(&self) -> StoreResult<()> {
        if self.has_bucket().await? {
            return Ok(());
        }
        let name = self.bucket.name();
        let made = Bucket::create_with_path_style(
            &name,
            self.bucket.region(),
            self.credentials.clone(),
            BucketConfiguration::default(),
        );
        match self.ask(made).await? {
            Ok(_) => Ok(()),
            // Another process was quicker.
            Err(_) if self.has_bucket().await? => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }

    fn address(&self, key: BlobKey, since: Timestamp) -> String {
        self.public
            .get(&key.to_string(), since, self.life.as_secs())
    }

    fn address_life(&self) -> Duration {
        self.life
    }
}

/// What the server refuses for good is told apart from what may pass.
fn failed(error: &S3Error) -> StoreError {
    match error {
        S3Error::HttpFailWithBody(status @ 400..500, body)
            if !matches!(status, 404 | 408 | 429) =>
        {
            let said: String = body.chars().take(200).collect();
            wrong(&format_args!("HTTP {status}: {said}"))
        }
        _ => unavailable(error),
    }
}

fn wrong(what: &dyn fmt::Display) -> StoreError {
    store_error(StoreErrorKind::Internal, what)
}

fn unavailable(what: impl fmt::Display) -> StoreError {
    store_error(StoreErrorKind::Unavailable, &what)
}

fn store_error(kind: StoreErrorKind, what: &dyn fmt::Display) -> StoreError {
    StoreError {
        kind,
        store: "s3",
        message: what.to_string(),
    }
}
