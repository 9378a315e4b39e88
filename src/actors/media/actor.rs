//! The media group's actor: each request runs in a task of its own. Files never come this way.

use std::sync::Arc;

use actix::{Actor, Context};

use tokio::sync::Semaphore;

use super::releases;
use super::requests::{
    ClaimMedia, DescribeMedia, FoundMedium, GetMedium, ReleaseMedia, RemoveMedium,
};
use crate::actors::request::Answer;
use crate::clock::Clock;
use crate::domain::media::Medium;
use crate::error::Failure;
use crate::handles;
use crate::storage::Stores;

/// What the group works with; shared by its tasks, and by its successor after a panic.
pub struct Media {
    pub(super) stores: Stores,
    pub(super) clock: Clock,
    /// Room for releases that wait.
    pub(super) waiting: Arc<Semaphore>,
}

impl Media {
    pub fn new(stores: Stores, clock: Clock) -> Self {
        Self {
            stores,
            clock,
            waiting: Arc::new(Semaphore::new(releases::WAITING)),
        }
    }

    pub(super) async fn get_medium(&self, request: GetMedium) -> Answer<FoundMedium> {
        let found = self.stores.media.find(vec![request.id]).await?;
        let medium = found.into_iter().next().ok_or_else(Failure::not_found)?;
        match self.may_see(request.viewer, &medium).await? {
            true => Ok(self.with_addresses(medium)),
            false => Err(Failure::not_found()),
        }
    }

    pub(super) async fn describe_media(&self, request: DescribeMedia) -> Answer<Vec<FoundMedium>> {
        let found = self.stores.media.find(request.ids).await?;
        Ok(found
            .into_iter()
            .map(|medium| self.with_addresses(medium))
            .collect())
    }

    fn with_addresses(&self, medium: Medium) -> FoundMedium {
        FoundMedium::new(medium, &*self.stores.blobs, self.clock.now())
    }
}

#[derive(Clone)]
pub struct MediaActor {
    media: Arc<Media>,
}

impl MediaActor {
    pub fn new(media: Arc<Media>) -> Self {
        Self { media }
    }
}

impl Actor for MediaActor {
    type Context = Context<Self>;
}

handles! { MediaActor.media:
    GetMedium => get_medium,
    DescribeMedia => describe_media,
    RemoveMedium => remove_medium,
    ClaimMedia => claim_media,
    ReleaseMedia => release_media,
}
