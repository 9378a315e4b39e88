//! The job `housekeeping`: forgets what nobody can use any more.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Job, JobError, JobKind, Progress};
use crate::actors::group::Group;
use crate::clock::Clock;
use crate::storage::codes::CodeStore;
use crate::storage::sessions::SessionStore;

pub const KIND: JobKind = JobKind {
    name: "housekeeping",
    about: "forgets ended sessions, and codes and tickets that ran out",
    group: Group::Auth,
    every: |config| config.housekeeping,
};

/// Ended sessions are kept this long beyond their last access token.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

pub struct Housekeeping {
    pub sessions: Arc<dyn SessionStore>,
    pub codes: Arc<dyn CodeStore>,
    pub clock: Clock,
    pub access_lifetime: Duration,
}

#[async_trait]
impl Job for Housekeeping {
    fn kind(&self) -> &'static JobKind {
        &KIND
    }

    async fn run(&self, progress: &Progress) -> Result<String, JobError> {
        let now = self.clock.now();
        let codes = self.codes.sweep(now).await?;
        progress.advance(codes);
        let ended = now.minus(self.access_lifetime + KEPT);
        let sessions = self.sessions.sweep(ended).await?;
        progress.advance(sessions);
        Ok(format!("{sessions} sessions, {codes} codes and tickets"))
    }
}
