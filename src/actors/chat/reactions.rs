//! Reacting to a message.

use super::change::{Decide, Decision};
use super::edits::visible;
use super::requests::ReactToMessage;
use super::scope::ChatScope;
use crate::domain::chat_rules;
use crate::domain::message::{REACTIONS, windows};
use crate::error::Failure;
use crate::storage::messages::Change;

impl Decide for ReactToMessage {
    async fn decide(&self, scope: &ChatScope) -> Result<Decision, Failure> {
        let message = visible(scope, self.actor, self.message_id).await?;
        let messages = &scope.services.stores.messages;
        let hidden = messages.hidden(self.actor, vec![self.message_id]).await?;
        if !hidden.is_empty() {
            return Err(Failure::not_found());
        }
        let now = scope.services.clock.now();
        let reactions = &message.reactions;
        let said = reactions.get(&self.actor).filter(|_| !message.is_gone(now));
        if self.emoji.as_ref() == said {
            return Ok(Decision::Already);
        }
        chat_rules::may_touch(scope.roster(), self.actor)?;
        windows::may_react(&message, now)?;
        if said.is_none() && reactions.len() >= REACTIONS {
            return Err(Failure::conflict(
                "this message has as many reactions as one can have",
            ));
        }
        Ok(Decision::Write(Box::new(Change::Reacted {
            actor: self.actor,
            message_id: self.message_id,
            emoji: self.emoji.clone(),
        })))
    }
}
