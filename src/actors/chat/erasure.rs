//! An account that is gone leaves a chat, and takes with it what it said there.

use serde_json::json;

use super::announce::Outgoing;
use super::change::{Decide, Decision, run};
use super::requests::EraseMember;
use super::scope::ChatScope;
use crate::actors::request::ReplyTo;
use crate::domain::chat::ChatKind;
use crate::domain::chat_rules;
use crate::error::Failure;
use crate::id::UserId;
use crate::storage::messages::{Change, ChatEffect};
use crate::wire::frame::Event;

impl EraseMember {
    /// First he is out, so that nothing of his comes after the entry that strips all of it.
    pub async fn carry_out(self, scope: &mut ChatScope, reply: ReplyTo<()>) -> bool {
        let (left, lost) = run(scope, &Leaves(self.user)).await;
        if lost || left.is_err() {
            reply.answer(left.map(|_| ()));
            return lost;
        }
        let (erased, lost) = run(scope, &IsErased(self.user)).await;
        reply.answer(erased.map(|_| ()));
        lost
    }
}

struct Leaves(UserId);

impl Decide for Leaves {
    async fn decide(&self, scope: &ChatScope) -> Result<Decision, Failure> {
        let user = self.0;
        if scope.roster().active(user).is_err() {
            return Ok(Decision::Already);
        }
        let is_group = scope.roster().chat.kind == ChatKind::Group;
        let new_admin = chat_rules::successor(scope.roster(), user).filter(|_| is_group);
        let mut event = json!({ "event": "member_left", "actorId": user, "userIds": [user] });
        if let (Some(admin), Some(fields)) = (new_admin, event.as_object_mut()) {
            fields.insert("newAdminId".to_owned(), json!(admin));
        }
        let effect = ChatEffect::MembersGone {
            user_ids: vec![user],
            new_admin,
        };
        scope.system_message(user, &event, effect)
    }
}

struct IsErased(UserId);

impl Decide for IsErased {
    async fn decide(&self, scope: &ChatScope) -> Result<Decision, Failure> {
        let messages = &scope.services.stores.messages;
        if !messages.speaks(scope.chat_id, self.0).await? {
            return Ok(Decision::Already);
        }
        let sender = self.0;
        Ok(Decision::Write(Box::new(Change::SenderErased { sender })))
    }
}

impl ChatScope {
    /// To everyone: whoever joined later has nothing of his to strip.
    pub fn announce_erasure(&self, user_id: UserId) -> Outgoing {
        let (chat_id, rev) = (self.chat_id, self.heads.rev);
        let event = Event::SenderErased {
            chat_id,
            rev,
            user_id,
        };
        self.to_all(event.frame())
    }
}
