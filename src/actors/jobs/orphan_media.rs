//! The job `orphan-media`: removes media that nothing refers to.

use std::time::Duration;

use async_trait::async_trait;

use super::{Job, JobError, JobKind, Progress};
use crate::actors::group::Group;
use crate::actors::media::sweep::sweep_orphans;
use crate::clock::Clock;
use crate::storage::Stores;

pub const KIND: JobKind = JobKind {
    name: "orphan-media",
    about: "removes media that no message, profile or group refers to, and uploads that never ended",
    group: Group::Media,
    every: |config| config.orphan_media,
};

pub struct OrphanMedia {
    pub stores: Stores,
    pub clock: Clock,
    /// How long what nothing refers to is kept.
    pub grace: Duration,
}

#[async_trait]
impl Job for OrphanMedia {
    fn kind(&self) -> &'static JobKind {
        &KIND
    }

    async fn run(&self, progress: &Progress) -> Result<String, JobError> {
        let swept = sweep_orphans(&self.stores, self.clock.now(), self.grace).await?;
        progress.advance(swept.removed as u64);
        let (looked_at, removed) = (swept.looked_at, swept.removed);
        match swept.failed {
            0 => Ok(format!("{removed} of {looked_at} media removed")),
            failed => Err(JobError::Other(format!(
                "{removed} of {looked_at} media removed, {failed} could not be"
            ))),
        }
    }
}
