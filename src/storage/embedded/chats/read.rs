//! Rosters, and the chats of a person.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::row::{CHAT_COLUMNS, MEMBER_COLUMNS, chat, chat_columns, member, member_columns};
use crate::clock::Timestamp;
use crate::domain::chat::{Block, Chat, Member, Roster};
use crate::id::{ChatId, UserId};
use crate::storage::chats::Membership;
use crate::storage::embedded::row::{id, optional_id};

const CHAT: &str = concat!(
    "SELECT ",
    chat_columns!(),
    " FROM chats c LEFT JOIN groups g ON g.chat_id = c.id WHERE c.id = ?1"
);

const MEMBERS: &str = concat!(
    "SELECT ",
    member_columns!(),
    " FROM chat_participants p LEFT JOIN privacy_settings v ON v.user_id = p.user_id
     WHERE p.chat_id = ?1"
);

/// From the members outwards: few people block, but some are blocked by many.
const BLOCKS: &str = "SELECT b.user_id, b.contact_user_id
     FROM chat_participants p
     CROSS JOIN contacts b ON b.user_id = p.user_id AND b.is_blocked = 1
     CROSS JOIN chat_participants o ON o.chat_id = ?1 AND o.user_id = b.contact_user_id
     WHERE p.chat_id = ?1";

/// A person's memberships, with the other one of a direct chat and the number of participants.
macro_rules! memberships {
    ($which:literal) => {
        concat!(
            "SELECT ",
            chat_columns!(),
            ", ",
            member_columns!(),
            ", CASE c.kind WHEN 'direct' THEN (
                   SELECT o.user_id FROM chat_participants o
                   WHERE o.chat_id = c.id AND o.user_id <> p.user_id) END,
               (SELECT count(*) FROM chat_participants o
                WHERE o.chat_id = c.id AND o.left_seq IS NULL)
             FROM chat_participants p
             JOIN chats c ON c.id = p.chat_id
             LEFT JOIN groups g ON g.chat_id = p.chat_id
             LEFT JOIN privacy_settings v ON v.user_id = p.user_id
             WHERE p.user_id = ?1 ",
            $which
        )
    };
}

/// A chat with everyone who is or was in it.
pub fn roster(connection: &Connection, chat_id: ChatId) -> Result<Option<Roster>> {
    let Some(chat) = find_chat(connection, chat_id)? else {
        return Ok(None);
    };
    let members: Vec<Member> = connection
        .prepare_cached(MEMBERS)?
        .query_map([chat_id.as_bytes()], |row| member(row, 0))?
        .collect::<Result<_>>()?;
    let blocks: Vec<Block> = connection
        .prepare_cached(BLOCKS)?
        .query_map([chat_id.as_bytes()], |row| {
            Ok(Block {
                blocker: id(row, 0)?,
                blocked: id(row, 1)?,
            })
        })?
        .collect::<Result<_>>()?;
    Ok(Some(Roster {
        chat,
        members,
        blocks,
    }))
}

fn find_chat(connection: &Connection, chat_id: ChatId) -> Result<Option<Chat>> {
    connection
        .prepare_cached(CHAT)?
        .query_row([chat_id.as_bytes()], chat)
        .optional()
}

pub fn membership(
    connection: &Connection,
    user_id: UserId,
    chat_id: ChatId,
) -> Result<Option<Membership>> {
    connection
        .prepare_cached(memberships!("AND p.chat_id = ?2"))?
        .query_row((user_id.as_bytes(), chat_id.as_bytes()), read_membership)
        .optional()
}

/// Those he is in now.
pub fn active(
    connection: &Connection,
    user_id: UserId,
    after: Option<(Timestamp, ChatId)>,
    limit: usize,
) -> Result<Vec<Membership>> {
    let (before, id) = match after {
        Some((at, chat_id)) => (at.0, *chat_id.as_bytes()),
        None => (i64::MAX, [u8::MAX; 16]),
    };
    connection
        .prepare_cached(memberships!(
            "AND p.left_seq IS NULL AND (c.updated_at, c.id) < (?2, ?3)
             ORDER BY c.updated_at DESC, c.id DESC LIMIT ?4"
        ))?
        .query_map(
            params![
                user_id.as_bytes(),
                before,
                id,
                i64::try_from(limit).unwrap_or(i64::MAX)
            ],
            read_membership,
        )?
        .collect()
}

/// Those he is or was in.
pub fn all(connection: &Connection, user_id: UserId) -> Result<Vec<Membership>> {
    connection
        .prepare_cached(memberships!("ORDER BY c.updated_at DESC, c.id DESC"))?
        .query_map([user_id.as_bytes()], read_membership)?
        .collect()
}

pub fn ids(connection: &Connection, user_id: UserId) -> Result<Vec<ChatId>> {
    connection
        .prepare_cached(
            "SELECT chat_id FROM chat_participants WHERE user_id = ?1 AND left_seq IS NULL",
        )?
        .query_map([user_id.as_bytes()], |row| id(row, 0))?
        .collect()
}

fn read_membership(row: &Row<'_>) -> Result<Membership> {
    const PEER: usize = CHAT_COLUMNS + MEMBER_COLUMNS;
    Ok(Membership {
        chat: chat(row)?,
        member: member(row, CHAT_COLUMNS)?,
        peer: optional_id(row, PEER)?,
        participant_count: row.get(PEER + 1)?,
    })
}

pub fn members(connection: &Connection, chat_ids: &[ChatId]) -> Result<Vec<(ChatId, Vec<UserId>)>> {
    let mut statement = connection.prepare_cached(
        "SELECT user_id FROM chat_participants WHERE chat_id = ?1 AND left_seq IS NULL",
    )?;
    chat_ids
        .iter()
        .map(|&chat_id| {
            let users = statement
                .query_map([chat_id.as_bytes()], |row| id(row, 0))?
                .collect::<Result<_>>()?;
            Ok((chat_id, users))
        })
        .collect()
}

pub fn peers(connection: &Connection, user_id: UserId) -> Result<Vec<UserId>> {
    connection
        .prepare_cached(
            "SELECT DISTINCT o.user_id FROM chat_participants p
             JOIN chat_participants o ON o.chat_id = p.chat_id
             WHERE p.user_id = ?1 AND p.left_seq IS NULL
               AND o.left_seq IS NULL AND o.user_id <> ?1",
        )?
        .query_map([user_id.as_bytes()], |row| id(row, 0))?
        .collect()
}

pub fn everywhere(
    connection: &Connection,
    after: Option<ChatId>,
    limit: usize,
) -> Result<Vec<ChatId>> {
    let after = after.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
    connection
        .prepare_cached("SELECT id FROM chats WHERE id > ?1 ORDER BY id LIMIT ?2")?
        .query_map((after, i64::try_from(limit).unwrap_or(i64::MAX)), |row| {
            id(row, 0)
        })?
        .collect()
}
