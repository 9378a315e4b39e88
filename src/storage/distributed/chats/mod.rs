//! Chats, groups and participants, on PostgreSQL; entry 1 of each chat's log is in MongoDB.
//!
//! A chat's `applied_rev` is 0 until that entry is known to be there. Who meets such a chat writes
//! it: a process may have died between the two databases.

pub mod effects;
mod insert;
mod keys;
mod personal;
mod read;
mod row;

use async_trait::async_trait;
use uuid::Uuid;

use super::messages;
use super::mongo::Mongo;
use super::postgres::{Postgres, failed, stored, uncertain};
use crate::clock::Timestamp;
use crate::domain::chat::Roster;
use crate::id::{ChatId, UserId};
use crate::storage::chats::{
    ChatStore, ExistingChat, InsertedChat, Membership, NewChat, PersonalSetting,
};
use crate::storage::{StoreError, StoreErrorKind, StoreResult};

/// Each chat's row is locked in the order of the ids, so that two such calls never wait for each
/// other.
const UPDATE_ACTIVITY: &str = "WITH new AS (
         SELECT id, max(at) AS at FROM unnest($1::uuid[], $2::timestamptz[]) AS n (id, at)
         GROUP BY id
     ), locked AS (
         SELECT c.id, new.at FROM chats c JOIN new ON new.id = c.id
         WHERE c.updated_at < new.at ORDER BY c.id FOR NO KEY UPDATE OF c
     )
     UPDATE chats SET updated_at = greatest(chats.updated_at, locked.at)
     FROM locked WHERE chats.id = locked.id";

/// Who made a chat and when: all there is to say in the first entry.
#[derive(Clone, Copy, Debug)]
struct Beginning {
    chat_id: ChatId,
    created_by: UserId,
    at: Timestamp,
}

/// The distributed [`ChatStore`].
#[derive(Clone)]
pub struct PostgresChats {
    postgres: Postgres,
    mongo: Mongo,
}

impl PostgresChats {
    pub fn new(postgres: Postgres, mongo: Mongo) -> Self {
        Self { postgres, mongo }
    }

    /// Writes entry 1 of these chats where it is missing, and remembers that it is there.
    async fn begin(&self, missing: Vec<Beginning>) -> StoreResult<()> {
        if missing.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = missing.iter().map(|one| one.chat_id.0).collect();
        for one in missing {
            messages::created(&self.mongo, one.chat_id, one.created_by, one.at).await?;
        }
        if let Err(error) = self.mark_begun(&ids).await {
            // The entry is what counts; who meets the chat next finds it and marks it again.
            tracing::debug!(store = error.store, cause = %error.message, "chat not marked as begun");
        }
        Ok(())
    }

    async fn mark_begun(&self, ids: &[Uuid]) -> StoreResult<()> {
        let client = self.postgres.client().await?;
        let mark = client
            .prepare_cached(
                "UPDATE chats SET applied_rev = 1 WHERE id = ANY($1) AND applied_rev = 0",
            )
            .await
            .map_err(failed)?;
        client
            .execute(&mark, &[&ids])
            .await
            .map(|_| ())
            .map_err(uncertain)
    }

    async fn rosters(&self, chat_ids: &[ChatId]) -> StoreResult<Vec<Roster>> {
        let found = read::rosters(&self.postgres, chat_ids).await?;
        // To a reader, a log whose beginning could not be written is not available.
        self.begin(found.missing)
            .await
            .map_err(|error| of_kind(StoreErrorKind::Unavailable, error))?;
        Ok(found.rosters)
    }
}

/// An error that means something else to the caller; a bug stays one.
fn of_kind(kind: StoreErrorKind, error: StoreError) -> StoreError {
    match error.kind {
        StoreErrorKind::Internal => error,
        _ => StoreError { kind, ..error },
    }
}

#[async_trait]
impl ChatStore for PostgresChats {
    async fn insert(&self, new: NewChat) -> StoreResult<InsertedChat> {
        let made = insert::insert(&self.postgres, &new).await?;
        // The rows are there whatever MongoDB says.
        self.begin(made.missing.into_iter().collect())
            .await
            .map_err(|error| of_kind(StoreErrorKind::OutcomeUnknown, error))?;
        Ok(InsertedChat {
            chat_id: made.chat_id,
            created: made.created,
        })
    }

    async fn find_existing(&self, existing: ExistingChat) -> StoreResult<Option<ChatId>> {
        insert::existing(&self.postgres, &existing).await
    }

    async fn find(&self, chat_id: ChatId) -> StoreResult<Option<Roster>> {
        Ok(self.rosters(&[chat_id]).await?.pop())
    }

    async fn find_all(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<Roster>> {
        self.rosters(&chat_ids).await
    }

    async fn find_membership(
        &self,
        user_id: UserId,
        chat_id: ChatId,
    ) -> StoreResult<Option<Membership>> {
        let mut found = read::memberships(&self.postgres, user_id, &[chat_id]).await?;
        Ok(found.pop())
    }

    async fn find_memberships(
        &self,
        user_id: UserId,
        chat_ids: Vec<ChatId>,
    ) -> StoreResult<Vec<Membership>> {
        read::memberships(&self.postgres, user_id, &chat_ids).await
    }

    async fn list(
        &self,
        user_id: UserId,
        after: Option<(Timestamp, ChatId)>,
        limit: usize,
    ) -> StoreResult<Vec<Membership>> {
        read::active(&self.postgres, user_id, after, limit).await
    }

    async fn list_all(&self, user_id: UserId) -> StoreResult<Vec<Membership>> {
        read::all(&self.postgres, user_id).await
    }

    async fn list_ids(&self, user_id: UserId) -> StoreResult<Vec<ChatId>> {
        read::ids(&self.postgres, user_id).await
    }

    async fn list_everywhere(
        &self,
        after: Option<ChatId>,
        limit: usize,
    ) -> StoreResult<Vec<ChatId>> {
        read::everywhere(&self.postgres, after, limit).await
    }

    async fn list_members(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Vec<UserId>)>> {
        read::members(&self.postgres, chat_ids).await
    }

    async fn list_peers(&self, user_id: UserId) -> StoreResult<Vec<UserId>> {
        read::peers(&self.postgres, user_id).await
    }

    async fn update_personal(
        &self,
        user_id: UserId,
        chat_id: ChatId,
        setting: PersonalSetting,
        at: Timestamp,
    ) -> StoreResult<Option<u64>> {
        personal::update(&self.postgres, (user_id, chat_id), setting, at).await
    }

    async fn update_activity(&self, chats: Vec<(ChatId, Timestamp)>) -> StoreResult<()> {
        let ids: Vec<Uuid> = chats.iter().map(|(id, _)| id.0).collect();
        let times: Vec<_> = chats.iter().map(|(_, at)| stored(*at)).collect();
        let client = self.postgres.client().await?;
        let update = client
            .prepare_cached(UPDATE_ACTIVITY)
            .await
            .map_err(failed)?;
        client
            .execute(&update, &[&ids, &times])
            .await
            .map(|_| ())
            .map_err(uncertain)
    }
}
