//! Who is in a chat and what he may do there, from the rows as they are now.

use super::group::Desk;
use super::requests::{CheckPermission, FindMember, GetRoster};
use crate::actors::request::Answer;
use crate::domain::chat::{Role, Roster};
use crate::domain::chat_rules;
use crate::error::Failure;

impl Desk {
    pub(super) async fn get_roster(&self, ask: GetRoster) -> Answer<Roster> {
        let found = self.stores.chats.find(ask.chat_id).await?;
        found.ok_or_else(Failure::not_found)
    }

    pub(super) async fn find_member(&self, ask: FindMember) -> Answer<Option<Role>> {
        let FindMember { chat_id, user } = ask;
        let row = self.stores.chats.find_membership(user, chat_id).await?;
        let member = row.map(|row| row.member);
        Ok(member.filter(|row| row.is_active()).map(|row| row.role))
    }

    pub(super) async fn check_permission(&self, ask: CheckPermission) -> Answer<()> {
        let CheckPermission { chat_id, user } = ask;
        let roster = self.get_roster(GetRoster { chat_id }).await?;
        chat_rules::may_send(&roster, user)
    }
}
