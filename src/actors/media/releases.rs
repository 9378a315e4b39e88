//! Media go with the message that named them. One that was sent or forwarded a moment ago is held, so
//! it goes once nobody can be about to refer to it any more.

use std::sync::Arc;

use super::actor::Media;
use super::requests::ReleaseMedia;
use super::sweep::release;
use crate::actors::request::Answer;
use crate::domain::media::HELD_FOR;
use crate::id::MediaId;

/// Releases that may wait; for more there is the sweep of orphans, as for what a restart forgets.
pub const WAITING: usize = 10_000;

impl Media {
    pub(super) async fn release_media(&self, request: ReleaseMedia) -> Answer<()> {
        let stayed = release(&self.stores, request.ids, self.clock.now()).await?;
        if !stayed.is_empty() {
            self.release_later(stayed);
        }
        Ok(())
    }

    fn release_later(&self, ids: Vec<MediaId>) {
        let Ok(place) = Arc::clone(&self.waiting).try_acquire_owned() else {
            return;
        };
        let (stores, clock) = (self.stores.clone(), self.clock);
        tokio::spawn(async move {
            tokio::time::sleep(HELD_FOR).await;
            if let Err(error) = release(&stores, ids, clock.now()).await {
                tracing::warn!(cause = %error, "media of a deleted message stay for now");
            }
            drop(place);
        });
    }
}
