//! What one member changes for himself: mute, pin, a star, hiding a message.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::group::Desk;
use super::requests::{HideMessage, SetPersonal, StarMessage};
use crate::actors::request::Answer;
use crate::domain::chat::Member;
use crate::domain::message::Message;
use crate::domain::message::sight::as_seen_by;
use crate::error::Failure;
use crate::id::{ChatId, MessageId, UserId};
use crate::wire::chat::PersonalChatView;
use crate::wire::me::{ChatSettingsView, MeChanges};

impl Desk {
    pub(super) async fn set_personal(&self, ask: SetPersonal) -> Answer<()> {
        self.active_row(ask.user, ask.chat_id).await?;
        let now = self.clock.now();
        let changed = self
            .stores
            .chats
            .update_personal(ask.user, ask.chat_id, ask.setting, now)
            .await?;
        let Some(rev) = changed else { return Ok(()) };
        let row = self.active_row(ask.user, ask.chat_id).await?;
        let view = PersonalChatView::fresh(&row, None, now);
        let settings = ChatSettingsView {
            is_muted: view.is_muted,
            mute_until: view.mute_until,
            is_pinned: view.is_pinned,
        };
        let changes = MeChanges {
            chats: Some(BTreeMap::from([(ask.chat_id.to_string(), settings)])),
            ..MeChanges::default()
        };
        self.tell_me(ask.user, rev, &changes);
        Ok(())
    }

    /// Hides a message that the user may see, also in a chat he has left; else 404.
    pub(super) async fn hide_message(&self, ask: HideMessage) -> Answer<()> {
        let found = self.stores.messages.find(vec![ask.message_id]).await?;
        let message = found.into_iter().next().ok_or_else(Failure::not_found)?;
        let row = self.row(ask.user, message.chat_id).await?;
        let message = as_seen_by(&row, message).ok_or_else(Failure::not_found)?;
        let now = self.clock.now();
        let hidden = self.stores.messages.hide(ask.user, &message, now).await?;
        let Some(rev) = hidden else { return Ok(()) };
        let chat_id = raw(&message.chat_id)?;
        let changes = MeChanges {
            hidden: Some(BTreeMap::from([(message.id.to_string(), chat_id)])),
            ..MeChanges::default()
        };
        self.tell_me(ask.user, rev, &changes);
        Ok(())
    }

    /// Stars a message that is there for the user, in a chat he is in; a star is taken back from
    /// whatever he may still see. Else 404.
    pub(super) async fn star_message(&self, ask: StarMessage) -> Answer<()> {
        let (message, row) = self.seen(ask.user, ask.message_id).await?;
        let now = self.clock.now();
        if ask.starred {
            if !row.is_active() {
                return Err(Failure::not_found());
            }
            if message.is_gone(now) {
                return Err(Failure::forbidden("a deleted message cannot be starred"));
            }
        }
        let messages = &self.stores.messages;
        let changed = messages.star(ask.user, &message, ask.starred, now).await?;
        let Some(rev) = changed else { return Ok(()) };
        let changes = MeChanges {
            stars: Some(BTreeMap::from([(
                message.id.to_string(),
                raw(&ask.starred)?,
            )])),
            ..MeChanges::default()
        };
        self.tell_me(ask.user, rev, &changes);
        Ok(())
    }

    /// A message as the user sees it, and his row: 404 for what he may not see or has hidden.
    pub(super) async fn seen(
        &self,
        user: UserId,
        message_id: MessageId,
    ) -> Answer<(Message, Member)> {
        let found = self.stores.messages.find(vec![message_id]).await?;
        let message = found.into_iter().next().ok_or_else(Failure::not_found)?;
        let hidden = self.stores.messages.hidden(user, vec![message_id]).await?;
        let row = self.row(user, message.chat_id).await?;
        let message = as_seen_by(&row, message).filter(|_| hidden.is_empty());
        Ok((message.ok_or_else(Failure::not_found)?, row))
    }

    async fn active_row(&self, user: UserId, chat_id: ChatId) -> Answer<Member> {
        let row = self.row(user, chat_id).await?;
        if !row.is_active() {
            return Err(Failure::not_found());
        }
        Ok(row)
    }

    async fn row(&self, user: UserId, chat_id: ChatId) -> Answer<Member> {
        let found = self.stores.chats.find_membership(user, chat_id).await?;
        found.map(|row| row.member).ok_or_else(Failure::not_found)
    }
}

fn raw(value: &impl Serialize) -> Answer<Box<RawValue>> {
    to_raw_value(value).map_err(|error| {
        tracing::error!(cause = %error, "a change of mine could not be encoded");
        Failure::internal()
    })
}
