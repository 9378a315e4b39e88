//! What an entry of the log does to its chat's rows.

use deadpool_postgres::Transaction;
use tokio_postgres::Error;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::row::role_name;
use crate::clock::Timestamp;
use crate::domain::chat::Role;
use crate::id::{ChatId, UserId};
use crate::storage::distributed::postgres::{signed, stored};
use crate::storage::distributed::user_log;
use crate::storage::messages::{ChatEffect, ChatPatch};
use crate::storage::user_log::Topic;

/// The chat and the numbers of the system message that tells of the change.
struct Place<'a> {
    transaction: &'a Transaction<'a>,
    chat_id: Uuid,
    rev: i64,
    seq: i64,
}

/// Changes the rows of a chat and the logs of who came or went, unless this entry or a later one
/// did so already: applying it again changes nothing. Entries are to be applied in their order.
///
/// The chat's row is locked first, so of two that apply the same entry the second finds it done.
pub async fn apply(
    transaction: &Transaction<'_>,
    chat_id: ChatId,
    rev: u64,
    seq: u64,
    at: Timestamp,
    effect: &ChatEffect,
) -> Result<(), Error> {
    let place = Place {
        transaction,
        chat_id: chat_id.0,
        rev: signed(rev),
        seq: signed(seq),
    };
    if !place.advance(at).await? {
        return Ok(());
    }
    match effect {
        ChatEffect::MembersAdded { user_ids } => {
            place.add(user_ids, at).await?;
            log_membership(transaction, user_ids, chat_id).await
        }
        ChatEffect::MembersGone {
            user_ids,
            new_admin,
        } => {
            place.remove(user_ids).await?;
            if let Some(user_id) = new_admin {
                place.set_role(*user_id, Role::Admin).await?;
            }
            log_membership(transaction, user_ids, chat_id).await
        }
        ChatEffect::RoleChanged { user_id, role } => place.set_role(*user_id, *role).await,
        ChatEffect::ChatChanged(patch) => place.change(patch).await,
        ChatEffect::TimerChanged { seconds } => place.set_timer(*seconds).await,
    }
}

impl Place<'_> {
    /// One round trip: nothing is prepared for what happens so rarely.
    async fn execute(
        &self,
        statement: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<u64, Error> {
        self.transaction.execute_typed(statement, parameters).await
    }

    /// Whether the entry was still to be applied.
    async fn advance(&self, at: Timestamp) -> Result<bool, Error> {
        let advanced = self
            .execute(
                "UPDATE chats SET applied_rev = $2, updated_at = greatest(updated_at, $3)
                 WHERE id = $1 AND applied_rev < $2",
                &[
                    (&self.chat_id, Type::UUID),
                    (&self.rev, Type::INT8),
                    (&stored(at), Type::TIMESTAMPTZ),
                ],
            )
            .await?;
        Ok(advanced > 0)
    }

    /// New rows, or the old ones of those who had left; who is in the chat stays as he is. Who has
    /// no account is left out: an entry that could never be applied would stop its chat for good.
    async fn add(&self, user_ids: &[UserId], at: Timestamp) -> Result<(), Error> {
        self.execute(
            "INSERT INTO chat_participants
                 (chat_id, user_id, role, join_seq, join_rev, joined_at, auto_delete_timer)
             SELECT c.id, u.id, 'member', $3, $4, $5, c.auto_delete_timer
             FROM chats c JOIN users u ON u.id = ANY($2)
             WHERE c.id = $1
             ON CONFLICT (chat_id, user_id) DO UPDATE SET
                 role = 'member', join_seq = excluded.join_seq, join_rev = excluded.join_rev,
                 left_seq = NULL, left_rev = NULL, joined_at = excluded.joined_at,
                 auto_delete_timer = excluded.auto_delete_timer
             WHERE chat_participants.left_seq IS NOT NULL",
            &[
                (&self.chat_id, Type::UUID),
                (&uuids(user_ids), Type::UUID_ARRAY),
                (&self.seq, Type::INT8),
                (&self.rev, Type::INT8),
                (&stored(at), Type::TIMESTAMPTZ),
            ],
        )
        .await
        .map(|_| ())
    }

    async fn remove(&self, user_ids: &[UserId]) -> Result<(), Error> {
        self.execute(
            "UPDATE chat_participants SET left_seq = $3, left_rev = $4
             WHERE chat_id = $1 AND user_id = ANY($2) AND left_seq IS NULL",
            &[
                (&self.chat_id, Type::UUID),
                (&uuids(user_ids), Type::UUID_ARRAY),
                (&self.seq, Type::INT8),
                (&self.rev, Type::INT8),
            ],
        )
        .await
        .map(|_| ())
    }

    async fn set_role(&self, user_id: UserId, role: Role) -> Result<(), Error> {
        self.execute(
            "UPDATE chat_participants SET role = $3::participant_role
             WHERE chat_id = $1 AND user_id = $2",
            &[
                (&self.chat_id, Type::UUID),
                (&user_id.0, Type::UUID),
                (&role_name(role), Type::TEXT),
            ],
        )
        .await
        .map(|_| ())
    }

    async fn change(&self, patch: &ChatPatch) -> Result<(), Error> {
        let description = patch.description.as_ref().and_then(Option::as_ref);
        let avatar = patch.avatar_media_id.flatten().map(|id| id.0);
        self.execute(
            "UPDATE groups SET
                 name = coalesce($2, name),
                 description = CASE WHEN $3 THEN $4 ELSE description END,
                 avatar_media_id = CASE WHEN $5 THEN $6 ELSE avatar_media_id END,
                 is_admin_only = coalesce($7, is_admin_only)
             WHERE chat_id = $1",
            &[
                (&self.chat_id, Type::UUID),
                (&patch.name, Type::TEXT),
                (&patch.description.is_some(), Type::BOOL),
                (&description, Type::TEXT),
                (&patch.avatar_media_id.is_some(), Type::BOOL),
                (&avatar, Type::UUID),
                (&patch.admin_only, Type::BOOL),
            ],
        )
        .await
        .map(|_| ())
    }

    async fn set_timer(&self, seconds: Option<u32>) -> Result<(), Error> {
        let seconds = seconds.map(u32::cast_signed);
        self.execute(
            "WITH chat AS (UPDATE chats SET auto_delete_timer = $2 WHERE id = $1)
             UPDATE chat_participants SET auto_delete_timer = $2 WHERE chat_id = $1",
            &[(&self.chat_id, Type::UUID), (&seconds, Type::INT4)],
        )
        .await
        .map(|_| ())
    }
}

/// Tells each one's own log that he joined or left; the rows say which.
pub async fn log_membership(
    transaction: &Transaction<'_>,
    user_ids: &[UserId],
    chat_id: ChatId,
) -> Result<(), Error> {
    let key = chat_id.to_string();
    user_log::append(transaction, user_ids, Topic::Membership, &key, "null")
        .await
        .map(|_| ())
}

pub fn uuids(user_ids: &[UserId]) -> Vec<Uuid> {
    user_ids.iter().map(|id| id.0).collect()
}
