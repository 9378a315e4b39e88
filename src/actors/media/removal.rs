//! An owner removes a medium that nothing refers to.
//!
//! It is out of use at once. While it is held, a send that was granted it before may still come to refer
//! to it: its files go once that cannot be any more, and if it did, the medium is given back. The row
//! stays until the sweep, so that a removal done again answers as the first time until then.

use std::sync::Arc;

use super::actor::Media;
use super::requests::RemoveMedium;
use crate::actors::request::Answer;
use crate::domain::media::HELD_FOR;
use crate::error::Failure;
use crate::id::MediaId;
use crate::storage::{StoreResult, Stores};

impl Media {
    pub(super) async fn remove_medium(&self, request: RemoveMedium) -> Answer<()> {
        let RemoveMedium { user, id } = request;
        let media = &self.stores.media;
        if media.owner_of(id).await? != Some(user) {
            return Err(Failure::not_found());
        }
        if is_needed(&self.stores, id).await? {
            return Err(needed());
        }
        let now = self.clock.now();
        let is_free = media.withdraw(id, now).await?;
        // No hold is longer, on whatever node's clock.
        if !is_free && !media.withdraw(id, now + HELD_FOR * 2).await? {
            return Ok(());
        }
        if is_needed(&self.stores, id).await? {
            media.restore(id).await?;
            return Err(needed());
        }
        if is_free {
            self.stores.blobs.remove(id).await?;
        } else {
            self.remove_later(id);
        }
        Ok(())
    }

    /// What finds no place to wait, or is forgotten by a restart, is the sweep's.
    fn remove_later(&self, id: MediaId) {
        let Ok(place) = Arc::clone(&self.waiting).try_acquire_owned() else {
            return;
        };
        let stores = self.stores.clone();
        tokio::spawn(async move {
            tokio::time::sleep(HELD_FOR).await;
            let settled = match is_needed(&stores, id).await {
                Ok(true) => stores.media.restore(id).await,
                Ok(false) => stores.blobs.remove(id).await,
                Err(error) => Err(error),
            };
            if let Err(error) = settled {
                tracing::warn!(media.id = %id, cause = %error, "a removed medium's files stay for now");
            }
            drop(place);
        });
    }
}

async fn is_needed(stores: &Stores, id: MediaId) -> StoreResult<bool> {
    Ok(!stores.media.referenced(vec![id]).await?.is_empty())
}

fn needed() -> Failure {
    Failure::conflict("a message, a profile or a group refers to this")
}
