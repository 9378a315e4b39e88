//! How far people have got in chats, as it was said last to each of those here. While a chat moves, its
//! former owner may say something that is behind what the new one has said already: each device is told in
//! order (D5).

use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::receipts::ReceiptKind;
use crate::id::{ChatId, UserId};

/// Longer than an owner takes that speaks late.
const KEPT: Duration = Duration::from_secs(60);
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
    newest: Heard,
    before: Heard,
    began: Option<Instant>,
}

/// By chat, whose they are and who heard of them: up to where what is his was delivered, and read.
type Heard = HashMap<(ChatId, UserId, UserId), [u64; 2], ahash::RandomState>;

impl Told {
    /// Takes a status as told to someone, unless it is behind what he was told before; how it stands to that.
    pub fn take(&mut self, status: &Status, receiver: UserId, now: Instant) -> Ordering {
        let began = *self.began.get_or_insert(now);
        if now.duration_since(began) >= KEPT || self.newest.len() >= MOST {
            self.before = std::mem::take(&mut self.newest);
            self.began = Some(now);
        }
        let key = (status.chat_id, status.user_id, receiver);
        let before = || self.before.get(&key).copied().unwrap_or_default();
        let [delivered, read] = self.newest.entry(key).or_insert_with(before);
        let furthest = match status.kind {
            ReceiptKind::Delivered => &mut *delivered,
            ReceiptKind::Read => read,
        };
        let order = status.up_to_seq.cmp(furthest);
        if order.is_lt() {
            metrics::counter!("troupe_statuses_overtaken_total").increment(1);
        } else {
            *furthest = status.up_to_seq;
            // What was read has come.
            *delivered = status.up_to_seq.max(*delivered);
        }
        order
    }
}
