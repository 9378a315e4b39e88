//! The `status` of a message as its sender gets it in an ack.

use std::collections::BTreeMap;

use super::scope::ChatScope;
use crate::domain::chat::{ChatKind, Roster};
use crate::domain::chat_rules;
use crate::domain::message::Message;
use crate::domain::receipts::Watermark;
use crate::error::Failure;
use crate::id::ChatId;
use crate::wire::message::{DeliveryStatus, MessageView, RecipientStatus, StatusView};

/// Of a message that was written this moment: sent to everyone else, counted in a group.
pub fn first_status(roster: &Roster, view: &MessageView) -> StatusView {
    match roster.chat.kind {
        ChatKind::Group => StatusView::Counts {
            delivered: 0,
            read: 0,
        },
        ChatKind::Direct => {
            let sent = RecipientStatus {
                status: DeliveryStatus::Sent,
                updated_at: view.created_at,
            };
            let people = chat_rules::recipients(roster, view.sender_id);
            StatusView::People(
                people
                    .into_iter()
                    .map(|id| (id, sent))
                    .collect::<BTreeMap<_, _>>(),
            )
        }
    }
}

/// A message as its sender gets it in the ack of a repeat: with the status of today.
pub async fn sender_view(scope: &ChatScope, message: &Message) -> Result<MessageView, Failure> {
    let view = scope.view(message);
    let receipts = &scope.services.stores.receipts;
    let watermarks = receipts.watermarks(vec![scope.chat_id]).await?;
    let status = status_of(scope.roster(), &view, &watermarks);
    Ok(MessageView {
        status: Some(status),
        ..view
    })
}

fn status_of(
    roster: &Roster,
    view: &MessageView,
    watermarks: &[(ChatId, Watermark)],
) -> StatusView {
    let mut people = BTreeMap::new();
    let sender = roster.active(view.sender_id).ok();
    for member in roster.active_members() {
        if member.user_id == view.sender_id || !member.sees(view.seq) {
            continue;
        }
        let mark = watermarks
            .iter()
            .find(|(_, mark)| mark.user_id == member.user_id);
        let shown = chat_rules::shows_activity(roster, member.user_id, view.sender_id);
        let reads = sender.is_some_and(|sender| chat_rules::shows_read(member, sender));
        let (status, at) = match mark {
            Some((_, mark)) if shown && reads && mark.read_seq >= view.seq => {
                (DeliveryStatus::Read, mark.read_at)
            }
            Some((_, mark)) if shown && mark.delivered_seq >= view.seq => {
                (DeliveryStatus::Delivered, mark.delivered_at)
            }
            _ => (DeliveryStatus::Sent, None),
        };
        let updated_at = at.unwrap_or(view.created_at);
        people.insert(member.user_id, RecipientStatus { status, updated_at });
    }
    if roster.chat.kind == ChatKind::Direct {
        return StatusView::People(people);
    }
    let count = |least| people.values().filter(|one| one.status >= least).count();
    StatusView::Counts {
        delivered: u32::try_from(count(DeliveryStatus::Delivered)).unwrap_or(u32::MAX),
        read: u32::try_from(count(DeliveryStatus::Read)).unwrap_or(u32::MAX),
    }
}
