//! A chat store that answers a caller's own row once as it was before: what a reader meets when a
//! membership changes while he reads.

use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use troupe::clock::Timestamp;
use troupe::domain::chat::Roster;
use troupe::id::{ChatId, UserId};
use troupe::storage::StoreResult;
use troupe::storage::chats::{
    ChatStore, ExistingChat, InsertedChat, Membership, NewChat, PersonalSetting,
};

#[derive(Default)]
pub struct StaleChats {
    inner: OnceLock<Arc<dyn ChatStore>>,
    before: Mutex<Option<Membership>>,
}

impl StaleChats {
    pub fn wrap(&self, inner: Arc<dyn ChatStore>) {
        assert!(self.inner.set(inner).is_ok(), "wrapped once");
    }

    /// The next question for a row, however it is asked, is answered with this one.
    pub fn answer_once(&self, row: Membership) {
        *self.before.lock().expect("not poisoned") = Some(row);
    }

    fn inner(&self) -> &Arc<dyn ChatStore> {
        self.inner.get().expect("wrapped")
    }

    fn before(&self) -> Option<Membership> {
        self.before.lock().expect("not poisoned").take()
    }
}

#[async_trait]
impl ChatStore for StaleChats {
    async fn insert(&self, new: NewChat) -> StoreResult<InsertedChat> {
        self.inner().insert(new).await
    }

    async fn find_existing(&self, existing: ExistingChat) -> StoreResult<Option<ChatId>> {
        self.inner().find_existing(existing).await
    }

    async fn find(&self, chat_id: ChatId) -> StoreResult<Option<Roster>> {
        self.inner().find(chat_id).await
    }

    async fn find_membership(
        &self,
        user_id: UserId,
        chat_id: ChatId,
    ) -> StoreResult<Option<Membership>> {
        match self.before() {
            Some(row) => Ok(Some(row)),
            None => self.inner().find_membership(user_id, chat_id).await,
        }
    }

    async fn find_memberships(
        &self,
        user_id: UserId,
        chat_ids: Vec<ChatId>,
    ) -> StoreResult<Vec<Membership>> {
        match self.before() {
            Some(row) => Ok(vec![row]),
            None => self.inner().find_memberships(user_id, chat_ids).await,
        }
    }

    async fn list_everywhere(
        &self,
        after: Option<ChatId>,
        limit: usize,
    ) -> StoreResult<Vec<ChatId>> {
        self.inner().list_everywhere(after, limit).await
    }

    async fn list(
        &self,
        user_id: UserId,
        after: Option<(Timestamp, ChatId)>,
        limit: usize,
    ) -> StoreResult<Vec<Membership>> {
        self.inner().list(user_id, after, limit).await
    }

    async fn list_all(&self, user_id: UserId) -> StoreResult<Vec<Membership>> {
        match self.before() {
            Some(row) => Ok(vec![row]),
            None => self.inner().list_all(user_id).await,
        }
    }

    async fn list_ids(&self, user_id: UserId) -> StoreResult<Vec<ChatId>> {
        match self.before() {
            Some(row) => {
                // Both questions of a chat list are asked before the removal.
                self.answer_once(row.clone());
                Ok(vec![row.chat.id])
            }
            None => self.inner().list_ids(user_id).await,
        }
    }

    async fn list_members(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Vec<UserId>)>> {
        self.inner().list_members(chat_ids).await
    }

    async fn list_peers(&self, user_id: UserId) -> StoreResult<Vec<UserId>> {
        self.inner().list_peers(user_id).await
    }

    async fn update_personal(
        &self,
        user_id: UserId,
        chat_id: ChatId,
        setting: PersonalSetting,
        at: Timestamp,
    ) -> StoreResult<Option<u64>> {
        let inner = self.inner();
        inner.update_personal(user_id, chat_id, setting, at).await
    }

    async fn update_activity(&self, chats: Vec<(ChatId, Timestamp)>) -> StoreResult<()> {
        self.inner().update_activity(chats).await
    }
}
