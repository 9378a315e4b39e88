//! The sweep of disappearing messages. Every read hides them on time; the sweep takes their words.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::domain::message::Message;
use crate::id::{MediaId, MessageId};
use crate::storage::{StoreResult, Stores};

/// Messages stripped at once, so that no send waits long for it.
const AT_ONCE: usize = 500;

/// A message that is about to name its medium no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Released {
    pub message_id: MessageId,
    pub media_id: MediaId,
}

/// Who keeps account of which messages name which media. Told before they are stripped, and perhaps
/// again: the second time changes nothing.
#[async_trait]
pub trait Releases: Send + Sync {
    async fn release(&self, released: Vec<Released>) -> StoreResult<()>;
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
    releases: Option<&dyn Releases>,
) -> StoreResult<Swept> {
    let now = clock.now();
    let mut swept = Swept::default();
    loop {
        let expired = stores.messages.expired(now, AT_ONCE).await?;
        let found = expired.len();
        if found == 0 {
            break;
        }
        let released: Vec<Released> = expired.iter().filter_map(released).collect();
        swept.media += released.len();
        if let Some(releases) = releases
            && !released.is_empty()
        {
            releases.release(released).await?;
        }
        let places = expired
            .iter()
            .map(|message| (message.chat_id, message.id))
            .collect();
        stores.search.remove(places).await?;
        swept.messages += stores.messages.strip_expired(expired, now).await?;
        if found < AT_ONCE {
            break;
        }
    }
    metrics::counter!("troupe_disappeared_total").increment(swept.messages as u64);
    Ok(swept)
}

fn released(message: &Message) -> Option<Released> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named {
        media_id: MediaId,
    }
    if !message.kind.carries_media() {
        return None;
    }
    let named: Named = serde_json::from_str(message.payload.get()).ok()?;
    Some(Released {
        message_id: message.id,
        media_id: named.media_id,
    })
}
