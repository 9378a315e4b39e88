//! What may be asked about jobs; everything is answered from the store, wherever they run.

use std::sync::Arc;

pub use super::JobKind;
use super::{KINDS, kind};
use crate::actors::request::Answer;
use crate::clock::Clock;
use crate::error::Failure;
use crate::storage::jobs::{JobRecord, JobStore};

/// Lists jobs and asks for runs.
#[derive(Clone)]
pub struct JobDesk {
    pub store: Arc<dyn JobStore>,
    pub clock: Clock,
}

impl JobDesk {
    /// Every job, with what is known of its runs.
    pub async fn list(&self) -> Answer<Vec<(&'static JobKind, JobRecord)>> {
        let mut known = self.store.list().await?;
        let listed = KINDS.iter().map(|kind| {
            let place = known.iter().position(|record| record.name == kind.name);
            let record = place.map(|place| known.swap_remove(place));
            (kind, record.unwrap_or_else(|| JobRecord::of(kind.name)))
        });
        Ok(listed.collect())
    }

    /// Has a job run as soon as a process of its group can; 404 for one that is not there.
    pub async fn request(&self, name: &str) -> Answer<&'static JobKind> {
        let kind = kind(name).ok_or_else(Failure::not_found)?;
        let now = self.clock.now();
        self.store.insert_request(kind.name, now).await?;
        Ok(kind)
    }
}
