//! Making a chat: once per pair of people, once per idempotency key.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::row::{kind_name, role_name};
use crate::clock::Timestamp;
use crate::domain::chat::{Chat, ChatKind, Member};
use crate::id::{ChatId, MediaId, UserId};
use crate::storage::chats::{ExistingChat, InsertedChat, NewChat};
use crate::storage::embedded::messages::append;
use crate::storage::embedded::row::{id, signed};
use crate::storage::embedded::user_log;
use crate::storage::user_log::Topic;

/// What `idempotency_keys` calls this call.
const CALL: &str = "chats";
/// How long a key answers.
const KEY_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

pub fn insert(connection: &Connection, new: &NewChat) -> Result<InsertedChat> {
    if let Some(chat_id) = first_of_key(connection, new)? {
        return Ok(InsertedChat {
            chat_id,
            created: false,
        });
    }
    let pair = pair(new);
    let existing = match pair {
        Some(pair) => first_of_pair(connection, pair)?,
        None => None,
    };
    let chat_id = existing.unwrap_or(new.chat.id);
    if existing.is_none() {
        insert_rows(connection, new)?;
        if let Some((low, high)) = pair {
            connection
                .prepare_cached(
                    "INSERT INTO direct_pairs (low_user_id, high_user_id, chat_id)
                     VALUES (?1, ?2, ?3)",
                )?
                .execute((low.as_bytes(), high.as_bytes(), chat_id.as_bytes()))?;
        }
    }
    remember_key(connection, new, chat_id)?;
    Ok(InsertedChat {
        chat_id,
        created: existing.is_none(),
    })
}

fn insert_rows(connection: &Connection, new: &NewChat) -> Result<()> {
    let chat = &new.chat;
    connection
        .prepare_cached(
            "INSERT INTO chats
                 (id, kind, created_by, auto_delete_timer, created_at, updated_at, applied_rev)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)",
        )?
        .execute(params![
            chat.id.as_bytes(),
            kind_name(chat.kind),
            chat.created_by.as_bytes(),
            chat.auto_delete_timer,
            chat.created_at.0,
            chat.updated_at.0,
        ])?;
    if chat.kind == ChatKind::Group {
        insert_group(connection, chat)?;
    }
    for member in &new.members {
        insert_member(connection, chat, member)?;
    }
    append::created(connection, chat.id, chat.created_at)
}

fn insert_group(connection: &Connection, chat: &Chat) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO groups (chat_id, name, description, avatar_media_id, admin_only)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            chat.id.as_bytes(),
            chat.name.as_deref().unwrap_or_default(),
            chat.description,
            chat.avatar_media_id.as_ref().map(MediaId::as_bytes),
            chat.admin_only,
        ])
        .map(|_| ())
}

fn insert_member(connection: &Connection, chat: &Chat, member: &Member) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO chat_participants (chat_id, user_id, role, join_seq, join_rev, joined_at,
                 is_muted, mute_until, is_pinned, auto_delete_timer)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            chat.id.as_bytes(),
            member.user_id.as_bytes(),
            role_name(member.role),
            signed(member.join_seq),
            signed(member.join_rev),
            member.joined_at.0,
            member.muted.is_some(),
            member
                .muted
                .and_then(|mute| mute.until)
                .map(|until| until.0),
            member.is_pinned,
            chat.auto_delete_timer,
        ])?;
    log_membership(connection, member.user_id, chat.id)
}

/// Tells the member's own log that he joined or left; the rows say which.
pub fn log_membership(connection: &Connection, user_id: UserId, chat_id: ChatId) -> Result<()> {
    let key = chat_id.to_string();
    user_log::append(connection, user_id, Topic::Membership, &key, "null").map(|_| ())
}

/// The two of a direct chat, ordered.
fn pair(new: &NewChat) -> Option<(UserId, UserId)> {
    match (new.chat.kind, new.members.as_slice()) {
        (ChatKind::Direct, [one, other]) => Some((
            one.user_id.min(other.user_id),
            one.user_id.max(other.user_id),
        )),
        _ => None,
    }
}

fn first_of_pair(connection: &Connection, (low, high): (UserId, UserId)) -> Result<Option<ChatId>> {
    connection
        .prepare_cached(
            "SELECT chat_id FROM direct_pairs WHERE low_user_id = ?1 AND high_user_id = ?2",
        )?
        .query_row((low.as_bytes(), high.as_bytes()), |row| id(row, 0))
        .optional()
}

fn first_of_key(connection: &Connection, new: &NewChat) -> Result<Option<ChatId>> {
    let Some(key) = &new.idempotency_key else {
        return Ok(None);
    };
    connection
        .prepare_cached("DELETE FROM idempotency_keys WHERE created_at < ?1")?
        .execute([new.chat.created_at.minus(KEY_LIFE).0])?;
    answer_of_key(connection, new.chat.created_by, key, new.chat.created_at)
}

fn answer_of_key(
    connection: &Connection,
    user_id: UserId,
    key: &str,
    now: Timestamp,
) -> Result<Option<ChatId>> {
    connection
        .prepare_cached(
            "SELECT answer FROM idempotency_keys
             WHERE user_id = ?1 AND call = ?2 AND key = ?3 AND created_at >= ?4",
        )?
        .query_row(
            (user_id.as_bytes(), CALL, key, now.minus(KEY_LIFE).0),
            |row| id(row, 0),
        )
        .optional()
}

/// What [`insert`] would answer without making anything.
pub fn existing(connection: &Connection, wanted: &ExistingChat) -> Result<Option<ChatId>> {
    let creator = wanted.creator;
    if let Some(key) = &wanted.idempotency_key
        && let Some(chat_id) = answer_of_key(connection, creator, key, wanted.at)?
    {
        return Ok(Some(chat_id));
    }
    match wanted.peer {
        Some(peer) => first_of_pair(connection, (creator.min(peer), creator.max(peer))),
        None => Ok(None),
    }
}

fn remember_key(connection: &Connection, new: &NewChat, chat_id: ChatId) -> Result<()> {
    let Some(key) = &new.idempotency_key else {
        return Ok(());
    };
    connection
        .prepare_cached(
            "INSERT INTO idempotency_keys (user_id, call, key, answer, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            new.chat.created_by.as_bytes(),
            CALL,
            key,
            chat_id.as_bytes(),
            new.chat.created_at.0,
        ])
        .map(|_| ())
}
