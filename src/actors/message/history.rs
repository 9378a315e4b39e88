//! History by seq, one message, and where messages are.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::actor::Reader;
use super::requests::{GetMessage, ListMessages, LocateMessages, Located};
use super::standing::view_with;
use crate::actors::request::Answer;
use crate::actors::standing::Standings;
use crate::domain::chat::Member;
use crate::domain::message::Message;
use crate::domain::message::sight::as_seen_by;
use crate::error::Failure;
use crate::id::{ChatId, MessageId, UserId};
use crate::storage::messages::SeqRange;
use crate::wire::message::{MessageView, StatusView};
use crate::wire::page::{Page, cursor, read_cursor};

/// Above every seq.
pub(super) const NO_SEQ: u64 = 1 << 53;

/// Where a history goes on; `up`: towards newer messages.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Place {
    after: Option<u64>,
    before: Option<u64>,
    up: bool,
}

impl Reader {
    pub(super) async fn list_messages(&self, ask: ListMessages) -> Answer<Page<MessageView>> {
        let list = format!("messages {}", ask.chat_id);
        let place = match &ask.cursor {
            Some(text) => read_cursor(&list, "cursor", text)?,
            None => Place {
                after: ask.after,
                before: ask.before,
                up: ask.after.is_some() && ask.before.is_none(),
            },
        };
        let member = self.membership(ask.viewer, ask.chat_id).await?.member;
        let range = within(&member, place);
        let wanted = ask.limit + 1;
        let mut messages = self
            .stores
            .messages
            .page(ask.viewer, ask.chat_id, range, wanted)
            .await?;
        let next = if messages.len() < wanted {
            None
        } else if place.up {
            messages.remove(0);
            let newest = messages.first().map(|newest| newest.seq);
            newest.filter(|seq| member.sees(*seq)).map(|seq| Place {
                after: Some(seq),
                ..place
            })
        } else {
            messages.pop();
            messages.last().map(|oldest| Place {
                before: Some(oldest.seq),
                ..place
            })
        };
        // Rows after messages: who was removed meanwhile sees nothing of what followed (D8).
        let member = self.membership(ask.viewer, ask.chat_id).await?.member;
        let seen = messages
            .into_iter()
            .filter_map(|message| as_seen_by(&member, message))
            .collect();
        Ok(Page {
            items: self
                .message_views(ask.viewer, seen, &Standings::new())
                .await?,
            next_cursor: next.map(|place| cursor(&list, &place)).transpose()?,
        })
    }

    /// With the people in its `status` when it is the viewer's own.
    pub(super) async fn get_message(&self, ask: GetMessage) -> Answer<MessageView> {
        let (message, _) = self.visible(ask.viewer, ask.message_id).await?;
        let hidden = self
            .stores
            .messages
            .hidden(ask.viewer, vec![ask.message_id])
            .await?;
        if !hidden.is_empty() {
            return Err(Failure::not_found());
        }
        let mut status = None;
        if message.sender_id == ask.viewer {
            let standings = self.standings(vec![message.chat_id]).await?;
            if let Some(standing) = standings
                .get(&message.chat_id)
                .filter(|standing| standing.shows_status(ask.viewer, &message))
            {
                let receipts = &self.stores.receipts;
                let times = receipts.times(message.chat_id, message.seq).await?;
                status = Some(StatusView::People(standing.people(&message, &times)));
            }
        }
        let messages = std::slice::from_ref(&message);
        let starred = self.starred(ask.viewer, messages).await?;
        let mut view = view_with(&message, status, self.clock.now());
        view.is_starred = Some(!starred.is_empty());
        self.stores.described.show_in([&mut view]).await;
        Ok(view)
    }

    pub(super) async fn locate_messages(&self, ask: LocateMessages) -> Answer<Vec<Located>> {
        let found = self.stores.messages.find(ask.message_ids.clone()).await?;
        let members = self.rows(ask.viewer, &found).await?;
        let located: HashMap<MessageId, Located> = found
            .into_iter()
            .filter_map(|message| {
                let member = members.get(&message.chat_id)?;
                let place = Located {
                    message_id: message.id,
                    chat_id: message.chat_id,
                    seq: message.seq,
                    is_member: member.is_active(),
                };
                member.sees(message.seq).then_some((message.id, place))
            })
            .collect();
        ask.message_ids
            .iter()
            .map(|id| located.get(id).copied().ok_or_else(Failure::not_found))
            .collect()
    }

    /// One message as the viewer may see it, with his row; 404 otherwise.
    pub(super) async fn visible(
        &self,
        viewer: UserId,
        message_id: MessageId,
    ) -> Answer<(Message, Member)> {
        let found = self.stores.messages.find(vec![message_id]).await?;
        let message = found.into_iter().next().ok_or_else(Failure::not_found)?;
        let member = self.membership(viewer, message.chat_id).await?.member;
        let message = as_seen_by(&member, message).ok_or_else(Failure::not_found)?;
        Ok((message, member))
    }

    pub(super) async fn rows(
        &self,
        viewer: UserId,
        messages: &[Message],
    ) -> Answer<HashMap<ChatId, Member>> {
        let mut chat_ids: Vec<ChatId> = messages.iter().map(|message| message.chat_id).collect();
        chat_ids.sort_unstable();
        chat_ids.dedup();
        let found = self.stores.chats.find_memberships(viewer, chat_ids).await?;
        Ok(found
            .into_iter()
            .map(|membership| (membership.chat.id, membership.member))
            .collect())
    }
}

/// A place confined to what the member may see. Both ends are given only when going down: an `after`
/// alone is what turns a page round.
fn within(member: &Member, place: Place) -> SeqRange {
    let first = member.join_seq.saturating_sub(1);
    let end = member.left.map_or(NO_SEQ, |left| left.seq + 1);
    let before = place.before.map_or(end, |before| before.min(end));
    SeqRange {
        after: Some(place.after.map_or(first, |after| after.max(first))),
        before: (!place.up).then_some(before),
    }
}
