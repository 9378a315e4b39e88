//! The log of every chat (D3): messages and every other change, numbered, fenced, never removed.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::StoreResult;
use super::log::Logged;
use super::story::StoryEntry;
use crate::clock::Timestamp;
use crate::domain::chat::Role;
use crate::domain::message::Message;
use crate::id::{ChatId, MediaId, MessageId, UserId};

/// How far a chat's log has got. `seq` is 0 while there is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Heads {
    pub seq: u64,
    pub rev: u64,
}

/// Entries of one chat with consecutive revs.
#[derive(Clone, Debug)]
pub struct Append {
    pub chat_id: ChatId,
    pub entries: Vec<Entry>,
}

/// One change of a chat. `rev` is the number it wants; the store's unique index says whether it gets it.
#[derive(Clone, Debug)]
pub struct Entry {
    pub rev: u64,
    pub at: Timestamp,
    pub change: Change,
}

#[derive(Clone, Debug)]
pub enum Change {
    /// Entry 1 of every chat; written with the chat's rows.
    Created,
    /// A message; `message.seq` is the seq it wants, `message.rev` equals the entry's.
    Sent(Box<Message>),
    /// Sets payload, `edited_at` and `updated_at` of an earlier message.
    Edited {
        actor: UserId,
        message_id: MessageId,
        payload: Box<serde_json::value::RawValue>,
    },
    /// Someone's one emoji on an earlier message; `None` takes it back.
    Reacted {
        actor: UserId,
        message_id: MessageId,
        emoji: Option<String>,
    },
    /// Deleted for everyone: the message and what its edits and reactions said are stripped.
    Deleted {
        actor: UserId,
        message_id: MessageId,
    },
    /// The account is gone: its messages here are stripped, its reactions taken away.
    SenderErased { sender: UserId },
    /// A membership, role, name or timer change with the system message that tells of it.
    Acted {
        message: Box<Message>,
        effect: ChatEffect,
    },
}

/// What a system message does to the chat's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatEffect {
    /// New rows, or old ones whose `left` is cleared; `join_seq` and `join_rev` become the message's own.
    MembersAdded {
        user_ids: Vec<UserId>,
    },
    /// `left` becomes the message's seq and rev. `new_admin` is set when the last admin goes.
    MembersGone {
        user_ids: Vec<UserId>,
        new_admin: Option<UserId>,
    },
    RoleChanged {
        user_id: UserId,
        role: Role,
    },
    ChatChanged(ChatPatch),
    /// On the chat, and on every participant row as the requirement has it.
    TimerChanged {
        seconds: Option<u32>,
    },
}

/// What an admin changes of a group; `None` keeps, `Some(None)` clears.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatPatch {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub avatar_media_id: Option<Option<MediaId>>,
    pub admin_only: Option<bool>,
}

/// What became of an [`Append`]; one per append, in the same order.
#[derive(Clone, Debug)]
pub enum Appended {
    /// Every entry is durable and its effect applied.
    Committed,
    /// The first `committed` entries are durable, the next met a unique index: a repeated
    /// `clientMessageId` or a number another owner took. Nothing after it was written.
    Conflict { committed: usize },
    /// See the kind: nothing written, or unknown.
    Failed(super::StoreError),
}

/// Which messages of a chat a page wants: seqs, both ends not included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeqRange {
    pub after: Option<u64>,
    pub before: Option<u64>,
}

/// A change that the outbox remembers: what heads (D6) and the relay (D7) read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    pub position: i64,
    pub chat_id: ChatId,
    /// Revs `first_rev..=last_rev` were committed together.
    pub first_rev: u64,
    pub last_rev: u64,
    /// The chat's head seq after them.
    pub head_seq: u64,
    pub at: Timestamp,
}

#[async_trait]
pub trait MessageStore: Send + Sync {
    /// Writes entries in order, each batch with one outbox entry per append, and applies their
    /// effects. Durable (D1) when it answers. Appends of different chats do not disturb each other.
    async fn append(&self, appends: Vec<Append>) -> Vec<Appended>;

    /// Heads of one chat, from the log itself.
    async fn heads(&self, chat_id: ChatId) -> StoreResult<Heads>;

    /// Heads of many chats at once; one without entries is left out.
    async fn heads_of(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Heads)>>;

    /// When each of these chats last changed; one without entries is left out.
    async fn last_changes(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Timestamp)>>;

    /// Messages by id, in no order; unknown ids are left out.
    async fn find(&self, ids: Vec<MessageId>) -> StoreResult<Vec<Message>>;

    /// Messages by what their senders called them (D2).
    async fn find_by_client_ids(
        &self,
        chat_id: ChatId,
        keys: Vec<(UserId, String)>,
    ) -> StoreResult<Vec<Message>>;

    /// Messages of these chats that name a medium, in no order, at most so many.
    async fn find_by_media(
        &self,
        media_id: MediaId,
        chat_ids: Vec<ChatId>,
        limit: usize,
    ) -> StoreResult<Vec<Message>>;

    /// A page of messages. `after` alone: the next after it, else the newest in range; in either
    /// case newest first. Left out: what `viewer` hid for himself.
    async fn page(
        &self,
        viewer: UserId,
        chat_id: ChatId,
        range: SeqRange,
        limit: usize,
    ) -> StoreResult<Vec<Message>>;

    /// Messages whose `last_rev` is in `after < last_rev ≤ up_to`, by `last_rev`; what `viewer`
    /// hid is left out. At most `limit`, and whatever shares the rev of the last one: so one may go on
    /// behind that rev.
    async fn changed(
        &self,
        viewer: UserId,
        chat_id: ChatId,
        after: u64,
        up_to: u64,
        limit: usize,
    ) -> StoreResult<Vec<Message>>;

    /// How many messages [`changed`](Self::changed) would give, counted to `most`.
    async fn count_changed(
        &self,
        chat_id: ChatId,
        after: u64,
        up_to: u64,
        most: usize,
    ) -> StoreResult<usize>;

    /// The rev of the newest entry that changed the chat itself (membership, role, name, timer), 1 at creation.
    async fn chat_changed_rev(&self, chat_id: ChatId) -> StoreResult<u64>;

    /// [`page`](Self::page) of several chats, the newest `limit` in each range.
    async fn pages(
        &self,
        viewer: UserId,
        ranges: Vec<(ChatId, SeqRange)>,
        limit: usize,
    ) -> StoreResult<Vec<(ChatId, Vec<Message>)>> {
        let mut pages = Vec::with_capacity(ranges.len());
        for (chat_id, range) in ranges {
            pages.push((chat_id, self.page(viewer, chat_id, range, limit).await?));
        }
        Ok(pages)
    }

    /// What changed in several chats: [`count_changed`](Self::count_changed), [`changed`](Self::changed)
    /// where the count is not above `most`, and [`chat_changed_rev`](Self::chat_changed_rev).
    async fn changes(
        &self,
        viewer: UserId,
        chats: Vec<ChangesQuery>,
        most: usize,
    ) -> StoreResult<Vec<Changes>> {
        let mut all = Vec::with_capacity(chats.len());
        for query in chats {
            let (chat_id, after, up_to) = (query.chat_id, query.after, query.up_to);
            let count = self.count_changed(chat_id, after, up_to, most + 1).await?;
            let messages = if count > most {
                Vec::new()
            } else {
                self.changed(viewer, chat_id, after, up_to, query.limit)
                    .await?
            };
            all.push(Changes {
                chat_id,
                count,
                messages,
                chat_changed_rev: self.chat_changed_rev(chat_id).await?,
            });
        }
        Ok(all)
    }

    /// For each chat: the newest message `viewer` may see within its bounds `(from_seq, to_seq)`,
    /// and how many of others' non-system messages lie above `unread_after`, counted to 999.
    async fn overview(
        &self,
        viewer: UserId,
        chats: Vec<OverviewQuery>,
    ) -> StoreResult<Vec<Overview>>;

    /// Distinct senders of messages with `after < seq ≤ up_to`.
    async fn senders(&self, chat_id: ChatId, after: u64, up_to: u64) -> StoreResult<Vec<UserId>>;

    /// Hides a message for one user (delete for me) and logs it in his own log.
    /// Answers the rev of his log, `None` when it was hidden already.
    async fn hide(
        &self,
        viewer: UserId,
        message: &Message,
        at: Timestamp,
    ) -> StoreResult<Option<u64>>;

    /// Which of these messages the viewer has hidden.
    async fn hidden(&self, viewer: UserId, ids: Vec<MessageId>) -> StoreResult<Vec<MessageId>>;

    /// Stars a message for one user, or takes the star back, and logs it in his own log.
    /// Answers the rev of his log, `None` when it was so already.
    async fn star(
        &self,
        viewer: UserId,
        message: &Message,
        starred: bool,
        at: Timestamp,
    ) -> StoreResult<Option<u64>>;

    /// Which of these messages the viewer has starred.
    async fn starred(&self, viewer: UserId, ids: Vec<MessageId>) -> StoreResult<Vec<MessageId>>;

    /// The viewer's stars, newest first, those after a place.
    async fn stars(
        &self,
        viewer: UserId,
        after: Option<Star>,
        limit: usize,
    ) -> StoreResult<Vec<Star>>;

    /// Messages past their `expires_at` whose words are still there, the longest past first.
    async fn expired(&self, before: Timestamp, limit: usize) -> StoreResult<Vec<Message>>;

    /// Leaves tombstones of those of these messages that are past their `expires_at`, as a deletion
    /// does, but with no entry and no rev; answers how many. They keep numbers, ids, hash and times.
    async fn strip_expired(&self, messages: Vec<Message>, before: Timestamp) -> StoreResult<usize>;
    /// Whether a chat holds anything that [`Change::SenderErased`] would take away.
    async fn speaks(&self, chat_id: ChatId, sender: UserId) -> StoreResult<bool>;

    /// What the log says of a message: its own entry, then the newest that acted on it, by rev, at most
    /// so many together; for operators, so it may take its time.
    async fn story(&self, message: &Message, limit: usize) -> StoreResult<Vec<StoryEntry>>;

    /// Outbox entries that were not published yet, oldest first.
    async fn outbox_unpublished(&self, limit: usize) -> StoreResult<Vec<OutboxEntry>>;

    /// The entries that these rows name, by chat and rev; one whose effect is still to come is left out.
    async fn outbox_log(&self, rows: Vec<OutboxEntry>) -> StoreResult<Vec<Logged>>;

    /// Chats with an entry from before a time whose effect is still to come: loading one applies it.
    async fn outbox_unsettled(&self, _: Timestamp, _: usize) -> StoreResult<Vec<ChatId>> {
        Ok(Vec::new())
    }

    /// Marks entries as published: the revs that they name, no others.
    async fn outbox_published(&self, entries: Vec<OutboxEntry>, at: Timestamp) -> StoreResult<()>;

    /// Entries since a time, published or not.
    async fn outbox_since(&self, since: Timestamp) -> StoreResult<Vec<OutboxEntry>>;

    /// Forgets published entries older than a time; answers how many.
    async fn outbox_remove(&self, before: Timestamp) -> StoreResult<usize>;
}

/// A message that someone has starred, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Star {
    pub starred_at: Timestamp,
    pub message_id: MessageId,
}

/// Which changes of a chat are wanted: `after < last_rev ≤ up_to`, at most `limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangesQuery {
    pub chat_id: ChatId,
    pub after: u64,
    pub up_to: u64,
    pub limit: usize,
}

/// What changed in one chat.
#[derive(Clone, Debug)]
pub struct Changes {
    pub chat_id: ChatId,
    /// All of them, though `messages` holds fewer; `most + 1` stands for more.
    pub count: usize,
    pub messages: Vec<Message>,
    pub chat_changed_rev: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverviewQuery {
    pub chat_id: ChatId,
    pub from_seq: u64,
    pub to_seq: u64,
    pub unread_after: u64,
}

#[derive(Clone, Debug)]
pub struct Overview {
    pub chat_id: ChatId,
    pub heads: Heads,
    pub last_message: Option<Message>,
    pub unread_count: u32,
}
