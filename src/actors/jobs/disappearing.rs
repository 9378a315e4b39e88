//! The job `disappearing`: takes the words of messages that are past their time.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Job, JobError, JobKind, Progress};
use crate::actors::group::Group;
use crate::actors::message::disappearing::{Releases, sweep_disappearing};
use crate::clock::Clock;
use crate::storage::Stores;

pub const KIND: JobKind = JobKind {
    name: "disappearing",
    about: "takes the words of messages past their time, which nobody sees any more",
    group: Group::Message,
    every: |config| config.disappearing,
};

pub struct Disappearing {
    pub stores: Stores,
    pub clock: Clock,
    /// Who keeps account of media, where there is one.
    pub releases: Option<Arc<dyn Releases>>,
}

#[async_trait]
impl Job for Disappearing {
    fn kind(&self) -> &'static JobKind {
        &KIND
    }

    async fn run(&self, progress: &Progress) -> Result<String, JobError> {
        let releases = self.releases.as_deref();
        let swept = sweep_disappearing(&self.stores, self.clock, releases).await?;
        progress.advance(swept.messages as u64);
        Ok(format!("{} messages", swept.messages))
    }
}
