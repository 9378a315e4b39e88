//! Who has got and read a message.

use super::actor::Reader;
use super::requests::ListReceipts;
use crate::actors::request::Answer;
use crate::error::Failure;
use crate::id::UserId;
use crate::wire::message::RecipientView;
use crate::wire::page::{Page, cursor, read_cursor};

impl Reader {
    pub(super) async fn list_receipts(&self, ask: ListReceipts) -> Answer<Page<RecipientView>> {
        let list = format!("receipts {}", ask.message_id);
        let after: Option<UserId> = match &ask.cursor {
            Some(text) => Some(read_cursor(&list, "cursor", text)?),
            None => None,
        };
        let (message, member) = self.visible(ask.viewer, ask.message_id).await?;
        if !member.is_active() {
            return Err(Failure::not_found());
        }
        let standings = self.standings(vec![message.chat_id]).await?;
        let standing = standings
            .get(&message.chat_id)
            .filter(|standing| standing.shows_status(ask.viewer, &message))
            .ok_or_else(|| Failure::forbidden("only its sender sees who got and read a message"))?;
        let times = self
            .stores
            .receipts
            .times(message.chat_id, message.seq)
            .await?;
        let mut items: Vec<RecipientView> = standing
            .people(&message, &times)
            .into_iter()
            .filter(|(user_id, _)| after.is_none_or(|after| *user_id > after))
            .take(ask.limit + 1)
            .map(|(user_id, state)| RecipientView {
                user_id,
                status: state.status,
                updated_at: state.updated_at,
            })
            .collect();
        let more = items.len() > ask.limit;
        items.truncate(ask.limit);
        let last = items.last().filter(|_| more).map(|item| item.user_id);
        Ok(Page {
            items,
            next_cursor: last.map(|last| cursor(&list, &last)).transpose()?,
        })
    }
}
