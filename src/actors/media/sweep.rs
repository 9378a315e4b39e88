//! Media that nothing refers to any more, and uploads that never ended, are removed.
//!
//! A medium is withdrawn first, which is refused while it is held: from then on nobody can come to
//! refer to it, so what is counted then stays true.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::id::MediaId;
use crate::storage::{StoreResult, Stores};

/// Media looked at in one round.
const PAGE: usize = 200;

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub looked_at: usize,
    pub removed: usize,
    /// Could not be removed now; the next sweep tries again.
    pub failed: usize,
}

/// Removes everything older than `grace` that no message, profile or group refers to. Done again, or by
/// two at once, it does nothing more.
pub async fn sweep_orphans(stores: &Stores, now: Timestamp, grace: Duration) -> StoreResult<Swept> {
    let mut swept = Swept::default();
    let mut after = None;
    loop {
        let page = stores
            .media
            .list_older(now.minus(grace), after, PAGE)
            .await?;
        let Some(last) = page.last().copied() else {
            return Ok(swept);
        };
        after = Some(last);
        swept.looked_at += page.len();
        // Before it is counted: what was out of use then, nobody has come to refer to since.
        let in_use = stores.media.find(page.clone()).await?;
        let needed = stores.media.referenced(page.clone()).await?;
        for id in page {
            let is_in_use = in_use.iter().any(|medium| medium.id == id);
            match settle(stores, id, (is_in_use, needed.contains(&id)), now).await {
                Ok(removed) => swept.removed += usize::from(removed),
                Err(error) => {
                    tracing::warn!(media.id = %id, cause = %error, "a medium could not be removed");
                    swept.failed += 1;
                }
            }
        }
    }
}

/// Also makes good what a process left that died while it removed something.
async fn settle(
    stores: &Stores,
    id: MediaId,
    (is_in_use, is_needed): (bool, bool),
    now: Timestamp,
) -> StoreResult<bool> {
    match (is_in_use, is_needed) {
        (true, true) => Ok(false),
        (false, true) => stores.media.restore(id).await.map(|()| false),
        (true, false) => remove_unless_needed(stores, id, now).await,
        (false, false) => {
            // An upload that never ended; of no effect on what is withdrawn already.
            stores.media.withdraw(id, now).await?;
            remove(stores, id).await.map(|()| true)
        }
    }
}

/// Removes those of these that nothing refers to any more, as after their message was deleted; answers
/// those that stay.
pub async fn release(
    stores: &Stores,
    ids: Vec<MediaId>,
    now: Timestamp,
) -> StoreResult<Vec<MediaId>> {
    // Counted first: what is needed is not taken out of use, not for a moment.
    let needed = stores.media.referenced(ids.clone()).await?;
    let mut stayed = Vec::new();
    for id in ids {
        if needed.contains(&id) || !remove_unless_needed(stores, id, now).await? {
            stayed.push(id);
        }
    }
    Ok(stayed)
}

/// `false`: something refers to it, or is about to.
async fn remove_unless_needed(stores: &Stores, id: MediaId, now: Timestamp) -> StoreResult<bool> {
    if !stores.media.withdraw(id, now).await? {
        return Ok(false);
    }
    match stores.media.referenced(vec![id]).await {
        Ok(needed) if needed.is_empty() => remove(stores, id).await.map(|()| true),
        counted => {
            // Should this fail, the sweep gives it back.
            stores.media.restore(id).await?;
            counted.map(|_| false)
        }
    }
}

/// The row last: as long as anything is left, the next sweep finds it.
async fn remove(stores: &Stores, id: MediaId) -> StoreResult<()> {
    stores.blobs.remove(id).await?;
    stores.media.remove(id).await?;
    metrics::counter!("troupe_media_removed_total").increment(1);
    Ok(())
}
