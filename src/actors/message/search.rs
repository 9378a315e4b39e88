//! Search: what the index names and what is not indexed yet, each held against what it is now.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::actor::Reader;
use super::requests::SearchMessages;
use crate::actors::request::Answer;
use crate::actors::standing::Standings;
use crate::domain::message::Message;
use crate::domain::search::{Query, text_of};
use crate::error::{ErrorCode, Failure};
use crate::id::{ChatId, MessageId, UserId};
use crate::storage::messages::ChangesQuery;
use crate::storage::search::{HitsQuery, catch_up};
use crate::wire::message::MessageView;
use crate::wire::page::{Page, cursor, read_cursor};

/// How long a question is worked on; then the page is given as far as it got.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Messages the index names at once.
const NAMED: usize = 100;
/// Changes that are read from the log; when more are not indexed yet, they are first.
const TAIL: u64 = 2_000;

/// The message after which a page goes on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Place(MessageId);

impl Reader {
    pub(super) async fn search_messages(&self, ask: SearchMessages) -> Answer<Page<MessageView>> {
        let query = Query::parse(&ask.q)?;
        let list = format!("search {:?} {}", ask.chat_id, ask.q);
        let mut before: Option<MessageId> = match &ask.cursor {
            Some(text) => Some(read_cursor::<Place>(&list, "cursor", text)?.0),
            None => None,
        };
        let chat_ids = self.searched(ask.viewer, ask.chat_id).await?;
        let mut found: Vec<Message> = Vec::new();
        let mut next = None;
        if !query.is_empty() && !chat_ids.is_empty() {
            let deadline = Instant::now() + PATIENCE;
            let mut tail = self.tail(ask.viewer, &chat_ids, &query, deadline).await?;
            tail.retain(|id| before.is_none_or(|before| *id < before));
            let terms = query.terms();
            loop {
                let hits = self.stores.search.hits(HitsQuery {
                    chat_ids: chat_ids.clone(),
                    terms: terms.clone(),
                    before,
                    limit: NAMED,
                });
                let hits = hits.await?;
                let mut ids = hits.ids;
                ids.extend(newer(&mut tail, hits.rest));
                found.extend(self.answering(ask.viewer, ids, &query).await?);
                before = hits.rest;
                if found.len() > ask.limit {
                    found.truncate(ask.limit);
                    next = found.last().map(|message| message.id);
                    break;
                }
                if before.is_none() || Instant::now() >= deadline {
                    next = before;
                    break;
                }
            }
        }
        let mut items = self
            .message_views(ask.viewer, found, &Standings::new())
            .await?;
        // What has disappeared since it was found.
        items.retain(|view| !view.is_deleted);
        Ok(Page {
            items,
            next_cursor: next.map(|id| cursor(&list, &Place(id))).transpose()?,
        })
    }

    /// The chats in which the viewer sees anything, those he has left too; 404 for one where he
    /// never was.
    async fn searched(&self, viewer: UserId, chat_id: Option<ChatId>) -> Answer<Vec<ChatId>> {
        if let Some(chat_id) = chat_id {
            self.membership(viewer, chat_id).await?;
            return Ok(vec![chat_id]);
        }
        let rows = self.stores.chats.list_all(viewer).await?;
        Ok(rows.into_iter().map(|row| row.chat.id).collect())
    }

    /// What answers in the part of the log that is not indexed yet, newest first. Where the index
    /// stands is read before where the log ends: what is indexed meanwhile is found twice.
    async fn tail(
        &self,
        viewer: UserId,
        chat_ids: &[ChatId],
        query: &Query,
        deadline: Instant,
    ) -> Answer<Vec<MessageId>> {
        let mut behind = self.behind(chat_ids).await?;
        while behind
            .iter()
            .map(|(_, after, head)| head - after)
            .sum::<u64>()
            > TAIL
        {
            if Instant::now() >= deadline {
                let failure = "the search index is being made, try again in a while";
                return Err(Failure::new(ErrorCode::Timeout, failure));
            }
            let furthest = behind.iter().max_by_key(|(_, after, head)| head - after);
            let Some((chat_id, _, _)) = furthest.copied() else {
                break;
            };
            let stores = &self.stores;
            catch_up(stores.messages.as_ref(), stores.search.as_ref(), chat_id).await?;
            behind = self.behind(chat_ids).await?;
        }
        let limit = usize::try_from(TAIL).unwrap_or(usize::MAX);
        let queries = behind
            .into_iter()
            .map(|(chat_id, after, head)| ChangesQuery {
                chat_id,
                after,
                up_to: head,
                limit,
            });
        let queries: Vec<ChangesQuery> = queries.collect();
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let changes = self.stores.messages.changes(viewer, queries, limit);
        let mut ids: Vec<MessageId> = changes
            .await?
            .into_iter()
            .flat_map(|change| change.messages)
            .filter(|message| text_of(message).is_some_and(|text| query.finds(&text)))
            .map(|message| message.id)
            .collect();
        ids.sort_unstable_by_key(|id| Reverse(*id));
        Ok(ids)
    }

    /// Chats whose index is behind their log: from where, and to where.
    async fn behind(&self, chat_ids: &[ChatId]) -> Answer<Vec<(ChatId, u64, u64)>> {
        let positions = self.stores.search.positions(chat_ids.to_vec()).await?;
        let positions: HashMap<ChatId, u64> = positions.into_iter().collect();
        let heads = self.stores.messages.heads_of(chat_ids.to_vec()).await?;
        let behind = heads.into_iter().filter_map(|(chat_id, heads)| {
            let after = positions.get(&chat_id).copied().unwrap_or(0);
            (after < heads.rev).then_some((chat_id, after, heads.rev))
        });
        Ok(behind.collect())
    }

    /// Those of these messages that answer now, as the viewer sees them, newest first.
    async fn answering(
        &self,
        viewer: UserId,
        mut ids: Vec<MessageId>,
        query: &Query,
    ) -> Answer<Vec<Message>> {
        ids.sort_unstable_by_key(|id| Reverse(*id));
        ids.dedup();
        let mut visible = self.visible_of(viewer, &ids).await?;
        let now = self.clock.now();
        let messages = ids.iter().filter_map(|id| visible.remove(id));
        Ok(messages
            .filter(|message| !message.is_gone(now))
            .filter(|message| text_of(message).is_some_and(|text| query.finds(&text)))
            .collect())
    }
}

/// Takes off what is not below a place.
fn newer(tail: &mut Vec<MessageId>, place: Option<MessageId>) -> Vec<MessageId> {
    let count = tail
        .iter()
        .take_while(|id| place.is_none_or(|place| **id >= place))
        .count();
    tail.drain(..count).collect()
}
