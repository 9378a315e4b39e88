//! The sweep of disappearing messages. Every read hides them on time; the sweep takes their words.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::domain::message::Message;
use crate::id::MediaId;
use crate::storage::{StoreResult, Stores};
use crate::wire::media::named_in;

/// Messages stripped at once, so that no send waits long for it.
const AT_ONCE: usize = 500;

/// Who keeps media. Told once the messages that named these are stripped; what it then misses, its
/// own sweep finds.
#[async_trait]
pub trait Releases: Send + Sync {
    async fn release(&self, media: Vec<MediaId>) -> StoreResult<()>;
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swept {
    pub messages: usize,
    /// Of them, those that named a medium.
    pub media: usize,
}

/// Leaves tombstones of all messages that are past their time, in batches.
///
/// Stopped half-way it has done half of it; the next one goes on. Two at once do no harm.
pub async fn sweep_disappearing(
    stores: &Stores,
    clock: Clock,
    releases: &dyn Releases,
) -> StoreResult<Swept> {
    let now = clock.now();
    let mut swept = Swept::default();
    loop {
        let expired = stores.messages.expired(now, AT_ONCE).await?;
        let found = expired.len();
        if found == 0 {
            break;
        }
        let media: Vec<MediaId> = expired.iter().filter_map(medium).collect();
        let places = expired
            .iter()
            .map(|message| (message.chat_id, message.id))
            .collect();
        stores.search.remove(places).await?;
        swept.messages += stores.messages.strip_expired(expired, now).await?;
        swept.media += media.len();
        if !media.is_empty() {
            releases.release(media).await?;
        }
        if found < AT_ONCE {
            break;
        }
    }
    metrics::counter!("troupe_disappeared_total").increment(swept.messages as u64);
    Ok(swept)
}

fn medium(message: &Message) -> Option<MediaId> {
    named_in(&message.payload).filter(|_| message.kind.carries_media())
}
