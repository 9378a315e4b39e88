//! Messages past their time.

use rusqlite::{Connection, Result, params};

use super::row::{message, message_columns};
use crate::clock::Timestamp;
use crate::domain::message::Message;

const PAST: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM entries e WHERE e.expires_at <= ?1 AND e.expires_at IS NOT NULL AND e.is_deleted = 0
     ORDER BY e.expires_at LIMIT ?2"
);

pub fn past(connection: &Connection, before: Timestamp, limit: usize) -> Result<Vec<Message>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection
        .prepare_cached(PAST)?
        .query_map(params![before.0, limit], message)?
        .collect()
}

pub fn strip(connection: &Connection, messages: &[Message], before: Timestamp) -> Result<usize> {
    let mut strip = connection.prepare_cached(
        "UPDATE entries SET is_deleted = 1, payload = '{}', reactions = NULL
         WHERE message_id = ?1 AND type IS NOT NULL AND is_deleted = 0 AND expires_at <= ?2",
    )?;
    let mut strip_entries = connection.prepare_cached(
        "UPDATE entries SET payload = NULL WHERE message_id = ?1 AND type IS NULL",
    )?;
    let mut stripped = 0;
    for message in messages {
        if strip.execute(params![message.id.as_bytes(), before.0])? > 0 {
            strip_entries.execute([message.id.as_bytes()])?;
            stripped += 1;
        }
    }
    Ok(stripped)
}
