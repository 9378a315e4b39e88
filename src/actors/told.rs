//! How far people have got in chats, as it was said last to those here. While a chat moves, its former
//! owner may say something that is behind what the new one has said already: each device is told in order
//! (D5).

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::receipts::ReceiptKind;
use crate::id::{ChatId, UserId};

/// Longer than anything that comes late is still told.
const KEPT: Duration = Duration::from_secs(10);
/// Then older ones are forgotten sooner.
const MOST: usize = 100_000;

/// Everything up to a seq has reached someone, or was read by him.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    pub chat_id: ChatId,
    pub user_id: UserId,
    pub kind: ReceiptKind,
    pub up_to_seq: u64,
}

/// Those of a while.
#[derive(Default)]
pub struct Told {
    newest: Statuses,
    before: Statuses,
    began: Option<Instant>,
}

type Statuses = HashMap<(ChatId, UserId, ReceiptKind), u64, ahash::RandomState>;

impl Told {
    /// Whether it is not behind what was told before, and is to be told.
    pub fn is_news(&mut self, status: &Status, now: Instant) -> bool {
        let began = *self.began.get_or_insert(now);
        if now.duration_since(began) >= KEPT || self.newest.len() >= MOST {
            self.before = std::mem::take(&mut self.newest);
            self.began = Some(now);
        }
        let key = (status.chat_id, status.user_id, status.kind);
        let before = || self.before.get(&key).copied().unwrap_or_default();
        let known = self.newest.entry(key).or_insert_with(before);
        if status.up_to_seq < *known {
            metrics::counter!("troupe_statuses_overtaken_total").increment(1);
            return false;
        }
        *known = status.up_to_seq;
        true
    }
}
