//! The `status` of a message as its sender gets it in an ack.

use std::collections::BTreeMap;

use super::scope::ChatScope;
use crate::domain::chat::{ChatKind, Roster};
use crate::domain::chat_rules;
use crate::domain::message::Message;
use crate::error::Failure;
use crate::wire::message::{DeliveryStatus, MessageView, RecipientStatus, StatusView};
use crate::wire::status::Standing;

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
    let receipts = &scope.services.stores.receipts;
    let marks = receipts.watermarks(vec![scope.chat_id]).await?;
    let times = match scope.roster().chat.kind {
        ChatKind::Direct => receipts.times(scope.chat_id, message.seq).await?,
        ChatKind::Group => Vec::new(),
    };
    let standing = Standing {
        roster: scope.roster().clone(),
        marks: marks
            .into_iter()
            .map(|(_, mark)| (mark.user_id, mark))
            .collect(),
    };
    let status = standing
        .shows_status(message.sender_id, message)
        .then(|| standing.status(message, &times));
    Ok(MessageView {
        status,
        ..scope.view(message).await
    })
}
