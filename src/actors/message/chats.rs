//! My chats, one or many, as I see them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::actor::Reader;
use super::history::NO_SEQ;
use super::requests::{GetChat, ListChats};
use crate::actors::request::Answer;
use crate::actors::standing::Standings;
use crate::clock::Timestamp;
use crate::domain::chat::ChatKind;
use crate::domain::message::sight::as_seen_by;
use crate::error::Failure;
use crate::id::{ChatId, MediaId, UserId};
use crate::storage::chats::Membership;
use crate::storage::messages::{Overview, OverviewQuery};
use crate::wire::chat::{ChatView, PersonalChatView};
use crate::wire::message::MessageView;
use crate::wire::page::{Page, cursor, read_cursor};

/// Unread messages are counted to here.
const MOST_UNREAD: u32 = 999;

/// Where a chat stands among its member's chats; later is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Place {
    changed_ms: i64,
    pub(super) chat_id: ChatId,
}

impl Reader {
    pub(super) async fn list_chats(&self, ask: ListChats) -> Answer<Page<ChatView>> {
        let after: Option<Place> = match &ask.cursor {
            Some(text) => Some(read_cursor("chats", "cursor", text)?),
            None => None,
        };
        let ids = self.stores.chats.list_ids(ask.viewer).await?;
        let mut places = self.places(ids).await?;
        places.retain(|place| after.is_none_or(|after| *place < after));
        let more = places.len() > ask.limit;
        places.truncate(ask.limit);
        let last = places.last().filter(|_| more);
        let next_cursor = last.map(|last| cursor("chats", last)).transpose()?;
        let ids = places.into_iter().map(|place| place.chat_id).collect();
        let mut items = self.chat_views(ask.viewer, ids).await?;
        for item in &mut items {
            item.details = None;
        }
        Ok(Page { items, next_cursor })
    }

    /// Chats by their newest entry, newest first: the log itself decides, the time on the chat's row
    /// may be a second late.
    pub(super) async fn places(&self, chat_ids: Vec<ChatId>) -> Answer<Vec<Place>> {
        let changes = self.stores.messages.last_changes(chat_ids).await?;
        let mut places: Vec<Place> = changes
            .into_iter()
            .map(|(chat_id, at)| Place {
                changed_ms: at.0,
                chat_id,
            })
            .collect();
        places.sort_unstable_by(|one, other| other.cmp(one));
        Ok(places)
    }

    pub(super) async fn get_chat(&self, ask: GetChat) -> Answer<ChatView> {
        let found = self.chat_views(ask.viewer, vec![ask.chat_id]).await?;
        found.into_iter().next().ok_or_else(Failure::not_found)
    }

    /// Chats with all their details, in the order asked; those the viewer is not in are left out.
    pub(super) async fn chat_views(
        &self,
        viewer: UserId,
        chat_ids: Vec<ChatId>,
    ) -> Answer<Vec<ChatView>> {
        if chat_ids.is_empty() {
            return Ok(Vec::new());
        }
        let chats = &self.stores.chats;
        let bounds = chats.find_memberships(viewer, chat_ids.clone()).await?;
        let read_to = self.read_marks(viewer, &chat_ids).await?;
        let queries = bounds
            .iter()
            .map(|one| {
                let joined_after = one.member.join_seq.saturating_sub(1);
                let read_seq = read_to.get(&one.chat.id).copied().unwrap_or(0);
                OverviewQuery {
                    chat_id: one.chat.id,
                    from_seq: one.member.join_seq,
                    to_seq: one.member.left.map_or(NO_SEQ, |left| left.seq),
                    unread_after: read_seq.max(joined_after),
                }
            })
            .collect();
        let overviews = self.stores.messages.overview(viewer, queries).await?;
        // Rows again, after the messages (D8).
        let rows = chats.find_memberships(viewer, chat_ids.clone()).await?;
        self.assemble(viewer, chat_ids, rows, overviews, &read_to)
            .await
    }

    async fn assemble(
        &self,
        viewer: UserId,
        order: Vec<ChatId>,
        rows: Vec<Membership>,
        overviews: Vec<Overview>,
        read_to: &HashMap<ChatId, u64>,
    ) -> Answer<Vec<ChatView>> {
        let mut rows: HashMap<ChatId, Membership> = rows
            .into_iter()
            .filter(|row| row.member.is_active())
            .map(|row| (row.chat.id, row))
            .collect();
        let mut overviews: HashMap<ChatId, Overview> = overviews
            .into_iter()
            .map(|overview| (overview.chat_id, overview))
            .collect();
        let last = overviews
            .values_mut()
            .filter_map(|overview| overview.last_message.take())
            .filter_map(|message| as_seen_by(&rows.get(&message.chat_id)?.member, message))
            .collect();
        let mut last: HashMap<ChatId, MessageView> = self
            .message_views(viewer, last, &Standings::new())
            .await?
            .into_iter()
            .map(|view| (view.chat_id, view))
            .collect();
        let peers = rows.values().filter_map(|row| row.peer).collect();
        let mut faces = self.stores.faces(viewer, peers).await?;
        let described = &self.stores.described;
        let now = self.clock.now();
        Ok(order
            .into_iter()
            .filter_map(|chat_id| {
                let row = rows.remove(&chat_id)?;
                let overview = overviews.get(&chat_id);
                let picture = |id| described.picture(id);
                let last = last.remove(&chat_id);
                let mut view = view_of(&row, overview, last, now, picture);
                if view.kind == ChatKind::Direct {
                    view = view.of_peer(row.peer.and_then(|peer| faces.remove(&peer)));
                }
                if let Some(personal) = &mut view.personal {
                    personal.read_seq = read_to.get(&chat_id).copied().unwrap_or(0);
                }
                Some(view)
            })
            .collect())
    }

    /// How far the viewer has read in each of these chats.
    async fn read_marks(
        &self,
        viewer: UserId,
        chat_ids: &[ChatId],
    ) -> Answer<HashMap<ChatId, u64>> {
        let marks = self.stores.receipts.watermarks(chat_ids.to_vec()).await?;
        Ok(marks
            .into_iter()
            .filter(|(_, mark)| mark.user_id == viewer)
            .map(|(chat_id, mark)| (chat_id, mark.read_seq))
            .collect())
    }
}

fn view_of(
    row: &Membership,
    overview: Option<&Overview>,
    last_message: Option<MessageView>,
    now: Timestamp,
    picture: impl Fn(MediaId) -> String,
) -> ChatView {
    let heads = overview.map(|overview| overview.heads).unwrap_or_default();
    let shared = ChatView::shared(
        &row.chat,
        heads.seq,
        heads.rev,
        row.participant_count,
        picture,
    );
    let active_at = last_message.as_ref().map(|last| last.created_at);
    ChatView {
        updated_at: active_at.map_or(shared.updated_at, |at| at.max(shared.updated_at)),
        personal: Some(PersonalChatView {
            last_message,
            unread_count: overview.map_or(0, |overview| overview.unread_count.min(MOST_UNREAD)),
            ..PersonalChatView::fresh(&row.member, row.peer, now)
        }),
        ..shared.with_details(&row.chat)
    }
}
