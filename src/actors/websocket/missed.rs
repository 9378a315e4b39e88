//! Receipts whose frames may be lost, from the store, told again (D6).

use std::time::Duration;

use tokio::time::Instant;

use super::tail::Tail;
use crate::actors::fanout::{FanOut, Fanout};
use crate::actors::progress;
use crate::clock::Timestamp;
use crate::domain::chat::ChatKind;
use crate::domain::receipts::{ReceiptKind, Watermark};
use crate::id::{ChatId, UserId};
use crate::storage::StoreResult;
use crate::storage::receipts::{Moved, ReceiptMark};
use crate::wire::status::Standing;

/// So many of the newest receipts are looked at.
const RECEIPTS: usize = 20_000;
/// In a group only what is that near to the furthest that anyone got is told again, to who sent that.
const MESSAGES: u64 = 100;
/// So many chats are read at once.
const CHATS: usize = 256;
/// So many statuses are told at once, and then others have a turn.
const STATUSES: usize = 64;
/// For so many receivers, each status counted; the rest is found by their next sync.
const RECEIVERS: usize = 50_000;
/// What was written so long before a reading may not have been seen by it: a write may be tried again, and
/// clocks run apart.
pub const LATE: Duration = Duration::from_secs(30);

/// Tells who is here of everything that moved since a time and he was not told of; on `doubted` lanes,
/// may not have been told of.
pub async fn tell_again(
    tail: &dyn Tail,
    fanout: &Fanout,
    since: Timestamp,
    doubted: u64,
) -> StoreResult<()> {
    let moved = tail.moved_lately(since, RECEIPTS).await?;
    let mut left = RECEIVERS;
    for chats in moved.chunks(CHATS) {
        let mut concerned: Vec<ChatId> = Vec::new();
        for (chat, members) in tail.members(chats.to_vec()).await? {
            if members.iter().any(|member| fanout.is_here(*member)) {
                concerned.push(chat);
            }
        }
        let read_at = Instant::now();
        for standing in tail.standings(concerned).await? {
            let mut statuses = statuses(tail, fanout, &standing, since).await?;
            statuses.retain(|status| {
                let fits = status.to.len() <= left;
                left = left.saturating_sub(status.to.len());
                fits
            });
            while !statuses.is_empty() {
                let rest = statuses.split_off(statuses.len().min(STATUSES));
                fanout.repeat(std::mem::replace(&mut statuses, rest), read_at, doubted);
                tokio::task::yield_now().await;
            }
            if left == 0 {
                tracing::warn!("too many receipts to tell all of them again");
                return Ok(());
            }
        }
    }
    Ok(())
}

/// What is to be told of a chat, to who is here.
async fn statuses(
    tail: &dyn Tail,
    fanout: &Fanout,
    standing: &Standing,
    since: Timestamp,
) -> StoreResult<Vec<FanOut>> {
    let roster = &standing.roster;
    let mut moved = moved_since(standing, since);
    let mut senders: Vec<UserId> = match roster.chat.kind {
        ChatKind::Direct => {
            let members = roster.active_members();
            members.map(|member| member.user_id).collect()
        }
        ChatKind::Group => {
            let furthest = moved.iter().map(|moved| moved.mark.up_to_seq).max();
            let furthest = furthest.unwrap_or_default();
            let first = furthest.saturating_sub(MESSAGES);
            moved.retain(|moved| moved.mark.up_to_seq > first);
            tail.senders(roster.chat.id, first, furthest).await?
        }
    };
    senders.retain(|sender| fanout.is_here(*sender));
    let mut statuses = Vec::new();
    for moved in moved {
        let reader = moved.mark.user_id;
        let others: Vec<UserId> = (senders.iter().copied())
            .filter(|sender| *sender != reader)
            .collect();
        if !others.is_empty() || fanout.is_here(reader) {
            statuses.extend(progress::frames(roster, &moved, &others, None));
        }
    }
    Ok(statuses)
}

/// The watermarks that moved since a time, as if from nowhere. Who is told of a read is not told that it
/// was delivered.
fn moved_since(standing: &Standing, since: Timestamp) -> Vec<Moved> {
    let is_new = |at: &Timestamp| *at >= since;
    let mut all = Vec::new();
    for &after in standing.marks.values() {
        let delivered = after.delivered_at.filter(is_new);
        let is_further = after.delivered_seq > after.read_seq;
        let mut moved = |kind, up_to_seq, at, before| {
            let mark = ReceiptMark {
                chat_id: standing.roster.chat.id,
                user_id: after.user_id,
                kind,
                up_to_seq,
                at,
            };
            all.push(Moved {
                mark,
                before,
                after,
            });
        };
        if let Some(at) = after.read_at.filter(is_new) {
            let mut before = Watermark {
                read_seq: 0,
                ..after
            };
            if delivered.is_some() && !is_further {
                before.delivered_seq = 0;
            }
            moved(ReceiptKind::Read, after.read_seq, at, before);
        }
        if let Some(at) = delivered.filter(|_| is_further) {
            let before = Watermark {
                delivered_seq: 0,
                ..after
            };
            moved(ReceiptKind::Delivered, after.delivered_seq, at, before);
        }
    }
    all
}
