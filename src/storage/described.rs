//! Media as answers and frames show them: read once, with fresh addresses.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use super::StoreResult;
use super::blobs::BlobStore;
use super::media::MediaStore;
use crate::clock::Clock;
use crate::domain::media::{BlobKey, Medium, steady};
use crate::id::MediaId;
use crate::wire::media::Described;
use crate::wire::message::MessageView;

/// Media that are remembered, and how long. Nothing of a medium changes but that it may go.
const KNOWN: u64 = 20_000;
const KNOWN_FOR: Duration = Duration::from_secs(60);

/// Cheap to clone; clones remember together.
#[derive(Clone)]
pub struct Descriptions {
    media: Arc<dyn MediaStore>,
    blobs: Arc<dyn BlobStore>,
    clock: Clock,
    known: Cache<MediaId, Arc<Medium>>,
}

impl Descriptions {
    pub fn new(media: Arc<dyn MediaStore>, blobs: Arc<dyn BlobStore>, clock: Clock) -> Self {
        Self {
            media,
            blobs,
            clock,
            known: Cache::builder()
                .max_capacity(KNOWN)
                .time_to_live(KNOWN_FOR)
                .build(),
        }
    }

    /// Those of these that are there.
    pub async fn find(
        &self,
        ids: impl IntoIterator<Item = MediaId>,
    ) -> StoreResult<HashMap<MediaId, Described>> {
        let mut found = HashMap::new();
        let mut missing = Vec::new();
        for id in ids {
            match self.known.get(&id) {
                Some(medium) => {
                    found.insert(id, medium);
                }
                None => missing.push(id),
            }
        }
        if !missing.is_empty() {
            missing.sort_unstable();
            missing.dedup();
            for medium in self.media.find(missing).await? {
                let (id, medium) = (medium.id, Arc::new(medium));
                self.known.insert(id, Arc::clone(&medium));
                found.insert(id, medium);
            }
        }
        let described = found.into_iter();
        Ok(described
            .map(|(id, one)| (id, self.describe(one)))
            .collect())
    }

    /// Fills in the media of messages. What cannot be looked up now is left open: a list of messages
    /// does not fail for its pictures.
    pub async fn show_in(&self, messages: impl IntoIterator<Item = &mut MessageView>) {
        let mut showing: Vec<(MediaId, &mut MessageView)> = messages
            .into_iter()
            .filter_map(|message| Some((message.media_id()?, message)))
            .collect();
        if showing.is_empty() {
            return;
        }
        let ids: Vec<MediaId> = showing.iter().map(|(id, _)| *id).collect();
        let found = self.find(ids).await.unwrap_or_else(|error| {
            tracing::warn!(cause = %error, "messages are shown without their media");
            HashMap::new()
        });
        for (id, message) in &mut showing {
            message.show(found.get(id));
        }
    }

    /// Where the picture of a person or a group is; its bytes need no look-up.
    pub fn picture(&self, id: MediaId) -> String {
        self.blobs.address(BlobKey::original(id), self.since())
    }

    fn describe(&self, medium: Arc<Medium>) -> Described {
        let since = self.since();
        let thumbnail = medium.has_thumbnail.then(|| BlobKey::thumbnail(medium.id));
        Described {
            url: self.blobs.address(BlobKey::original(medium.id), since),
            thumbnail_url: thumbnail.map(|key| self.blobs.address(key, since)),
            medium,
        }
    }

    fn since(&self) -> crate::clock::Timestamp {
        steady(self.clock.now(), self.blobs.address_life())
    }
}
