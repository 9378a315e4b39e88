//! The `status` of a message as its sender gets it in an ack.

use std::collections::BTreeMap;

use super::scope::ChatScope;
use crate::domain::chat::{ChatKind, Roster};
use crate::domain::chat_rules;
use crate::domain::message::Message;
use crate::error::Failure;
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
