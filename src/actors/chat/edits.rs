//! Editing a message and deleting it for everyone.

use super::announce::Outgoing;
use super::change::{Decide, Decision};
use super::requests::{DeleteMessage, EditMessage};
use super::scope::ChatScope;
use crate::domain::chat_rules;
use crate::domain::message::{Message, draft, windows};
use crate::error::Failure;
use crate::id::{MessageId, UserId};
use crate::storage::messages::Change;
use crate::wire::frame::Event;
use crate::wire::media::named_in;

impl Decide for EditMessage {
    async fn decide(&self, scope: &ChatScope) -> Result<Decision, Failure> {
        let message = visible(scope, self.actor, self.message_id).await?;
        scope.roster().active(self.actor)?;
        // What he hid for himself is not there for him; deleting it for everyone is another matter.
        let messages = &scope.services.stores.messages;
        let hidden = messages.hidden(self.actor, vec![self.message_id]).await?;
        if !hidden.is_empty() {
            return Err(Failure::not_found());
        }
        let now = scope.services.clock.now();
        let payload = draft::edited(&self.content)?;
        // Done again it answers as the first time, however late.
        let is_there = message.sender_id == self.actor && !message.is_gone(now);
        if is_there && payload.get() == message.payload.get() {
            return Ok(Decision::Already);
        }
        chat_rules::may_touch(scope.roster(), self.actor)?;
        windows::may_edit(&message, self.actor, now)?;
        Ok(Decision::Write(Box::new(Change::Edited {
            actor: self.actor,
            message_id: self.message_id,
            payload,
        })))
    }
}

impl Decide for DeleteMessage {
    async fn decide(&self, scope: &ChatScope) -> Result<Decision, Failure> {
        let message = visible(scope, self.actor, self.message_id).await?;
        let is_admin = chat_rules::may_manage(scope.roster(), self.actor).is_ok();
        windows::may_delete_for_everyone(
            &message,
            self.actor,
            is_admin,
            scope.services.clock.now(),
        )?;
        if message.is_gone(scope.services.clock.now()) {
            return Ok(Decision::Already);
        }
        let change = Box::new(Change::Deleted {
            actor: self.actor,
            message_id: self.message_id,
        });
        let medium = named_in(&message.payload).filter(|_| message.kind.carries_media());
        Ok(match medium {
            Some(medium) => Decision::WriteReleasing(change, medium),
            None => Decision::Write(change),
        })
    }
}

/// A message as it is stored now.
async fn read_back(scope: &ChatScope, message_id: MessageId) -> Result<Message, Failure> {
    let messages = &scope.services.stores.messages;
    let found = messages.find(vec![message_id]).await?.pop();
    found.ok_or_else(Failure::not_found)
}

/// The message, if this member may see it; else there is nothing.
pub(super) async fn visible(
    scope: &ChatScope,
    user: UserId,
    message_id: MessageId,
) -> Result<Message, Failure> {
    let message = read_back(scope, message_id).await?;
    let member = scope.roster().active(user)?;
    if message.chat_id == scope.chat_id && member.sees(message.seq) {
        return Ok(message);
    }
    Err(Failure::not_found())
}

impl ChatScope {
    /// `message.updated` or `message.deleted`, with the message as it is now.
    pub async fn announce_change(&self, message: &Message, deleted: bool) -> Outgoing {
        let view = self.view(message).await;
        let (chat_id, seq, rev) = (self.chat_id, message.seq, self.heads.rev);
        let event = if deleted {
            Event::MessageDeleted {
                chat_id,
                seq,
                rev,
                message: &view,
            }
        } else {
            Event::MessageUpdated {
                chat_id,
                seq,
                rev,
                message: &view,
            }
        };
        self.changed_message(event.frame(), seq, rev)
    }
}
