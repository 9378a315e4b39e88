//! What the caller has starred, newest star first.

use std::collections::{HashMap, HashSet};

use super::actor::Reader;
use super::requests::ListStarred;
use crate::actors::request::Answer;
use crate::actors::standing::Standings;
use crate::domain::message::Message;
use crate::domain::message::sight::as_seen_by;
use crate::id::{MessageId, UserId};
use crate::storage::messages::Star;
use crate::wire::message::MessageView;
use crate::wire::page::{Page, cursor, read_cursor};

/// Stars looked at for one page: who starred much and may see little gets a short page, with a cursor.
const LOOKED_AT: usize = 2_000;

impl Reader {
    pub(super) async fn list_starred(&self, ask: ListStarred) -> Answer<Page<MessageView>> {
        let mut after: Option<Star> = match &ask.cursor {
            Some(text) => Some(read_cursor("starred", "cursor", text)?),
            None => None,
        };
        let (mut shown, mut looked_at) = (Vec::new(), 0);
        let next = loop {
            let stars = self.stores.messages.stars(ask.viewer, after, ask.limit + 1);
            let mut stars = stars.await?;
            let more = stars.len() > ask.limit;
            stars.truncate(ask.limit);
            looked_at += stars.len();
            let ids: Vec<MessageId> = stars.iter().map(|star| star.message_id).collect();
            let mut messages = self.visible_of(ask.viewer, &ids).await?;
            let mut place = after;
            for star in &stars {
                if shown.len() == ask.limit {
                    break;
                }
                place = Some(*star);
                shown.extend(messages.remove(&star.message_id));
            }
            let is_over = !more && place == stars.last().copied().or(after);
            after = place;
            if is_over {
                break None;
            }
            if shown.len() == ask.limit || looked_at >= LOOKED_AT {
                break after;
            }
        };
        Ok(Page {
            items: self
                .message_views(ask.viewer, shown, &Standings::new())
                .await?,
            next_cursor: next.map(|star| cursor("starred", &star)).transpose()?,
        })
    }

    /// Messages first, rows after (D8); without those the viewer hid or may not see any more.
    pub(super) async fn visible_of(
        &self,
        viewer: UserId,
        ids: &[MessageId],
    ) -> Answer<HashMap<MessageId, Message>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let found = self.stores.messages.find(ids.to_vec()).await?;
        let hidden = self.stores.messages.hidden(viewer, ids.to_vec()).await?;
        let hidden: HashSet<MessageId> = hidden.into_iter().collect();
        let members = self.rows(viewer, &found).await?;
        Ok(found
            .into_iter()
            .filter(|message| !hidden.contains(&message.id))
            .filter_map(|message| as_seen_by(members.get(&message.chat_id)?, message))
            .map(|message| (message.id, message))
            .collect())
    }
}
