//! What an entry of the log does to its chat's rows, in the entry's own transaction.

use rusqlite::{Connection, Result, params};

use super::insert::log_membership;
use super::row::role_name;
use crate::clock::Timestamp;
use crate::domain::chat::Role;
use crate::id::{ChatId, MediaId, UserId};
use crate::storage::embedded::row::signed;
use crate::storage::messages::{ChatEffect, ChatPatch, Heads};

/// `numbers` are those of the system message that tells of it.
pub fn apply(
    connection: &Connection,
    (chat_id, numbers): (ChatId, Heads),
    at: Timestamp,
    effect: &ChatEffect,
) -> Result<()> {
    match effect {
        ChatEffect::MembersAdded { user_ids } => {
            for user_id in user_ids {
                add(connection, (chat_id, numbers), *user_id, at)?;
                log_membership(connection, *user_id, chat_id)?;
            }
        }
        ChatEffect::MembersGone {
            user_ids,
            new_admin,
        } => {
            for user_id in user_ids {
                remove(connection, (chat_id, numbers), *user_id)?;
                log_membership(connection, *user_id, chat_id)?;
            }
            if let Some(user_id) = new_admin {
                set_role(connection, chat_id, *user_id, Role::Admin)?;
            }
        }
        ChatEffect::RoleChanged { user_id, role } => {
            set_role(connection, chat_id, *user_id, *role)?;
        }
        ChatEffect::ChatChanged(patch) => change(connection, chat_id, patch)?,
        ChatEffect::TimerChanged { seconds } => set_timer(connection, chat_id, *seconds)?,
    }
    connection
        .prepare_cached(
            "UPDATE chats SET applied_rev = ?2, updated_at = max(updated_at, ?3) WHERE id = ?1",
        )?
        .execute((chat_id.as_bytes(), signed(numbers.rev), at.0))
        .map(|_| ())
}

/// A new row, or the old one of someone who had left; one who is in the chat stays as he is.
fn add(
    connection: &Connection,
    (chat_id, numbers): (ChatId, Heads),
    user_id: UserId,
    at: Timestamp,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO chat_participants
                 (chat_id, user_id, role, join_seq, join_rev, joined_at, auto_delete_timer)
             SELECT id, ?2, 'member', ?3, ?4, ?5, auto_delete_timer FROM chats WHERE id = ?1
             ON CONFLICT (chat_id, user_id) DO UPDATE SET
                 role = 'member', join_seq = excluded.join_seq, join_rev = excluded.join_rev,
                 left_seq = NULL, left_rev = NULL, joined_at = excluded.joined_at,
                 auto_delete_timer = excluded.auto_delete_timer
             WHERE left_seq IS NOT NULL",
        )?
        .execute(params![
            chat_id.as_bytes(),
            user_id.as_bytes(),
            signed(numbers.seq),
            signed(numbers.rev),
            at.0,
        ])
        .map(|_| ())
}

fn remove(
    connection: &Connection,
    (chat_id, numbers): (ChatId, Heads),
    user_id: UserId,
) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE chat_participants SET left_seq = ?3, left_rev = ?4
             WHERE chat_id = ?1 AND user_id = ?2 AND left_seq IS NULL",
        )?
        .execute(params![
            chat_id.as_bytes(),
            user_id.as_bytes(),
            signed(numbers.seq),
            signed(numbers.rev),
        ])
        .map(|_| ())
}

fn set_role(connection: &Connection, chat_id: ChatId, user_id: UserId, role: Role) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE chat_participants SET role = ?3 WHERE chat_id = ?1 AND user_id = ?2",
        )?
        .execute((chat_id.as_bytes(), user_id.as_bytes(), role_name(role)))
        .map(|_| ())
}

fn change(connection: &Connection, chat_id: ChatId, patch: &ChatPatch) -> Result<()> {
    let avatar = patch.avatar_media_id;
    connection
        .prepare_cached(
            "UPDATE groups SET
                 name = coalesce(?2, name),
                 description = CASE WHEN ?3 THEN ?4 ELSE description END,
                 avatar_media_id = CASE WHEN ?5 THEN ?6 ELSE avatar_media_id END,
                 admin_only = coalesce(?7, admin_only)
             WHERE chat_id = ?1",
        )?
        .execute(params![
            chat_id.as_bytes(),
            patch.name,
            patch.description.is_some(),
            patch.description.as_ref().and_then(Option::as_ref),
            avatar.is_some(),
            avatar.flatten().as_ref().map(MediaId::as_bytes),
            patch.admin_only,
        ])
        .map(|_| ())
}

fn set_timer(connection: &Connection, chat_id: ChatId, seconds: Option<u32>) -> Result<()> {
    connection
        .prepare_cached("UPDATE chats SET auto_delete_timer = ?2 WHERE id = ?1")?
        .execute((chat_id.as_bytes(), seconds))?;
    connection
        .prepare_cached("UPDATE chat_participants SET auto_delete_timer = ?2 WHERE chat_id = ?1")?
        .execute((chat_id.as_bytes(), seconds))
        .map(|_| ())
}
