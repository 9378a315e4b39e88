//! The frames that say how far someone has got, each to whom it may say so.

use std::sync::Arc;

use super::fanout::FanOut;
use super::told::Status;
use crate::domain::chat::{Member, Roster};
use crate::domain::chat_rules;
use crate::domain::receipts::ReceiptKind;
use crate::id::{ConnectionId, UserId};
use crate::storage::receipts::Moved;
use crate::wire::frame::Event;

/// Of a watermark that moved: to those who sent what it passed over, and to its owner's own devices but
/// `from`. Nothing when it did not move, or its owner is not in the chat any more.
pub fn frames(
    roster: &Roster,
    moved: &Moved,
    senders: &[UserId],
    from: Option<ConnectionId>,
) -> Vec<FanOut> {
    let read = moved.before.read_seq < moved.after.read_seq;
    let delivered = moved.before.delivered_seq < moved.after.delivered_seq;
    let Ok(reader) = roster.active(moved.mark.user_id) else {
        return Vec::new();
    };
    if !read && !delivered {
        return Vec::new();
    }
    let own = if read {
        ReceiptKind::Read
    } else {
        ReceiptKind::Delivered
    };
    let mut frames = vec![frame(moved, own, &[reader.user_id], from)];
    let watchers: Vec<&Member> = senders
        .iter()
        .filter_map(|sender| roster.active(*sender).ok())
        .filter(|watcher| chat_rules::shows_activity(roster, reader.user_id, watcher.user_id))
        .collect();
    let (reads, rest): (Vec<&Member>, Vec<&Member>) = watchers
        .into_iter()
        .partition(|watcher| read && chat_rules::shows_read(reader, watcher));
    for (kind, members) in [(ReceiptKind::Read, reads), (ReceiptKind::Delivered, rest)] {
        let told = kind == ReceiptKind::Read || delivered;
        if told && !members.is_empty() {
            let to: Vec<UserId> = members.iter().map(|member| member.user_id).collect();
            frames.push(frame(moved, kind, &to, None));
        }
    }
    frames
}

fn frame(moved: &Moved, kind: ReceiptKind, to: &[UserId], except: Option<ConnectionId>) -> FanOut {
    let (chat_id, user_id) = (moved.mark.chat_id, moved.mark.user_id);
    let up_to_seq = match kind {
        ReceiptKind::Delivered => moved.after.delivered_seq,
        ReceiptKind::Read => moved.after.read_seq,
    };
    let event = Event::MessageStatus {
        chat_id,
        user_id,
        status: kind.into(),
        up_to_seq,
        updated_at: moved.mark.at,
    };
    FanOut {
        frame: event.frame(),
        to: Arc::from(to),
        except,
        status: Some(Status {
            chat_id,
            user_id,
            kind,
            up_to_seq,
        }),
    }
}
