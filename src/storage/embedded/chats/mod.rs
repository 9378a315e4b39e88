//! Chats, groups and participants, on SQLite.

pub mod effects;
mod insert;
mod personal;
mod read;
mod row;

use async_trait::async_trait;

use super::database::Database;
use crate::clock::Timestamp;
use crate::domain::chat::Roster;
use crate::id::{ChatId, UserId};
use crate::storage::StoreResult;
use crate::storage::chats::{
    ChatStore, ExistingChat, InsertedChat, Membership, NewChat, PersonalSetting,
};

/// The embedded [`ChatStore`].
#[derive(Clone)]
pub struct SqliteChats {
    database: Database,
}

impl SqliteChats {
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl ChatStore for SqliteChats {
    async fn insert(&self, new: NewChat) -> StoreResult<InsertedChat> {
        self.database
            .write(move |connection| insert::insert(connection, &new))
            .await
    }

    async fn find_existing(&self, existing: ExistingChat) -> StoreResult<Option<ChatId>> {
        self.database
            .read(move |connection| insert::existing(connection, &existing))
            .await
    }

    async fn find(&self, chat_id: ChatId) -> StoreResult<Option<Roster>> {
        self.database
            .read(move |connection| read::roster(connection, chat_id))
            .await
    }

    async fn find_all(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<Roster>> {
        self.database
            .read(move |connection| {
                chat_ids
                    .into_iter()
                    .filter_map(|chat_id| read::roster(connection, chat_id).transpose())
                    .collect()
            })
            .await
    }

    async fn find_membership(
        &self,
        user_id: UserId,
        chat_id: ChatId,
    ) -> StoreResult<Option<Membership>> {
        self.database
            .read(move |connection| read::membership(connection, user_id, chat_id))
            .await
    }

    async fn find_memberships(
        &self,
        user_id: UserId,
        chat_ids: Vec<ChatId>,
    ) -> StoreResult<Vec<Membership>> {
        self.database
            .read(move |connection| {
                chat_ids
                    .into_iter()
                    .filter_map(|chat_id| {
                        read::membership(connection, user_id, chat_id).transpose()
                    })
                    .collect()
            })
            .await
    }

    async fn list(
        &self,
        user_id: UserId,
        after: Option<(Timestamp, ChatId)>,
        limit: usize,
    ) -> StoreResult<Vec<Membership>> {
        self.database
            .read(move |connection| read::active(connection, user_id, after, limit))
            .await
    }

    async fn list_all(&self, user_id: UserId) -> StoreResult<Vec<Membership>> {
        self.database
            .read(move |connection| read::all(connection, user_id))
            .await
    }

    async fn list_ids(&self, user_id: UserId) -> StoreResult<Vec<ChatId>> {
        self.database
            .read(move |connection| read::ids(connection, user_id))
            .await
    }

    async fn list_everywhere(
        &self,
        after: Option<ChatId>,
        limit: usize,
    ) -> StoreResult<Vec<ChatId>> {
        self.database
            .read(move |connection| read::everywhere(connection, after, limit))
            .await
    }

    async fn list_members(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Vec<UserId>)>> {
        self.database
            .read(move |connection| read::members(connection, &chat_ids))
            .await
    }

    async fn list_peers(&self, user_id: UserId) -> StoreResult<Vec<UserId>> {
        self.database
            .read(move |connection| read::peers(connection, user_id))
            .await
    }

    async fn update_personal(
        &self,
        user_id: UserId,
        chat_id: ChatId,
        setting: PersonalSetting,
        at: Timestamp,
    ) -> StoreResult<Option<u64>> {
        self.database
            .write(move |connection| personal::update(connection, (user_id, chat_id), setting, at))
            .await
    }

    async fn update_activity(&self, chats: Vec<(ChatId, Timestamp)>) -> StoreResult<()> {
        self.database
            .write(move |connection| {
                let mut update = connection.prepare_cached(
                    "UPDATE chats SET updated_at = ?2 WHERE id = ?1 AND updated_at < ?2",
                )?;
                for (chat_id, at) in &chats {
                    update.execute((chat_id.as_bytes(), at.0))?;
                }
                Ok(())
            })
            .await
    }
}
