//! The log of every chat, on MongoDB; what is hidden, and what entries do to chats, on PostgreSQL.
//!
//! One collection holds it, see `document.rs`: a message's document is its own log entry. Its outbox
//! is in the entries too, see `outbox.rs`.

pub mod append;
mod apply;
mod changes;
mod document;
mod effect;
mod erase;
mod expiry;
mod hidden;
pub mod indexes;
pub(super) mod insert;
mod log;
mod media;
mod outbox;
mod overview;
mod payload;
mod position;
mod read;
mod stars;
mod story;
pub(super) mod union;

use async_trait::async_trait;

use super::mongo::Mongo;
use super::postgres::Postgres;
use crate::clock::Timestamp;
use crate::domain::message::Message;
use crate::id::{ChatId, MediaId, MessageId, UserId};
use crate::storage::StoreResult;
use crate::storage::log::Logged;
use crate::storage::messages::{
    Append, Appended, Changes, ChangesQuery, Heads, MessageStore, OutboxEntry, Overview,
    OverviewQuery, SeqRange, Star,
};
use crate::storage::story::StoryEntry;

pub use append::created;
pub use indexes::ensure_indexes;

const COLLECTION: &str = "messages";

/// The distributed [`MessageStore`].
#[derive(Clone)]
pub struct MongoMessages {
    mongo: Mongo,
    postgres: Postgres,
}

impl MongoMessages {
    pub fn new(mongo: Mongo, postgres: Postgres) -> Self {
        Self { mongo, postgres }
    }
}

#[async_trait]
impl MessageStore for MongoMessages {
    async fn append(&self, appends: Vec<Append>) -> Vec<Appended> {
        append::all(self, appends).await
    }

    async fn heads(&self, chat_id: ChatId) -> StoreResult<Heads> {
        position::settled_heads(self, chat_id).await
    }

    async fn heads_of(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Heads)>> {
        position::heads_of(&self.mongo, &chat_ids).await
    }

    async fn last_changes(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Timestamp)>> {
        position::last_changes(&self.mongo, &chat_ids).await
    }

    async fn find(&self, ids: Vec<MessageId>) -> StoreResult<Vec<Message>> {
        read::find(&self.mongo, ids).await
    }

    async fn find_by_client_ids(
        &self,
        chat_id: ChatId,
        keys: Vec<(UserId, String)>,
    ) -> StoreResult<Vec<Message>> {
        read::find_by_client_ids(&self.mongo, chat_id, keys).await
    }

    async fn find_by_media(
        &self,
        media_id: MediaId,
        chat_ids: Vec<ChatId>,
        limit: usize,
    ) -> StoreResult<Vec<Message>> {
        media::find_by_media(&self.mongo, media_id, chat_ids, limit).await
    }

    async fn page(
        &self,
        viewer: UserId,
        chat_id: ChatId,
        range: SeqRange,
        limit: usize,
    ) -> StoreResult<Vec<Message>> {
        read::page(self, viewer, chat_id, range, limit).await
    }

    async fn changed(
        &self,
        viewer: UserId,
        chat_id: ChatId,
        after: u64,
        up_to: u64,
        limit: usize,
    ) -> StoreResult<Vec<Message>> {
        let query = ChangesQuery {
            chat_id,
            after,
            up_to,
            limit,
        };
        let mut changed = changes::changed(self, viewer, vec![query]).await?;
        Ok(changed.pop().unwrap_or_default())
    }

    async fn count_changed(
        &self,
        chat_id: ChatId,
        after: u64,
        up_to: u64,
        most: usize,
    ) -> StoreResult<usize> {
        let ranges = std::iter::once((chat_id, after, up_to));
        let counts = changes::count(&self.mongo, ranges, most).await?;
        Ok(counts.first().copied().unwrap_or_default())
    }

    async fn chat_changed_rev(&self, chat_id: ChatId) -> StoreResult<u64> {
        let revs = position::chat_changed_revs(self, &[chat_id]).await?;
        Ok(revs.get(&chat_id).copied().unwrap_or(1))
    }

    async fn pages(
        &self,
        viewer: UserId,
        ranges: Vec<(ChatId, SeqRange)>,
        limit: usize,
    ) -> StoreResult<Vec<(ChatId, Vec<Message>)>> {
        read::pages(self, viewer, ranges, limit).await
    }

    async fn changes(
        &self,
        viewer: UserId,
        chats: Vec<ChangesQuery>,
        most: usize,
    ) -> StoreResult<Vec<Changes>> {
        changes::changes(self, viewer, chats, most).await
    }

    async fn overview(
        &self,
        viewer: UserId,
        chats: Vec<OverviewQuery>,
    ) -> StoreResult<Vec<Overview>> {
        overview::overview(self, viewer, chats).await
    }

    async fn senders(&self, chat_id: ChatId, after: u64, up_to: u64) -> StoreResult<Vec<UserId>> {
        overview::senders(&self.mongo, chat_id, after, up_to).await
    }

    async fn hide(
        &self,
        viewer: UserId,
        message: &Message,
        at: Timestamp,
    ) -> StoreResult<Option<u64>> {
        hidden::hide(&self.postgres, viewer, message, at).await
    }

    async fn hidden(&self, viewer: UserId, ids: Vec<MessageId>) -> StoreResult<Vec<MessageId>> {
        hidden::among(&self.postgres, viewer, ids).await
    }

    async fn star(
        &self,
        viewer: UserId,
        message: &Message,
        starred: bool,
        at: Timestamp,
    ) -> StoreResult<Option<u64>> {
        stars::set(self, viewer, message, starred, at).await
    }

    async fn starred(&self, viewer: UserId, ids: Vec<MessageId>) -> StoreResult<Vec<MessageId>> {
        stars::among(&self.postgres, viewer, ids).await
    }

    async fn stars(
        &self,
        viewer: UserId,
        after: Option<Star>,
        limit: usize,
    ) -> StoreResult<Vec<Star>> {
        stars::page(&self.postgres, viewer, after, limit).await
    }

    async fn speaks(&self, chat_id: ChatId, sender: UserId) -> StoreResult<bool> {
        erase::speaks(self, chat_id, sender).await
    }

    async fn expired(&self, before: Timestamp, limit: usize) -> StoreResult<Vec<Message>> {
        expiry::past(&self.mongo, before, limit).await
    }

    async fn strip_expired(&self, messages: Vec<Message>, before: Timestamp) -> StoreResult<usize> {
        expiry::strip(self, &messages, before).await
    }

    async fn story(&self, message: &Message, limit: usize) -> StoreResult<Vec<StoryEntry>> {
        story::of(&self.mongo, message, limit).await
    }

    async fn outbox_unpublished(&self, limit: usize) -> StoreResult<Vec<OutboxEntry>> {
        outbox::unpublished(&self.mongo, limit).await
    }

    async fn outbox_log(&self, rows: Vec<OutboxEntry>) -> StoreResult<Vec<Logged>> {
        log::named(&self.mongo, &rows).await
    }

    async fn outbox_unsettled(&self, before: Timestamp, limit: usize) -> StoreResult<Vec<ChatId>> {
        log::unsettled(&self.mongo, before, limit).await
    }

    async fn outbox_published(&self, entries: Vec<OutboxEntry>, _: Timestamp) -> StoreResult<()> {
        outbox::mark_published(&self.mongo, &entries).await
    }

    async fn outbox_since(&self, since: Timestamp) -> StoreResult<Vec<OutboxEntry>> {
        outbox::since(&self.mongo, since).await
    }

    async fn outbox_remove(&self, before: Timestamp) -> StoreResult<usize> {
        outbox::remove(&self.mongo, before).await
    }
}
