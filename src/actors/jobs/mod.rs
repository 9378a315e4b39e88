//! Background jobs: what they are, and the actor that runs those of this process.
//!
//! A job belongs to a group and runs where that group runs, in one process of the installation at a
//! time: whoever holds its lease in the store. A run that dies with its process is begun again by
//! the next one, so a job must bear being begun again.

mod disappearing;
mod housekeeping;
mod orphan_media;
pub mod requests;
mod run;
pub mod runner;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

pub use self::disappearing::Disappearing;
pub use self::housekeeping::Housekeeping;
pub use self::orphan_media::OrphanMedia;
use super::group::Group;
use super::user::{erasure, export};
use crate::config::JobsConfig;
use crate::storage::StoreError;

/// What is known of a job without running it.
#[derive(Debug)]
pub struct JobKind {
    /// As `troupe jobs run` takes it.
    pub name: &'static str,
    pub about: &'static str,
    /// Where it runs.
    pub group: Group,
    pub every: fn(&JobsConfig) -> Duration,
}

/// Every job there is.
pub const KINDS: &[JobKind] = &[
    housekeeping::KIND,
    disappearing::KIND,
    orphan_media::KIND,
    erasure::KIND,
    export::KIND,
];

/// The job of a name.
pub fn kind(name: &str) -> Option<&'static JobKind> {
    KINDS.iter().find(|kind| kind.name == name)
}

#[async_trait]
pub trait Job: Send + Sync {
    fn kind(&self) -> &'static JobKind;

    /// Runs once; answers a line that says what it did. It is dropped when the lease is lost.
    async fn run(&self, progress: &Progress) -> Result<String, JobError>;
}

/// Why a run failed; for the operator's eyes.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Other(String),
}

/// How far a run is: whoever looks sees it while it goes on.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    /// Counts things as dealt with.
    pub fn advance(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub fn done(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
