//! Who may have a medium.

use std::collections::HashMap;

use super::actor::Media;
use crate::actors::request::Answer;
use crate::domain::chat::Member;
use crate::domain::media::Medium;
use crate::domain::message::sight::as_seen_by;
use crate::domain::privacy::visible;
use crate::id::{ChatId, UserId};

/// Messages with a medium that are looked at, of a viewer's own chats.
const LOOKED_AT: usize = 500;

impl Media {
    /// Its owner; who sees a message with it, within his membership; who sees the face of a person or a
    /// group that it is.
    pub(super) async fn may_see(&self, viewer: UserId, medium: &Medium) -> Answer<bool> {
        if medium.owner_id == viewer {
            return Ok(true);
        }
        let rows = self.stores.chats.list_all(viewer).await?;
        let is_face = rows
            .iter()
            .any(|row| row.member.is_active() && row.chat.avatar_media_id == Some(medium.id));
        if is_face {
            return Ok(true);
        }
        let members: HashMap<ChatId, Member> = rows
            .into_iter()
            .map(|row| (row.chat.id, row.member))
            .collect();
        let chats = members.keys().copied().collect();
        let messages = &self.stores.messages;
        let found = messages.find_by_media(medium.id, chats, LOOKED_AT).await?;
        let now = self.clock.now();
        let is_shown = found.into_iter().any(|message| {
            let member = members.get(&message.chat_id);
            let seen = member.and_then(|member| as_seen_by(member, message));
            seen.is_some_and(|message| !message.is_gone(now))
        });
        if is_shown {
            return Ok(true);
        }
        self.is_owners_face(viewer, medium).await
    }

    /// Through the owner's privacy.
    async fn is_owners_face(&self, viewer: UserId, medium: &Medium) -> Answer<bool> {
        let owner = self.stores.users.find(medium.owner_id).await?;
        if owner.is_none_or(|owner| owner.avatar_media_id != Some(medium.id)) {
            return Ok(false);
        }
        let contacts = &self.stores.contacts;
        let relations = contacts.relations(viewer, vec![medium.owner_id]).await?;
        Ok(relations
            .first()
            .is_some_and(|relation| visible(viewer, relation).avatar))
    }
}
