//! The index of what messages say, beside the log and filled behind it.
//!
//! Nothing is found by it alone: it names messages that may answer a question, and whoever asks holds
//! each against what the message is now. So it may be late, and may be thrown away and made again.

use std::collections::BTreeSet;

use async_trait::async_trait;
use uuid::Uuid;

use super::StoreResult;
use super::messages::MessageStore;
use crate::domain::search::{self, Term};
use crate::id::{ChatId, MessageId, UserId};

/// Messages that are indexed at once.
pub const AT_ONCE: usize = 500;
/// Nobody has hidden anything: pages for the index are whole.
const NOBODY: UserId = UserId(Uuid::nil());

/// What a message is found by; no terms: by nothing any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indexed {
    pub message_id: MessageId,
    /// Of the state that was looked at; an older state never replaces a newer one.
    pub rev: u64,
    pub terms: BTreeSet<String>,
}

/// The next stretch of a chat's log.
#[derive(Clone, Debug)]
pub struct IndexBatch {
    pub chat_id: ChatId,
    pub messages: Vec<Indexed>,
    /// Where the index of this chat stands with it.
    pub rev: u64,
}

/// Which messages are wanted: of these chats, those with all of these terms, older than `before`.
#[derive(Clone, Debug)]
pub struct HitsQuery {
    pub chat_ids: Vec<ChatId>,
    /// The most telling first.
    pub terms: Vec<Term>,
    pub before: Option<MessageId>,
    pub limit: usize,
}

/// Messages that may be wanted, newest (by id) first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    pub ids: Vec<MessageId>,
    /// Every message from here up that is wanted is among them; `None`: those below, too.
    pub rest: Option<MessageId>,
}

#[async_trait]
pub trait SearchStore: Send + Sync {
    /// How far the logs of these chats are indexed; a chat that is not is left out.
    async fn positions(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, u64)>>;

    /// Takes in a stretch, and where it ends once all of it is there. Again, it changes nothing.
    async fn index(&self, batch: IndexBatch) -> StoreResult<()>;

    /// Messages that have the first of the terms at least.
    async fn hits(&self, query: HitsQuery) -> StoreResult<Hits>;

    /// Forgets what messages said whose state changes without a rev.
    async fn remove(&self, messages: Vec<(ChatId, MessageId)>) -> StoreResult<()>;
}

/// What was indexed of a chat in one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// By so much the index moved up that chat's log.
    pub revs: u64,
    /// There is more to index.
    pub more: bool,
}

/// Indexes the next [`AT_ONCE`] changes of a chat.
pub async fn catch_up(
    messages: &dyn MessageStore,
    search: &dyn SearchStore,
    chat_id: ChatId,
) -> StoreResult<Stretch> {
    let position = search.positions(vec![chat_id]).await?;
    let after = position.first().map_or(0, |(_, rev)| *rev);
    let heads = messages.heads_of(vec![chat_id]).await?;
    let head = heads.first().map_or(0, |(_, heads)| heads.rev);
    if head <= after {
        return Ok(Stretch {
            revs: 0,
            more: false,
        });
    }
    let changed = messages.changed(NOBODY, chat_id, after, head, AT_ONCE);
    let changed = changed.await?;
    let more = changed.len() >= AT_ONCE;
    let last = changed.last().map(|message| message.rev);
    let indexed = changed.iter().map(|message| Indexed {
        message_id: message.id,
        rev: message.rev,
        terms: search::text_of(message).map_or_else(BTreeSet::new, |text| search::terms(&text)),
    });
    let rev = last.filter(|_| more).unwrap_or(head);
    let batch = IndexBatch {
        chat_id,
        messages: indexed.collect(),
        rev,
    };
    search.index(batch).await?;
    Ok(Stretch {
        revs: rev.saturating_sub(after),
        more,
    })
}
