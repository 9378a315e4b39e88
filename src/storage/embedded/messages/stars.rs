//! What someone has starred.

use rusqlite::{Connection, Result, params};

use crate::clock::Timestamp;
use crate::id::{ChatId, MessageId, UserId};
use crate::storage::embedded::row::{id, time};
use crate::storage::embedded::user_log;
use crate::storage::messages::Star;
use crate::storage::user_log::Topic;

/// Answers the rev of the viewer's own log; `None` when it was starred already.
pub fn add(
    connection: &Connection,
    viewer: UserId,
    (chat_id, message_id): (ChatId, MessageId),
    at: Timestamp,
) -> Result<Option<u64>> {
    let added = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO stars (user_id, message_id, chat_id, starred_at)
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            viewer.as_bytes(),
            message_id.as_bytes(),
            chat_id.as_bytes(),
            at.0,
        ])?;
    log(connection, viewer, message_id, added, "true")
}

/// Answers the rev of the viewer's own log; `None` when it was not starred.
pub fn remove(
    connection: &Connection,
    viewer: UserId,
    message_id: MessageId,
) -> Result<Option<u64>> {
    let removed = connection
        .prepare_cached("DELETE FROM stars WHERE user_id = ?1 AND message_id = ?2")?
        .execute((viewer.as_bytes(), message_id.as_bytes()))?;
    log(connection, viewer, message_id, removed, "false")
}

fn log(
    connection: &Connection,
    viewer: UserId,
    message_id: MessageId,
    changed: usize,
    value: &str,
) -> Result<Option<u64>> {
    if changed == 0 {
        return Ok(None);
    }
    let key = message_id.to_string();
    user_log::append(connection, viewer, Topic::Star, &key, value).map(Some)
}

/// Keeps those ids that the viewer has starred.
pub fn among(
    connection: &Connection,
    viewer: UserId,
    ids: Vec<MessageId>,
) -> Result<Vec<MessageId>> {
    let mut statement =
        connection.prepare_cached("SELECT 1 FROM stars WHERE user_id = ?1 AND message_id = ?2")?;
    let mut starred = Vec::new();
    for id in ids {
        if statement.exists((viewer.as_bytes(), id.as_bytes()))? {
            starred.push(id);
        }
    }
    Ok(starred)
}

pub fn page(
    connection: &Connection,
    viewer: UserId,
    after: Option<Star>,
    limit: usize,
) -> Result<Vec<Star>> {
    let (at, message_id) = match &after {
        Some(star) => (star.starred_at.0, star.message_id.as_bytes().as_slice()),
        None => (i64::MAX, [].as_slice()),
    };
    connection
        .prepare_cached(
            "SELECT starred_at, message_id FROM stars
             WHERE user_id = ?1 AND (starred_at, message_id) < (?2, ?3)
             ORDER BY starred_at DESC, message_id DESC LIMIT ?4",
        )?
        .query_map(
            params![
                viewer.as_bytes(),
                at,
                message_id,
                i64::try_from(limit).unwrap_or(i64::MAX)
            ],
            |row| {
                Ok(Star {
                    starred_at: time(row, 0)?,
                    message_id: id(row, 1)?,
                })
            },
        )?
        .collect()
}
