//! What the stores say of the last minute: the source of `heads`, and of receipts that are told again.

use ahash::AHashMap;
use async_trait::async_trait;

use crate::actors::standing::standings;
use crate::clock::Timestamp;
use crate::id::{ChatId, UserId};
use crate::storage::{StoreResult, Stores};
use crate::wire::socket::HeadView;
use crate::wire::status::Standing;

#[async_trait]
pub trait Tail: Send + Sync {
    /// How far each chat that changed since a time has got.
    async fn changed_since(&self, since: Timestamp) -> StoreResult<AHashMap<ChatId, HeadView>>;

    /// Who is in each of these chats now.
    async fn members(&self, chats: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Vec<UserId>)>>;

    /// The rev of each user's own log.
    async fn own_revs(&self, users: Vec<UserId>) -> StoreResult<Vec<(UserId, u64)>>;

    /// In which chats someone got or read further since a time, by the newest receipts: at most so many.
    async fn moved_lately(&self, since: Timestamp, most: usize) -> StoreResult<Vec<ChatId>>;

    /// Who is in each of these chats, and how far each has got.
    async fn standings(&self, chats: Vec<ChatId>) -> StoreResult<Vec<Standing>>;

    /// Who sent the messages of a chat with `after < seq ≤ up_to`.
    async fn senders(&self, chat: ChatId, after: u64, up_to: u64) -> StoreResult<Vec<UserId>>;
}

#[async_trait]
impl Tail for Stores {
    async fn changed_since(&self, since: Timestamp) -> StoreResult<AHashMap<ChatId, HeadView>> {
        let mut heads: AHashMap<ChatId, HeadView> = AHashMap::new();
        for entry in self.messages.outbox_since(since).await? {
            let head = HeadView {
                seq: entry.head_seq,
                rev: entry.last_rev,
            };
            let known = heads.entry(entry.chat_id).or_insert(head);
            if known.rev < head.rev {
                *known = head;
            }
        }
        Ok(heads)
    }

    async fn members(&self, chats: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Vec<UserId>)>> {
        self.chats.list_members(chats).await
    }

    async fn own_revs(&self, users: Vec<UserId>) -> StoreResult<Vec<(UserId, u64)>> {
        self.user_log.heads(users).await
    }

    async fn moved_lately(&self, since: Timestamp, most: usize) -> StoreResult<Vec<ChatId>> {
        self.receipts.moved_lately(since, most).await
    }

    async fn standings(&self, chats: Vec<ChatId>) -> StoreResult<Vec<Standing>> {
        let standings = standings(self, chats).await?;
        Ok(standings.into_values().collect())
    }

    async fn senders(&self, chat: ChatId, after: u64, up_to: u64) -> StoreResult<Vec<UserId>> {
        self.messages.senders(chat, after, up_to).await
    }
}
