//! Rosters and watermarks, read for many chats at once, and the views of messages made with them.

use std::collections::{HashMap, HashSet};

use super::actor::Reader;
use crate::actors::request::Answer;
use crate::actors::standing::{Standings, standings};
use crate::clock::Timestamp;
use crate::domain::message::Message;
use crate::domain::receipts::ReceiptTime;
use crate::error::Failure;
use crate::id::{ChatId, MessageId, UserId};
use crate::storage::chats::Membership;
use crate::wire::message::{MessageView, StatusView};
use crate::wire::status::Standing;

type Times = HashMap<(ChatId, u64), Vec<ReceiptTime>>;

impl Reader {
    /// The caller's row in a chat, also when he has left; 404 when he never was in it.
    pub(super) async fn membership(&self, user: UserId, chat_id: ChatId) -> Answer<Membership> {
        let found = self.stores.chats.find_membership(user, chat_id).await?;
        found.ok_or_else(Failure::not_found)
    }

    pub(super) async fn standings(&self, chat_ids: Vec<ChatId>) -> Answer<Standings> {
        Ok(standings(&self.stores, chat_ids).await?)
    }

    /// Views for `viewer`; his own messages carry their `status` as lists have it. The standings of
    /// chats with such messages are read when they are not given.
    pub(super) async fn message_views(
        &self,
        viewer: UserId,
        messages: Vec<Message>,
        known: &Standings,
    ) -> Answer<Vec<MessageView>> {
        let missing: HashSet<ChatId> = messages
            .iter()
            .filter(|message| message.sender_id == viewer && !known.contains_key(&message.chat_id))
            .map(|message| message.chat_id)
            .collect();
        let read = self.standings(missing.into_iter().collect()).await?;
        let standing = |chat_id: &ChatId| known.get(chat_id).or_else(|| read.get(chat_id));
        let times = self.direct_times(viewer, &messages, standing).await?;
        let starred = self.starred(viewer, &messages).await?;
        let now = self.clock.now();
        let mut views: Vec<MessageView> = messages
            .iter()
            .map(|message| {
                let status = standing(&message.chat_id)
                    .filter(|standing| standing.shows_status(viewer, message))
                    .map(|standing| {
                        let key = (message.chat_id, message.seq);
                        standing.status(message, times.get(&key).map_or(&[], Vec::as_slice))
                    });
                let mut view = view_with(message, status, now);
                view.is_starred = Some(starred.contains(&message.id));
                view
            })
            .collect();
        self.stores.described.show_in(&mut views).await;
        Ok(views)
    }

    /// Which of these the viewer has starred.
    pub(super) async fn starred(
        &self,
        viewer: UserId,
        messages: &[Message],
    ) -> Answer<HashSet<MessageId>> {
        if messages.is_empty() {
            return Ok(HashSet::new());
        }
        let ids = messages.iter().map(|message| message.id).collect();
        let starred = self.stores.messages.starred(viewer, ids).await?;
        Ok(starred.into_iter().collect())
    }

    /// When the viewer's messages of direct chats were got and read, in one query.
    async fn direct_times<'a>(
        &self,
        viewer: UserId,
        messages: &[Message],
        standing: impl Fn(&ChatId) -> Option<&'a Standing>,
    ) -> Answer<Times> {
        let wanted: Vec<(ChatId, u64)> = messages
            .iter()
            .filter(|message| {
                standing(&message.chat_id).is_some_and(|standing| {
                    standing.roster.peer(viewer).is_some()
                        && standing.shows_status(viewer, message)
                        && standing.reached_anyone(message)
                })
            })
            .map(|message| (message.chat_id, message.seq))
            .collect();
        if wanted.is_empty() {
            return Ok(Times::new());
        }
        let found = self.stores.receipts.times_of(wanted).await?;
        Ok(found
            .into_iter()
            .map(|one| ((one.chat_id, one.seq), one.times))
            .collect())
    }
}

/// A message with a `status` or without one.
pub(super) fn view_with(
    message: &Message,
    status: Option<StatusView>,
    now: Timestamp,
) -> MessageView {
    MessageView {
        status,
        ..MessageView::new(message, now)
    }
}
