//! Privacy settings.

use futures_util::StreamExt;
use futures_util::stream;

use super::actor::Users;
use super::requests::{GetPrivacy, UpdatePrivacy};
use crate::actors::announcer::HeardBy;
use crate::actors::chat::requests::ChatCommand;
use crate::actors::request::Answer;
use crate::domain::user::Privacy;
use crate::id::UserId;
use crate::wire::me::MeChanges;

/// Chats that are told at once that read receipts went on or off, most recently active first; the
/// others look by themselves within 30 s.
const CHATS_TOLD: usize = 200;
const TOLD_AT_ONCE: usize = 16;

impl Users {
    pub(super) async fn get_privacy(&self, request: GetPrivacy) -> Answer<Privacy> {
        Ok(self.stores.privacy.find(request.user).await?)
    }

    pub(super) async fn update_privacy(&self, request: UpdatePrivacy) -> Answer<Privacy> {
        let UpdatePrivacy { user, patch } = request;
        let updated = self.stores.privacy.update(user, patch).await?;
        if let Some(rev) = updated.rev {
            if patch.last_seen.is_some() {
                self.fanout.sight_changed(user, HeardBy::All);
            }
            if patch.read_receipts.is_some() {
                self.refresh_chats(user).await?;
            }
            let changes = MeChanges {
                privacy: Some(updated.privacy),
                ..MeChanges::default()
            };
            self.tell_me(user, rev, &changes);
        }
        Ok(updated.privacy)
    }

    async fn refresh_chats(&self, user: UserId) -> Answer<()> {
        let chats = self.stores.chats.list(user, None, CHATS_TOLD).await?;
        stream::iter(chats)
            .map(|chat| self.chats.ask(chat.chat.id, ChatCommand::Refresh))
            .buffer_unordered(TOLD_AT_ONCE)
            .for_each(|told| async move {
                if let Err(failure) = told {
                    tracing::debug!(cause = %failure, "a chat was not told of a privacy change");
                }
            })
            .await;
        Ok(())
    }
}
