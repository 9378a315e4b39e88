//! Background jobs: who runs which, and how the last runs went. One runner of a job at a time in the
//! whole installation: whoever has its lease.

use async_trait::async_trait;

use super::StoreResult;
use crate::clock::Timestamp;
use crate::id::NodeId;

/// What is known of a job, whichever process ran it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobRecord {
    pub name: String,
    /// Who runs it now.
    pub lease: Option<Lease>,
    /// When a run was asked for that has not begun.
    pub requested_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub succeeded_at: Option<Timestamp>,
    /// How many things the newest run has dealt with so far.
    pub done: u64,
    /// What the last finished run said of itself.
    pub report: Option<String>,
    pub has_failed: bool,
}

impl JobRecord {
    /// One that never ran.
    pub fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// What [`JobStore::claim`] goes by.
    pub fn is_due(&self, now: Timestamp, due_before: Timestamp) -> bool {
        !self.is_running(now)
            && (self.lease.is_some()
                || self.requested_at.is_some()
                || self.started_at.is_none_or(|started| started <= due_before))
    }

    pub fn is_running(&self, now: Timestamp) -> bool {
        self.lease.is_some_and(|lease| lease.until > now)
    }
}

/// A lease that is over is anyone's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub runner: NodeId,
    pub until: Timestamp,
}

/// A wish to run a job now.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    pub job: &'static str,
    pub runner: NodeId,
    pub at: Timestamp,
    /// It is due if it last began at or before this.
    pub due_before: Timestamp,
    pub until: Timestamp,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Finish {
    pub job: &'static str,
    pub runner: NodeId,
    pub at: Timestamp,
    pub done: u64,
    pub report: String,
    pub has_failed: bool,
}

#[async_trait]
pub trait JobStore: Send + Sync {
    /// Asks for a run as soon as someone can. Asked while one runs, another follows.
    async fn insert_request(&self, job: &'static str, at: Timestamp) -> StoreResult<()>;

    /// Every job that ever ran or was asked for, by name.
    async fn list(&self) -> StoreResult<Vec<JobRecord>>;

    /// Takes a job that nobody runs and that is due, was asked for, or whose last run did not end.
    /// Of several who try one has it.
    async fn claim(&self, claim: Claim) -> StoreResult<bool>;

    /// Keeps the lease, and says how far the run is. `false`: it is another's now.
    async fn update_lease(&self, job: &'static str, lease: Lease, done: u64) -> StoreResult<bool>;

    /// Ends a run and gives up its lease; nothing if that is another's now.
    async fn update_finished(&self, finish: Finish) -> StoreResult<()>;
}
