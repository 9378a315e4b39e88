//! A chat's own settings: name, description, avatar, admin-only, the disappearing timer.

use serde_json::{Map, Value, json};

use super::change::{Decide, Decision};
use super::requests::{SetTimer, UpdateChat};
use super::scope::ChatScope;
use crate::domain::chat::{Chat, ChatKind};
use crate::domain::chat_rules;
use crate::error::Failure;
use crate::storage::messages::{ChatEffect, ChatPatch};

impl Decide for UpdateChat {
    async fn decide(&self, scope: &ChatScope) -> Result<Decision, Failure> {
        chat_rules::may_manage(scope.roster(), self.actor)?;
        let patch = changed(&scope.roster().chat, &self.patch);
        if patch == ChatPatch::default() {
            return Ok(Decision::Already);
        }
        if let Some(Some(id)) = patch.avatar_media_id {
            scope.services.media.claim_picture(self.actor, id).await?;
        }
        let mut event = Map::new();
        event.insert("event".to_owned(), json!("chat_changed"));
        event.insert("actorId".to_owned(), json!(self.actor));
        describe(&patch, &mut event);
        let event = Value::Object(event);
        scope.system_message(self.actor, &event, ChatEffect::ChatChanged(patch))
    }
}

/// What of a patch really changes something.
fn changed(chat: &Chat, patch: &ChatPatch) -> ChatPatch {
    ChatPatch {
        name: patch
            .name
            .clone()
            .filter(|name| chat.name.as_ref() != Some(name)),
        description: patch
            .description
            .clone()
            .filter(|new| *new != chat.description),
        avatar_media_id: patch
            .avatar_media_id
            .filter(|new| *new != chat.avatar_media_id),
        admin_only: patch.admin_only.filter(|new| *new != chat.admin_only),
    }
}

fn describe(patch: &ChatPatch, event: &mut Map<String, Value>) {
    if let Some(name) = &patch.name {
        event.insert("name".to_owned(), json!(name));
    }
    if let Some(description) = &patch.description {
        event.insert("description".to_owned(), json!(description));
    }
    if let Some(avatar) = &patch.avatar_media_id {
        event.insert("avatarMediaId".to_owned(), json!(avatar));
    }
    if let Some(admin_only) = patch.admin_only {
        event.insert("adminOnly".to_owned(), json!(admin_only));
    }
}

impl Decide for SetTimer {
    async fn decide(&self, scope: &ChatScope) -> Result<Decision, Failure> {
        let roster = scope.roster();
        let is_set = roster.chat.auto_delete_timer == self.seconds;
        // Set again it answers as the first time, even where it could be set no more.
        if is_set && roster.chat.kind == ChatKind::Direct && roster.active(self.actor).is_ok() {
            return Ok(Decision::Already);
        }
        chat_rules::may_set_timer(roster, self.actor)?;
        if is_set {
            return Ok(Decision::Already);
        }
        let event = json!({
            "event": "timer_changed", "actorId": self.actor, "seconds": self.seconds,
        });
        let effect = ChatEffect::TimerChanged {
            seconds: self.seconds,
        };
        scope.system_message(self.actor, &event, effect)
    }
}
