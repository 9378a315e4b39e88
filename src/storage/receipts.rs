//! Watermarks and the receipt log behind them (D9).

use async_trait::async_trait;

use super::StoreResult;
use crate::clock::Timestamp;
pub use crate::domain::receipts::ReceiptTime;
use crate::domain::receipts::{ReceiptKind, Watermark};
use crate::id::{ChatId, UserId};

/// "This user has got / read everything up to here." Reading is delivery too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptMark {
    pub chat_id: ChatId,
    pub user_id: UserId,
    pub kind: ReceiptKind,
    pub up_to_seq: u64,
    pub at: Timestamp,
}

/// How a mark moved the watermark it named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    pub mark: ReceiptMark,
    /// Where it stood before; equal to or above `up_to_seq` when it did not move.
    pub before: Watermark,
    pub after: Watermark,
}

/// When one message reached whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageTimes {
    pub chat_id: ChatId,
    pub seq: u64,
    pub times: Vec<ReceiptTime>,
}

#[async_trait]
pub trait ReceiptStore: Send + Sync {
    /// Raises watermarks, never lowers them, and logs each that moved; answers one `Moved` per mark.
    async fn advance(&self, marks: Vec<ReceiptMark>) -> StoreResult<Vec<Moved>>;

    /// Where everyone stands in these chats; who stands nowhere is left out.
    async fn watermarks(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Watermark)>>;

    /// When each member first got and first read the message with this seq, from the receipt log.
    async fn times(&self, chat_id: ChatId, seq: u64) -> StoreResult<Vec<ReceiptTime>>;

    /// [`times`](Self::times) of several messages; those nobody got are left out.
    async fn times_of(&self, messages: Vec<(ChatId, u64)>) -> StoreResult<Vec<MessageTimes>> {
        let mut all = Vec::with_capacity(messages.len());
        for (chat_id, seq) in messages {
            let times = self.times(chat_id, seq).await?;
            if !times.is_empty() {
                all.push(MessageTimes {
                    chat_id,
                    seq,
                    times,
                });
            }
        }
        Ok(all)
    }

    /// The position of the newest receipt, for `acks` of a sync.
    async fn position(&self) -> StoreResult<i64>;

    /// Which of these chats had a receipt after this position.
    async fn moved_since(&self, chat_ids: Vec<ChatId>, position: i64) -> StoreResult<Vec<ChatId>>;

    /// Which chats had a receipt since a time, each once; of the newest `most` receipts at most. What was
    /// written before this process began may be missing where no other writes.
    async fn moved_lately(&self, since: Timestamp, most: usize) -> StoreResult<Vec<ChatId>>;
}
