//! Who is in a group: adding, removing, leaving, roles.

use serde_json::json;

use super::additions::check_additions;
use super::change::{Decide, Decision};
use super::requests::{AddMembers, RemoveMember, SetRole};
use super::scope::ChatScope;
use crate::domain::chat_rules::{self, Removal};
use crate::error::Failure;
use crate::storage::messages::ChatEffect;

impl Decide for AddMembers {
    async fn decide(&self, scope: &ChatScope) -> Result<Decision, Failure> {
        chat_rules::may_manage(scope.roster(), self.actor)?;
        let user_ids = chat_rules::to_be_added(scope.roster(), &self.user_ids)?;
        if user_ids.is_empty() {
            return Ok(Decision::Already);
        }
        check_additions(&scope.services.stores, self.actor, &user_ids, "userIds").await?;
        let event = json!({
            "event": "member_added", "actorId": self.actor, "userIds": user_ids,
        });
        scope.system_message(self.actor, &event, ChatEffect::MembersAdded { user_ids })
    }
}

impl Decide for RemoveMember {
    async fn decide(&self, scope: &ChatScope) -> Result<Decision, Failure> {
        let new_admin = match chat_rules::removal(scope.roster(), self.actor, self.user)? {
            Removal::AlreadyGone => return Ok(Decision::Already),
            Removal::Goes { new_admin } => new_admin,
        };
        let name = if self.actor == self.user {
            "member_left"
        } else {
            "member_removed"
        };
        let mut event = json!({
            "event": name, "actorId": self.actor, "userIds": [self.user],
        });
        if let (Some(admin), Some(fields)) = (new_admin, event.as_object_mut()) {
            fields.insert("newAdminId".to_owned(), json!(admin));
        }
        let effect = ChatEffect::MembersGone {
            user_ids: vec![self.user],
            new_admin,
        };
        scope.system_message(self.actor, &event, effect)
    }
}

impl Decide for SetRole {
    async fn decide(&self, scope: &ChatScope) -> Result<Decision, Failure> {
        if !chat_rules::role_change(scope.roster(), self.actor, self.user, self.role)? {
            return Ok(Decision::Already);
        }
        let event = json!({
            "event": "role_changed", "actorId": self.actor, "userIds": [self.user],
            "role": self.role,
        });
        let effect = ChatEffect::RoleChanged {
            user_id: self.user,
            role: self.role,
        };
        scope.system_message(self.actor, &event, effect)
    }
}
