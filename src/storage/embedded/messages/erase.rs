//! What someone said in a chat, taken out of its log.

use rusqlite::{Connection, Result, params};

use crate::clock::Timestamp;
use crate::id::{ChatId, UserId};
use crate::storage::embedded::row::signed;

/// Strips every message of a sender, what was said about them, and his reactions to others'.
pub fn erase(
    connection: &Connection,
    chat_id: ChatId,
    sender: UserId,
    (rev, at): (u64, Timestamp),
) -> Result<()> {
    let place = params![chat_id.as_bytes(), sender.as_bytes()];
    connection
        .prepare_cached(
            "UPDATE entries SET payload = NULL
             WHERE chat_id = ?1 AND type IS NULL AND message_id IN
               (SELECT message_id FROM entries
                WHERE chat_id = ?1 AND actor_id = ?2 AND change = 'sent')",
        )?
        .execute(place)?;
    connection
        .prepare_cached(
            "UPDATE entries SET is_deleted = 1, payload = '{}', reactions = NULL,
                 updated_at = ?3, last_rev = ?4
             WHERE chat_id = ?1 AND actor_id = ?2 AND change = 'sent' AND is_deleted = 0",
        )?
        .execute(params![
            chat_id.as_bytes(),
            sender.as_bytes(),
            at.0,
            signed(rev)
        ])?;
    connection
        .prepare_cached(
            "UPDATE entries SET reactions = nullif(json_remove(reactions, ?3), '{}'),
                 updated_at = ?4, last_rev = ?5
             WHERE chat_id = ?1 AND json_type(reactions, ?3) IS NOT NULL AND message_id IN
               (SELECT message_id FROM entries
                WHERE chat_id = ?1 AND actor_id = ?2 AND change = 'reacted')",
        )?
        .execute(params![
            chat_id.as_bytes(),
            sender.as_bytes(),
            format!("$.\"{sender}\""),
            at.0,
            signed(rev)
        ])?;
    connection
        .prepare_cached(
            "UPDATE entries SET payload = NULL
             WHERE chat_id = ?1 AND actor_id = ?2 AND change = 'reacted'",
        )?
        .execute(place)
        .map(|_| ())
}

/// Whether anything is left to strip.
pub fn speaks(connection: &Connection, chat_id: ChatId, sender: UserId) -> Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM entries
             WHERE chat_id = ?1 AND actor_id = ?2
               AND (change = 'sent' AND is_deleted = 0
                    OR change = 'reacted' AND payload IS NOT NULL))",
        )?
        .query_row([chat_id.as_bytes(), sender.as_bytes()], |row| row.get(0))
}
