//! Making a chat: once per pair of people, once per idempotency key.

use std::time::SystemTime;

use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Beginning;
use super::effects::{log_membership, uuids};
use super::keys::{KEY_LIFE, answer_key, claim_key, forget_keys};
use super::row::{kind_name, role_name};
use crate::domain::chat::{ChatKind, Member};
use crate::id::{ChatId, UserId};
use crate::storage::StoreResult;
use crate::storage::chats::{ExistingChat, NewChat};
use crate::storage::distributed::postgres::{
    Postgres, failed, internal, signed, stored, time, uncertain,
};

/// The first answer to the key, else the chat of the pair.
const EXISTING: &str = "SELECT c.id, c.created_by, c.created_at, c.applied_rev
     FROM (
         SELECT 0 AS place, encode(answer, 'hex')::uuid AS chat_id FROM idempotency_keys
         WHERE user_id = $1 AND call = 'chats' AND key = $2 AND created_at >= $3
         UNION ALL
         SELECT 1, chat_id FROM direct_pairs WHERE low_user_id = $4 AND high_user_id = $5
     ) found
     JOIN chats c ON c.id = found.chat_id
     ORDER BY found.place LIMIT 1";

/// Nothing, when the pair has a chat; a transaction that makes it is waited for.
const MAKE_CHAT: &str = "WITH pair AS (
         INSERT INTO direct_pairs (low_user_id, high_user_id, chat_id)
         SELECT $11::uuid, $12::uuid, $1::uuid WHERE $11 IS NOT NULL
         ON CONFLICT (low_user_id, high_user_id) DO NOTHING
         RETURNING chat_id
     ), chat AS (
         INSERT INTO chats
             (id, type, created_by, auto_delete_timer, created_at, updated_at, applied_rev)
         SELECT $1, $2::text::chat_type, $3::uuid, $4::integer, $5::timestamptz,
             $6::timestamptz, 0
         WHERE $11 IS NULL OR EXISTS (SELECT FROM pair)
         RETURNING id, created_by
     ), named AS (
         INSERT INTO groups
             (chat_id, name, description, avatar_media_id, created_by, is_admin_only)
         SELECT id, $7::text, $8::text, $9::uuid, created_by, $10::boolean FROM chat
         WHERE $2 = 'group'
     )
     SELECT FROM chat";

const MAKE_MEMBERS: &str = "INSERT INTO chat_participants (chat_id, user_id, role, join_seq,
         join_rev, joined_at, is_muted, mute_until, is_pinned, auto_delete_timer)
     SELECT $1, m.user_id, m.role::participant_role, m.join_seq, m.join_rev, m.joined_at,
         m.is_muted, m.mute_until, m.is_pinned, $10
     FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::timestamptz[],
             $7::boolean[], $8::timestamptz[], $9::boolean[])
         AS m (user_id, role, join_seq, join_rev, joined_at, is_muted, mute_until, is_pinned)";

/// The chat there is now, and the beginning of its log where that may be missing.
pub struct Made {
    pub chat_id: ChatId,
    pub created: bool,
    pub missing: Option<Beginning>,
}

/// Makes the rows in one transaction, or finds the chat that was made before.
pub async fn insert(postgres: &Postgres, new: &NewChat) -> StoreResult<Made> {
    let mut client = postgres.client().await?;
    let transaction = client.transaction().await.map_err(failed)?;
    let is_first = claim_key(&transaction, new).await? && make_chat(&transaction, new).await?;
    let made = if is_first {
        make_members(&transaction, new).await?;
        let people: Vec<UserId> = new.members.iter().map(|member| member.user_id).collect();
        log_membership(&transaction, &people, new.chat.id)
            .await
            .map_err(failed)?;
        first(new)
    } else {
        let made = repeated(&transaction, new).await?;
        answer_key(&transaction, new, made.chat_id).await?;
        made
    };
    transaction.commit().await.map_err(uncertain)?;
    if new.idempotency_key.is_some() {
        forget_keys(&client, new.chat.created_at).await;
    }
    Ok(made)
}

fn first(new: &NewChat) -> Made {
    Made {
        chat_id: new.chat.id,
        created: true,
        missing: Some(Beginning {
            chat_id: new.chat.id,
            created_by: new.chat.created_by,
            at: new.chat.created_at,
        }),
    }
}

/// What [`insert`] would answer without making anything.
pub async fn existing(postgres: &Postgres, wanted: &ExistingChat) -> StoreResult<Option<ChatId>> {
    let client = postgres.client().await?;
    let query = client.prepare_cached(EXISTING).await.map_err(failed)?;
    let (low, high) = wanted
        .peer
        .map(|peer| ordered(wanted.creator, peer))
        .unzip();
    let found = client
        .query_opt(
            &query,
            &[
                &wanted.creator.0,
                &wanted.idempotency_key,
                &stored(wanted.at.minus(KEY_LIFE)),
                &low,
                &high,
            ],
        )
        .await
        .map_err(failed)?;
    Ok(found.map(|row| ChatId(row.get(0))))
}

/// The chat that another transaction made, which is committed by now.
async fn repeated(transaction: &Transaction<'_>, new: &NewChat) -> StoreResult<Made> {
    let query = transaction.prepare_cached(EXISTING).await.map_err(failed)?;
    let (low, high) = pair(new).unzip();
    let row = transaction
        .query_opt(
            &query,
            &[
                &new.chat.created_by.0,
                &new.idempotency_key,
                &stored(new.chat.created_at.minus(KEY_LIFE)),
                &low,
                &high,
            ],
        )
        .await
        .map_err(failed)?
        .ok_or_else(|| internal("a chat was there and is not found".to_owned()))?;
    Ok(Made {
        chat_id: ChatId(row.get(0)),
        created: false,
        missing: missing(&row, 0),
    })
}

/// Reads `id, created_by, created_at, applied_rev` from a column on.
pub fn missing(row: &Row, first: usize) -> Option<Beginning> {
    let applied_rev: i64 = row.get(first + 3);
    (applied_rev == 0).then(|| Beginning {
        chat_id: ChatId(row.get(first)),
        created_by: UserId(row.get(first + 1)),
        at: time(row.get(first + 2)),
    })
}

/// `false`: the pair has a chat, and nothing was made.
async fn make_chat(transaction: &Transaction<'_>, new: &NewChat) -> StoreResult<bool> {
    let chat = &new.chat;
    let (low, high) = pair(new).unzip();
    let make = transaction
        .prepare_cached(MAKE_CHAT)
        .await
        .map_err(failed)?;
    let made = transaction
        .query_opt(
            &make,
            &[
                &chat.id.0,
                &kind_name(chat.kind),
                &chat.created_by.0,
                &chat.auto_delete_timer.map(u32::cast_signed),
                &stored(chat.created_at),
                &stored(chat.updated_at),
                &chat.name.as_deref().unwrap_or_default(),
                &chat.description,
                &chat.avatar_media_id.map(|id| id.0),
                &chat.admin_only,
                &low,
                &high,
            ],
        )
        .await
        .map_err(failed)?;
    Ok(made.is_some())
}

async fn make_members(transaction: &Transaction<'_>, new: &NewChat) -> StoreResult<()> {
    let make = transaction
        .prepare_cached(MAKE_MEMBERS)
        .await
        .map_err(failed)?;
    let people: Vec<UserId> = new.members.iter().map(|member| member.user_id).collect();
    let until = |member: &Member| -> Option<SystemTime> {
        member.muted.and_then(|mute| mute.until).map(stored)
    };
    transaction
        .execute(
            &make,
            &[
                &new.chat.id.0,
                &uuids(&people),
                &column(new, |member| role_name(member.role)),
                &column(new, |member| signed(member.join_seq)),
                &column(new, |member| signed(member.join_rev)),
                &column(new, |member| stored(member.joined_at)),
                &column(new, |member| member.muted.is_some()),
                &column(new, until),
                &column(new, |member| member.is_pinned),
                &new.chat.auto_delete_timer.map(u32::cast_signed),
            ],
        )
        .await
        .map(|_| ())
        .map_err(failed)
}

fn column<T>(new: &NewChat, value: impl Fn(&Member) -> T) -> Vec<T> {
    new.members.iter().map(value).collect()
}

/// The two of a direct chat, ordered.
fn pair(new: &NewChat) -> Option<(Uuid, Uuid)> {
    match (new.chat.kind, new.members.as_slice()) {
        (ChatKind::Direct, [one, other]) => Some(ordered(one.user_id, other.user_id)),
        _ => None,
    }
}

fn ordered(one: UserId, other: UserId) -> (Uuid, Uuid) {
    (one.min(other).0, one.max(other).0)
}
