//! Delete for me.

use rusqlite::{Connection, Result, params};

use crate::clock::Timestamp;
use crate::id::{ChatId, MessageId, UserId};
use crate::storage::embedded::user_log;
use crate::storage::user_log::Topic;

/// Answers the rev of the viewer's own log; `None` when it was hidden already.
pub fn hide(
    connection: &Connection,
    viewer: UserId,
    (chat_id, message_id): (ChatId, MessageId),
    at: Timestamp,
) -> Result<Option<u64>> {
    let inserted = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO hidden (user_id, message_id, chat_id, hidden_at)
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            viewer.as_bytes(),
            message_id.as_bytes(),
            chat_id.as_bytes(),
            at.0,
        ])?;
    if inserted == 0 {
        return Ok(None);
    }
    let value = format!("\"{chat_id}\"");
    user_log::append(
        connection,
        viewer,
        Topic::Hidden,
        &message_id.to_string(),
        &value,
    )
    .map(Some)
}

/// Keeps those ids that the viewer has hidden.
pub fn among(
    connection: &Connection,
    viewer: UserId,
    mut ids: Vec<MessageId>,
) -> Result<Vec<MessageId>> {
    let mut statement =
        connection.prepare_cached("SELECT 1 FROM hidden WHERE user_id = ?1 AND message_id = ?2")?;
    let mut failed = None;
    ids.retain(
        |id| match statement.exists((viewer.as_bytes(), id.as_bytes())) {
            Ok(exists) => exists,
            Err(error) => {
                failed = Some(error);
                false
            }
        },
    );
    failed.map_or(Ok(ids), Err)
}
