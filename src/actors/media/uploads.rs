//! Uploads: spooled to a file, looked at, and kept. Nothing of a file that is refused stays.
//!
//! They come over HTTP to a process of this group and pass no mailbox: a file is a stream, and what is
//! done with it takes longer than a request may.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::films::Programs;
use super::pictures::{self, Bounds};
use super::requests::FoundMedium;
use super::spool::{Spool, SpoolFile, Writing, off_thread};
use crate::actors::request::Answer;
use crate::clock::Clock;
use crate::config::{MediaConfig, QUOTA_UNIT};
use crate::domain::media::file_name::disposition;
use crate::domain::media::sniff::{Found, judge};
use crate::domain::media::{BlobKey, MediaKind, Medium};
use crate::error::{ErrorCode, Failure};
use crate::id::{MediaId, UserId};
use crate::storage::blobs::BlobAbout;
use crate::storage::{StoreResult, Stores};

/// Uploads under way at once; beyond it they are told to try again.
const UPLOADS: usize = 256;
/// Pictures opened, and programs run, at once.
const LOOKING: usize = 2;

/// Takes uploads. Cheap to clone.
#[derive(Clone)]
pub struct Uploads(Arc<Inner>);

struct Inner {
    stores: Stores,
    clock: Clock,
    config: MediaConfig,
    spool: Spool,
    bounds: Bounds,
    programs: Programs,
    places: Arc<Semaphore>,
    looking: Semaphore,
}

/// What is known before the file comes.
#[derive(Clone, Debug)]
pub struct Announced {
    pub owner: UserId,
    /// Of the whole body, if it says so.
    pub bytes: Option<u64>,
    pub idempotency_key: Option<String>,
}

/// What is known once it is there.
#[derive(Clone, Debug)]
pub struct Declared {
    pub kind: MediaKind,
    pub file_name: Option<String>,
}

/// What an upload begins with.
pub enum Begun {
    /// Its key made this before.
    Before(Box<Medium>),
    Upload(Box<Upload>),
}

/// A medium, and whether it was made now.
#[derive(Debug)]
pub struct Made {
    pub medium: Medium,
    pub created: bool,
}

/// A file on its way in; what there is of it goes with this.
pub struct Upload {
    announced: Announced,
    id: MediaId,
    file: SpoolFile,
    writing: Writing,
    most: u64,
    is_charged: bool,
    _place: tokio::sync::OwnedSemaphorePermit,
}

impl Upload {
    /// Takes a piece; 413 beyond what any file may have.
    pub async fn write(&mut self, piece: &Bytes) -> Answer<()> {
        if self.writing.written + piece.len() as u64 > self.most {
            return Err(too_large(self.most));
        }
        self.writing
            .write(piece)
            .await
            .map_err(|error| full(&error))
    }

    /// From here on it is known what it is to be.
    pub fn limit(&mut self, most: u64) {
        self.most = self.most.min(most);
    }
}

impl Uploads {
    pub fn new(
        stores: &Stores,
        clock: Clock,
        config: &MediaConfig,
        spool: std::path::PathBuf,
    ) -> io::Result<Self> {
        let bounds = Bounds {
            most_pixels: config.image_pixels,
            thumbnail_side: config.thumbnail_side,
        };
        let programs = Programs {
            ffmpeg: config.ffmpeg.clone(),
            ffprobe: config.ffprobe.clone(),
            patience: config.ffmpeg_timeout,
            is_missed: AtomicBool::new(false),
        };
        Ok(Self(Arc::new(Inner {
            stores: stores.clone(),
            clock,
            spool: Spool::open(spool, config.orphan_grace, clock)?,
            config: config.clone(),
            bounds,
            programs,
            places: Arc::new(Semaphore::new(UPLOADS)),
            looking: Semaphore::new(LOOKING),
        })))
    }

    pub fn most_bytes(&self, kind: MediaKind) -> u64 {
        self.0.config.most_bytes(kind)
    }

    pub fn timeout(&self) -> Duration {
        self.0.config.upload_timeout
    }

    /// Answers a repeat, and refuses what would be refused anyway, before the file is read.
    pub async fn begin(&self, announced: Announced) -> Answer<Begun> {
        if let Some(key) = announced.idempotency_key.clone() {
            let now = self.0.clock.now();
            let media = &self.0.stores.media;
            if let Some(first) = media.find_by_key(announced.owner, key, now).await? {
                return Ok(Begun::Before(Box::new(first)));
            }
        }
        let place = Arc::clone(&self.0.places).try_acquire_owned();
        let place = place.map_err(|_| Failure::unavailable("too many files come in, try again"))?;
        if let Some(bytes) = announced.bytes {
            self.charge(announced.owner, bytes).await?;
        }
        let id = MediaId::new();
        let file = self.0.spool.file(id, "upload");
        let writing = Writing::start(&file).await.map_err(|error| full(&error))?;
        let kinds = [
            MediaKind::Image,
            MediaKind::Video,
            MediaKind::Audio,
            MediaKind::Document,
        ];
        let most = kinds.map(|kind| self.most_bytes(kind)).into_iter().max();
        Ok(Begun::Upload(Box::new(Upload {
            id,
            file,
            writing,
            most: most.unwrap_or(0),
            is_charged: announced.bytes.is_some(),
            announced,
            _place: place,
        })))
    }

    /// Looks at a whole file and keeps it. Goes on when its caller has gone: it is then kept whole, or
    /// not at all.
    pub async fn finish(&self, upload: Upload, declared: Declared) -> Answer<Made> {
        let inner = Arc::clone(&self.0);
        let kept = tokio::spawn(async move { inner.finish(upload, declared).await });
        kept.await.map_err(|_| Failure::internal())?
    }

    pub fn with_addresses(&self, medium: Medium) -> FoundMedium {
        FoundMedium::new(medium, &*self.0.stores.blobs, self.0.clock.now())
    }

    async fn charge(&self, owner: UserId, bytes: u64) -> Answer<()> {
        self.0.charge(owner, bytes).await
    }
}

impl Inner {
    async fn charge(&self, owner: UserId, bytes: u64) -> Answer<()> {
        let cost = u32::try_from(bytes.div_ceil(QUOTA_UNIT)).unwrap_or(u32::MAX);
        let key = format!("media:{owner}");
        match self
            .stores
            .limits
            .take(&key, self.config.quota(), cost)
            .await?
        {
            None => Ok(()),
            Some(wait) => Err(Failure::rate_limited(wait)),
        }
    }

    async fn finish(&self, mut upload: Upload, declared: Declared) -> Answer<Made> {
        upload.writing.flush().await.map_err(|error| full(&error))?;
        let (owner, size) = (upload.announced.owner, upload.writing.written);
        if size == 0 {
            return Err(Failure::invalid("file", "is empty"));
        }
        let most = self.config.most_bytes(declared.kind);
        if size > most {
            return Err(too_large(most));
        }
        if !upload.is_charged {
            self.charge(owner, size).await?;
        }
        let name = declared.file_name.as_deref();
        let found = judge(declared.kind, &upload.writing.head, name)?;
        let mut medium = Medium {
            id: upload.id,
            owner_id: owner,
            kind: declared.kind,
            mime_type: found.mime_type.clone(),
            size_bytes: size,
            file_name: declared.file_name,
            width: None,
            height: None,
            duration_ms: None,
            has_thumbnail: false,
            created_at: self.clock.now(),
        };
        let thumbnail = self.look(&upload, &found, &mut medium).await?;
        let made = self.keep(&upload, medium, thumbnail).await?;
        let kind = made.medium.kind.as_str();
        metrics::counter!("troupe_media_uploads_total", "type" => kind).increment(1);
        metrics::counter!("troupe_media_upload_bytes_total", "type" => kind).increment(size);
        Ok(made)
    }

    /// Fills in what is seen in the file; answers the thumbnail.
    async fn look(
        &self,
        upload: &Upload,
        found: &Found,
        medium: &mut Medium,
    ) -> Answer<Option<Vec<u8>>> {
        let place = self.looking.acquire().await;
        let _place = place.map_err(|_| Failure::internal())?;
        if medium.kind == MediaKind::Image {
            let (path, mime) = (upload.file.path().to_owned(), found.mime_type.clone());
            let bounds = self.bounds;
            let looked = move || Ok(pictures::look(&path, &mime, bounds));
            // A decoder that panics has met a broken file.
            let looked = off_thread(looked).await;
            let picture = looked
                .map_err(|_| Failure::invalid("file", "is a picture that cannot be read"))??;
            (medium.width, medium.height) = (Some(picture.width), Some(picture.height));
            return Ok(Some(picture.thumbnail));
        }
        let Some(container) = found.container else {
            return Ok(None);
        };
        let (path, kind) = (upload.file.path(), medium.kind);
        let film = self
            .programs
            .look(path, kind, container, self.bounds)
            .await?;
        (medium.width, medium.height) = (film.width, film.height);
        medium.duration_ms = film.duration_ms;
        Ok(film.thumbnail)
    }

    async fn keep(
        &self,
        upload: &Upload,
        mut medium: Medium,
        thumbnail: Option<Vec<u8>>,
    ) -> Answer<Made> {
        let id = medium.id;
        let began = self.clock.now();
        self.stores.media.begin(id, medium.owner_id, began).await?;
        medium.has_thumbnail = thumbnail.is_some();
        let stored = self.store(upload, &medium, thumbnail).await;
        let key = upload.announced.idempotency_key.clone();
        let inserted = match stored {
            Ok(()) => self.stores.media.insert(medium, key).await,
            Err(error) => Err(error),
        };
        let made = match inserted {
            Ok(Some(made)) => Ok(Made {
                created: made.id == id,
                medium: made,
            }),
            Ok(None) => Err(Failure::unavailable("this took too long, try again")),
            Err(error) => Err(error.into()),
        };
        // What may have been made after all is not to be taken back.
        let is_unknown =
            matches!(&made, Err(failure) if failure.code() == ErrorCode::OutcomeUnknown);
        if !is_unknown && !made.as_ref().is_ok_and(|made| made.created) {
            self.discard(id).await;
        }
        made
    }

    async fn store(
        &self,
        upload: &Upload,
        medium: &Medium,
        thumbnail: Option<Vec<u8>>,
    ) -> StoreResult<()> {
        let blobs = &self.stores.blobs;
        if let Some(thumbnail) = thumbnail {
            let file = self.spool.file(medium.id, "thumbnail");
            let path = file.path().to_owned();
            let written = off_thread(move || std::fs::write(path, thumbnail)).await;
            written.map_err(|error| crate::storage::StoreError {
                kind: crate::storage::StoreErrorKind::Unavailable,
                store: "spool",
                message: error.to_string(),
            })?;
            let about = BlobAbout {
                mime_type: "image/jpeg",
                disposition: "inline",
            };
            let key = BlobKey::thumbnail(medium.id);
            blobs.insert(key, file.path(), about).await?;
        }
        let offered = offered(medium);
        let about = BlobAbout {
            mime_type: &medium.mime_type,
            disposition: &offered,
        };
        let key = BlobKey::original(medium.id);
        crate::failpoint::reached("media.before-original");
        blobs.insert(key, upload.file.path(), about).await?;
        crate::failpoint::reached("media.before-index");
        Ok(())
    }

    /// What is left over the sweep removes.
    async fn discard(&self, id: MediaId) {
        let removed = match self.stores.blobs.remove(id).await {
            Ok(()) => self.stores.media.remove(id).await,
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            tracing::warn!(media.id = %id, cause = %error, "left for the sweep");
        }
    }
}

/// The value of `Content-Disposition`: what browsers play is shown, anything else is kept.
pub fn offered(medium: &Medium) -> String {
    let kind = match medium.kind {
        MediaKind::Document => "attachment",
        _ => "inline",
    };
    disposition(kind, medium.file_name.as_deref())
}

fn too_large(most: u64) -> Failure {
    let message = format!("a file of this type has at most {most} bytes");
    Failure::new(ErrorCode::TooLarge, message).with_field("file", "is too large")
}

fn full(error: &io::Error) -> Failure {
    tracing::error!(cause = %error, "an upload could not be written");
    Failure::unavailable("there is no room for files right now")
}
