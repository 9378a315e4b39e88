//! The job `disappearing`: takes the words of messages that are past their time.

use async_trait::async_trait;

use super::{Job, JobError, JobKind, Progress};
use crate::actors::group::Group;
use crate::actors::media::sweep::release;
use crate::actors::message::disappearing::{Releases, sweep_disappearing};
use crate::clock::Clock;
use crate::id::MediaId;
use crate::storage::{StoreResult, Stores};

pub const KIND: JobKind = JobKind {
    name: "disappearing",
    about: "takes the words of messages past their time, which nobody sees any more",
    group: Group::Message,
    every: |config| config.disappearing,
};

pub struct Disappearing {
    pub stores: Stores,
    pub clock: Clock,
}

#[async_trait]
impl Job for Disappearing {
    fn kind(&self) -> &'static JobKind {
        &KIND
    }

    async fn run(&self, progress: &Progress) -> Result<String, JobError> {
        let swept = sweep_disappearing(&self.stores, self.clock, self).await?;
        progress.advance(swept.messages as u64);
        Ok(format!("{} messages", swept.messages))
    }
}

#[async_trait]
impl Releases for Disappearing {
    async fn release(&self, media: Vec<MediaId>) -> StoreResult<()> {
        // What cannot be removed now the sweep of orphans finds.
        if let Err(error) = release(&self.stores, media, self.clock.now()).await {
            tracing::warn!(cause = %error, "media of messages past their time stay for now");
        }
        Ok(())
    }
}
