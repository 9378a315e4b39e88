//! Writing out an account: one archive, made by a job and kept for a while.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::actor::Users;
use super::archive::{Archive, PARTS};
use super::requests::{ExportMe, Exported, FindExport};
use crate::actors::group::Group;
use crate::actors::jobs::requests::JobDesk;
use crate::actors::jobs::{Job, JobError, JobKind, Progress};
use crate::actors::message::requests::MessagePeers;
use crate::actors::request::Answer;
use crate::clock::Clock;
use crate::domain::leaving::{self, WorkState};
use crate::domain::media::{BlobKey, MediaKind, Medium};
use crate::error::Failure;
use crate::id::{MediaId, UserId};
use crate::storage::Stores;
use crate::storage::blobs::BlobAbout;
use crate::storage::exports::Export;

pub const KIND: JobKind = JobKind {
    name: "export",
    about: "writes the archives that people asked for of their data",
    group: Group::User,
    every: |config| config.export,
};

/// Of an archive; no upload has it, since what is uploaded is told by its content.
pub const MIME_TYPE: &str = "application/vnd.troupe.archive+zip";
const NAME: &str = "troupe-data.zip";
/// One that is asked for again within this time is the same.
const SAME_FOR: Duration = Duration::from_secs(3600);
/// How long an archive is kept.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
/// Archives of one run.
const AT_ONCE: usize = 20;

impl Users {
    pub(super) async fn export_me(&self, request: ExportMe) -> Answer<Exported> {
        let now = self.clock.now();
        let export = Export {
            user_id: request.user,
            requested_at: now,
            finished_at: None,
            archive_id: None,
            parts: leaving::begun(PARTS),
        };
        let exports = &self.stores.exports;
        let export = exports.insert(export, now.minus(SAME_FOR)).await?;
        if export.finished_at.is_none() {
            let jobs = JobDesk {
                store: Arc::clone(&self.stores.jobs),
                clock: self.clock,
            };
            // It runs at its time anyway.
            if let Err(failure) = jobs.request(KIND.name).await {
                tracing::warn!(cause = %failure, "the export could not be asked for at once");
            }
        }
        Ok(self.exported(export))
    }

    pub(super) async fn find_export(&self, request: FindExport) -> Answer<Exported> {
        let found = self.stores.exports.find(request.user).await?;
        let found = found.ok_or_else(Failure::not_found)?;
        let now = self.clock.now();
        let is_over = |at| now.since(at) > KEPT;
        if found.finished_at.is_some_and(is_over) {
            return Err(Failure::not_found());
        }
        Ok(self.exported(found))
    }

    fn exported(&self, export: Export) -> Exported {
        let blobs = &self.stores.blobs;
        let now = self.clock.now();
        let address = |id| blobs.address(BlobKey::original(id), now);
        Exported {
            state: leaving::overall(&export.parts),
            url: export.archive_id.map(address),
            stores: export.parts,
        }
    }
}

/// The job `export`.
pub struct ExportAccounts {
    pub stores: Stores,
    pub message: MessagePeers,
    pub clock: Clock,
    /// Where archives are put together.
    pub spool: PathBuf,
}

#[async_trait]
impl Job for ExportAccounts {
    fn kind(&self) -> &'static JobKind {
        &KIND
    }

    async fn run(&self, progress: &Progress) -> Result<String, JobError> {
        let (mut made, mut failed) = (0, 0);
        for export in self.stores.exports.list_open(AT_ONCE).await? {
            let user = export.user_id;
            match self.export(export).await {
                Ok(()) => made += 1,
                Err(error) => {
                    tracing::warn!(user.id = %user, cause = %error, "an archive could not be made");
                    failed += 1;
                }
            }
            progress.advance(1);
        }
        match failed {
            0 => Ok(format!("{made} archives")),
            _ => Err(JobError::Other(format!("{made} archives, {failed} failed"))),
        }
    }
}

impl ExportAccounts {
    async fn export(&self, mut export: Export) -> Result<(), JobError> {
        let id = MediaId::new();
        let path = self.spool.join(format!("{id}.archive"));
        let written = self.write(&mut export, id, &path).await;
        // Moved away, if all went well.
        let _ = std::fs::remove_file(&path);
        written
    }

    async fn write(&self, export: &mut Export, id: MediaId, path: &Path) -> Result<(), JobError> {
        let (stores, user) = (&self.stores, export.user_id);
        let made = std::fs::create_dir_all(&self.spool)
            .and_then(|()| Archive::create(path, stores, &self.message, user));
        let mut archive = made.map_err(|error| JobError::Other(error.to_string()))?;
        for part in PARTS {
            if let Err(error) = archive.write(part).await {
                leaving::set(&mut export.parts, part, WorkState::Failed);
                stores.exports.update(export.clone()).await?;
                return Err(error);
            }
            leaving::set(&mut export.parts, part, WorkState::Ready);
            if *part != "media" {
                stores.exports.update(export.clone()).await?;
            }
        }
        let size_bytes = archive.finish()?;
        self.keep(user, id, path, size_bytes).await?;
        export.archive_id = Some(id);
        export.finished_at = Some(self.clock.now());
        Ok(stores.exports.update(export.clone()).await?)
    }

    /// As a medium of his own that nothing refers to: after [`KEPT`] it goes as such media do.
    async fn keep(
        &self,
        user: UserId,
        id: MediaId,
        path: &Path,
        size_bytes: u64,
    ) -> Result<(), JobError> {
        let (stores, now) = (&self.stores, self.clock.now());
        stores.media.begin(id, user, now).await?;
        let about = BlobAbout {
            mime_type: "application/zip",
            disposition: "attachment; filename*=UTF-8''troupe-data.zip",
        };
        let key = BlobKey::original(id);
        stores.blobs.insert(key, path, about).await?;
        let medium = Medium {
            id,
            owner_id: user,
            kind: MediaKind::Document,
            mime_type: MIME_TYPE.to_owned(),
            size_bytes,
            file_name: Some(NAME.to_owned()),
            width: None,
            height: None,
            duration_ms: None,
            has_thumbnail: false,
            created_at: now,
        };
        stores.media.insert(medium, None).await?;
        stores.media.hold(vec![id], now + KEPT).await?;
        Ok(())
    }
}
