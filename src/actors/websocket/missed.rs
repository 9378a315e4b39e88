//! Receipts whose frames may be lost, from the store, to be told again (D6).

use std::time::Duration;

use super::tail::Tail;
use crate::actors::chat::progress;
use crate::actors::fanout::{FanOut, Fanout};
use crate::clock::Timestamp;
use crate::domain::chat::ChatKind;
use crate::domain::receipts::ReceiptKind;
use crate::id::{ChatId, UserId};
use crate::storage::StoreResult;
use crate::storage::receipts::{Moved, ReceiptMark};
use crate::wire::status::Standing;

/// So many of the newest receipts are looked at.
const RECEIPTS: usize = 20_000;
/// In a group they are told to who sent one of so many messages, up to the last that anyone got.
const MESSAGES: u64 = 1000;
/// So many chats are read at once.
const CHATS: usize = 256;
/// What was written so long before a reading may not have been seen by it; clocks run apart, too.
pub const LATE: Duration = Duration::from_secs(10);

/// The statuses that tell who is here of everything that moved since a time.
pub async fn statuses(
    tail: &dyn Tail,
    fanout: &Fanout,
    since: Timestamp,
) -> StoreResult<Vec<FanOut>> {
    let moved = tail.moved_lately(since, RECEIPTS).await?;
    let mut concerned: Vec<ChatId> = Vec::new();
    for (chat, members) in tail.members(moved).await? {
        if members.iter().any(|member| fanout.is_here(*member)) {
            concerned.push(chat);
        }
    }
    let mut statuses = Vec::new();
    for chats in concerned.chunks(CHATS) {
        for standing in tail.standings(chats.to_vec()).await? {
            let moved = moved_since(&standing, since);
            let mut senders = senders(tail, &standing, &moved).await?;
            senders.retain(|sender| fanout.is_here(*sender));
            for moved in moved {
                let reader = moved.mark.user_id;
                let others: Vec<UserId> = (senders.iter().copied())
                    .filter(|sender| *sender != reader)
                    .collect();
                if !others.is_empty() || fanout.is_here(reader) {
                    let frames = progress::frames(&standing.roster, &moved, &others, None);
                    statuses.extend(frames);
                }
            }
        }
    }
    Ok(statuses)
}

/// The watermarks that moved since a time, as if from nowhere, one kind at a time.
fn moved_since(standing: &Standing, since: Timestamp) -> Vec<Moved> {
    let mut all = Vec::new();
    for &after in standing.marks.values() {
        let kinds = [
            (
                ReceiptKind::Delivered,
                after.delivered_seq,
                after.delivered_at,
            ),
            (ReceiptKind::Read, after.read_seq, after.read_at),
        ];
        for (kind, up_to_seq, at) in kinds {
            let Some(at) = at.filter(|at| *at >= since) else {
                continue;
            };
            let mut before = after;
            match kind {
                ReceiptKind::Delivered => before.delivered_seq = 0,
                ReceiptKind::Read => before.read_seq = 0,
            }
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
        }
    }
    all
}

/// Who sent what they may have passed over.
async fn senders(
    tail: &dyn Tail,
    standing: &Standing,
    moved: &[Moved],
) -> StoreResult<Vec<UserId>> {
    let chat = &standing.roster.chat;
    if chat.kind == ChatKind::Direct {
        let members = standing.roster.active_members();
        return Ok(members.map(|member| member.user_id).collect());
    }
    let up_to = moved.iter().map(|moved| moved.mark.up_to_seq).max();
    match up_to {
        Some(up_to) => {
            tail.senders(chat.id, up_to.saturating_sub(MESSAGES), up_to)
                .await
        }
        None => Ok(Vec::new()),
    }
}
