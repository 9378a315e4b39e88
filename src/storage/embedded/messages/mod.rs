//! The log of every chat, on SQLite.
//!
//! One tree holds it, ordered by chat and rev. `seq` rises with `rev`, so a seq is found in that
//! tree by bisection ([`position`]); an index for it would cost every message a page more.

pub mod append;
pub mod client_ids;
mod erase;
mod expiry;
mod hidden;
mod log;
mod media;
mod outbox;
mod overview;
pub mod position;
mod read;
mod row;
mod stars;
mod story;

pub use media::MEDIA_TYPES;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use async_trait::async_trait;

use super::database::Database;
use crate::clock::Timestamp;
use crate::domain::message::Message;
use crate::id::{ChatId, MediaId, MessageId, UserId};
use crate::storage::log::Logged;
use crate::storage::messages::{
    Append, Appended, Changes, ChangesQuery, Heads, MessageStore, OutboxEntry, Overview,
    OverviewQuery, SeqRange, Star,
};
use crate::storage::story::StoryEntry;
use crate::storage::{StoreErrorKind, StoreResult};

/// The embedded [`MessageStore`].
#[derive(Clone)]
pub struct SqliteMessages {
    database: Database,
    /// Every outbox row up to this position has been published.
    published: Arc<AtomicI64>,
}

impl SqliteMessages {
    pub fn new(database: Database) -> Self {
        Self {
            database,
            published: Arc::new(AtomicI64::new(0)),
        }
    }

    async fn append_all(&self, appends: Arc<Vec<Append>>) -> StoreResult<Vec<Appended>> {
        let append = move |connection: &_| append::all(connection, &appends);
        self.database.write_repeatable(append).await
    }

    /// In a transaction of its own, so that what is wrong with it disturbs no other.
    async fn append_one(&self, append: Append) -> Appended {
        match self.append_all(Arc::new(vec![append])).await {
            Ok(mut done) => done.pop().unwrap_or(Appended::Conflict { committed: 0 }),
            Err(error) => Appended::Failed(error),
        }
    }
}

#[async_trait]
impl MessageStore for SqliteMessages {
    async fn append(&self, appends: Vec<Append>) -> Vec<Appended> {
        let appends = Arc::new(appends);
        match self.append_all(Arc::clone(&appends)).await {
            Ok(done) => done,
            Err(error) if error.kind == StoreErrorKind::Internal && appends.len() > 1 => {
                let mut done = Vec::with_capacity(appends.len());
                for append in appends.iter() {
                    done.push(self.append_one(append.clone()).await);
                }
                done
            }
            Err(error) => appends
                .iter()
                .map(|_| Appended::Failed(error.clone()))
                .collect(),
        }
    }

    async fn heads(&self, chat_id: ChatId) -> StoreResult<Heads> {
        self.database
            .read(move |connection| position::heads(connection, chat_id))
            .await
    }

    async fn heads_of(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Heads)>> {
        self.database
            .read(move |connection| position::heads_of(connection, &chat_ids))
            .await
    }

    async fn last_changes(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Timestamp)>> {
        self.database
            .read(move |connection| position::last_changes(connection, &chat_ids))
            .await
    }

    async fn find(&self, ids: Vec<MessageId>) -> StoreResult<Vec<Message>> {
        self.database
            .read(move |connection| read::find(connection, &ids))
            .await
    }

    async fn find_by_client_ids(
        &self,
        chat_id: ChatId,
        keys: Vec<(UserId, String)>,
    ) -> StoreResult<Vec<Message>> {
        self.database
            .read(move |connection| read::find_by_client_ids(connection, chat_id, &keys))
            .await
    }

    async fn find_by_media(
        &self,
        media_id: MediaId,
        chat_ids: Vec<ChatId>,
        limit: usize,
    ) -> StoreResult<Vec<Message>> {
        self.database
            .read(move |connection| media::find_by_media(connection, media_id, &chat_ids, limit))
            .await
    }

    async fn page(
        &self,
        viewer: UserId,
        chat_id: ChatId,
        range: SeqRange,
        limit: usize,
    ) -> StoreResult<Vec<Message>> {
        self.database
            .read(move |connection| read::page(connection, viewer, chat_id, range, limit))
            .await
    }

    async fn changed(
        &self,
        viewer: UserId,
        chat_id: ChatId,
        after: u64,
        up_to: u64,
        limit: usize,
    ) -> StoreResult<Vec<Message>> {
        self.database
            .read(move |connection| {
                read::changed(connection, viewer, chat_id, (after, up_to), limit)
            })
            .await
    }

    async fn count_changed(
        &self,
        chat_id: ChatId,
        after: u64,
        up_to: u64,
        most: usize,
    ) -> StoreResult<usize> {
        self.database
            .read(move |connection| read::count_changed(connection, chat_id, (after, up_to), most))
            .await
    }

    async fn chat_changed_rev(&self, chat_id: ChatId) -> StoreResult<u64> {
        self.database
            .read(move |connection| position::chat_changed_rev(connection, chat_id))
            .await
    }

    async fn pages(
        &self,
        viewer: UserId,
        ranges: Vec<(ChatId, SeqRange)>,
        limit: usize,
    ) -> StoreResult<Vec<(ChatId, Vec<Message>)>> {
        self.database
            .read(move |connection| {
                ranges
                    .into_iter()
                    .map(|(chat_id, range)| {
                        let page = read::page(connection, viewer, chat_id, range, limit)?;
                        Ok((chat_id, page))
                    })
                    .collect()
            })
            .await
    }

    async fn changes(
        &self,
        viewer: UserId,
        chats: Vec<ChangesQuery>,
        most: usize,
    ) -> StoreResult<Vec<Changes>> {
        self.database
            .read(move |connection| read::changes(connection, viewer, &chats, most))
            .await
    }

    async fn overview(
        &self,
        viewer: UserId,
        chats: Vec<OverviewQuery>,
    ) -> StoreResult<Vec<Overview>> {
        self.database
            .read(move |connection| overview::overview(connection, viewer, &chats))
            .await
    }

    async fn senders(&self, chat_id: ChatId, after: u64, up_to: u64) -> StoreResult<Vec<UserId>> {
        self.database
            .read(move |connection| overview::senders(connection, chat_id, after, up_to))
            .await
    }

    async fn hide(
        &self,
        viewer: UserId,
        message: &Message,
        at: Timestamp,
    ) -> StoreResult<Option<u64>> {
        let (message_id, chat_id) = (message.id, message.chat_id);
        self.database
            .write(move |connection| hidden::hide(connection, viewer, (chat_id, message_id), at))
            .await
    }

    async fn hidden(&self, viewer: UserId, ids: Vec<MessageId>) -> StoreResult<Vec<MessageId>> {
        self.database
            .read(move |connection| hidden::among(connection, viewer, ids))
            .await
    }

    async fn star(
        &self,
        viewer: UserId,
        message: &Message,
        starred: bool,
        at: Timestamp,
    ) -> StoreResult<Option<u64>> {
        let place = (message.chat_id, message.id);
        self.database
            .write(move |connection| match starred {
                true => stars::add(connection, viewer, place, at),
                false => stars::remove(connection, viewer, place.1),
            })
            .await
    }

    async fn starred(&self, viewer: UserId, ids: Vec<MessageId>) -> StoreResult<Vec<MessageId>> {
        self.database
            .read(move |connection| stars::among(connection, viewer, ids))
            .await
    }

    async fn stars(
        &self,
        viewer: UserId,
        after: Option<Star>,
        limit: usize,
    ) -> StoreResult<Vec<Star>> {
        self.database
            .read(move |connection| stars::page(connection, viewer, after, limit))
            .await
    }

    async fn speaks(&self, chat_id: ChatId, sender: UserId) -> StoreResult<bool> {
        self.database
            .read(move |connection| erase::speaks(connection, chat_id, sender))
            .await
    }

    async fn expired(&self, before: Timestamp, limit: usize) -> StoreResult<Vec<Message>> {
        self.database
            .read(move |connection| expiry::past(connection, before, limit))
            .await
    }

    async fn strip_expired(&self, messages: Vec<Message>, before: Timestamp) -> StoreResult<usize> {
        self.database
            .write(move |connection| expiry::strip(connection, &messages, before))
            .await
    }

    async fn story(&self, message: &Message, limit: usize) -> StoreResult<Vec<StoryEntry>> {
        let message = message.clone();
        self.database
            .read(move |connection| story::of(connection, &message, limit))
            .await
    }

    async fn outbox_unpublished(&self, limit: usize) -> StoreResult<Vec<OutboxEntry>> {
        let published = Arc::clone(&self.published);
        self.database
            .read(move |connection| outbox::unpublished(connection, &published, limit))
            .await
    }

    async fn outbox_log(&self, rows: Vec<OutboxEntry>) -> StoreResult<Vec<Logged>> {
        self.database
            .read(move |connection| log::named(connection, &rows))
            .await
    }

    async fn outbox_published(&self, entries: Vec<OutboxEntry>, at: Timestamp) -> StoreResult<()> {
        let positions = entries.iter().map(|entry| entry.position).collect();
        self.database
            .write(move |connection| outbox::mark_published(connection, positions, at))
            .await
    }

    async fn outbox_since(&self, since: Timestamp) -> StoreResult<Vec<OutboxEntry>> {
        self.database
            .read(move |connection| outbox::since(connection, since))
            .await
    }

    async fn outbox_remove(&self, before: Timestamp) -> StoreResult<usize> {
        let mut removed = 0;
        loop {
            let some = self
                .database
                .write(move |connection| outbox::remove(connection, before))
                .await?;
            removed += some;
            if some < outbox::REMOVED_AT_ONCE {
                return Ok(removed);
            }
        }
    }
}
