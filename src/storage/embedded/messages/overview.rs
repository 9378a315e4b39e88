//! What a chat list shows of each chat, and who wrote in a range.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::position::{heads, rev_of_seq};
use super::row::{message, message_columns};
use crate::domain::message::Message;
use crate::id::{ChatId, UserId};
use crate::storage::embedded::row::{id, signed};
use crate::storage::messages::{Heads, Overview, OverviewQuery};

/// More unread messages than this are not told apart.
const UNREAD_MOST: i64 = 999;

const NEWEST: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM entries e
     WHERE e.chat_id = ?1 AND e.rev >= ?2 AND e.rev < ?3 AND e.type IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM hidden h
                       WHERE h.user_id = ?4 AND h.message_id = e.message_id)
     ORDER BY e.rev DESC LIMIT 1"
);

const UNREAD: &str = "SELECT count(*) FROM (
    SELECT 1 FROM entries e
    WHERE e.chat_id = ?1 AND e.rev >= ?2 AND e.rev < ?3 AND e.change = 'sent'
      AND e.actor_id <> ?4
      AND NOT EXISTS (SELECT 1 FROM hidden h
                      WHERE h.user_id = ?4 AND h.message_id = e.message_id)
    LIMIT ?5)";

pub fn overview(
    connection: &Connection,
    viewer: UserId,
    chats: &[OverviewQuery],
) -> Result<Vec<Overview>> {
    chats
        .iter()
        .map(|query| {
            let heads = heads(connection, query.chat_id)?;
            let last_message = newest(connection, viewer, heads, query)?;
            let unread_count = match last_message {
                Some(_) => unread(connection, viewer, heads, query)?,
                None => 0,
            };
            Ok(Overview {
                chat_id: query.chat_id,
                heads,
                last_message,
                unread_count,
            })
        })
        .collect()
}

fn newest(
    connection: &Connection,
    viewer: UserId,
    heads: Heads,
    query: &OverviewQuery,
) -> Result<Option<Message>> {
    let from = rev_of_seq(connection, query.chat_id, heads, query.from_seq)?;
    let end = rev_of_seq(
        connection,
        query.chat_id,
        heads,
        query.to_seq.saturating_add(1),
    )?;
    connection
        .prepare_cached(NEWEST)?
        .query_row(
            params![
                query.chat_id.as_bytes(),
                signed(from),
                signed(end),
                viewer.as_bytes(),
            ],
            message,
        )
        .optional()
}

fn unread(
    connection: &Connection,
    viewer: UserId,
    heads: Heads,
    query: &OverviewQuery,
) -> Result<u32> {
    let first = query.from_seq.max(query.unread_after.saturating_add(1));
    if first > heads.seq.min(query.to_seq) {
        return Ok(0);
    }
    let from = rev_of_seq(connection, query.chat_id, heads, first)?;
    let end = rev_of_seq(
        connection,
        query.chat_id,
        heads,
        query.to_seq.saturating_add(1),
    )?;
    connection.prepare_cached(UNREAD)?.query_row(
        params![
            query.chat_id.as_bytes(),
            signed(from),
            signed(end),
            viewer.as_bytes(),
            UNREAD_MOST,
        ],
        |row| row.get(0),
    )
}

/// Of people's messages; a system message has no sender who waits for receipts.
pub fn senders(
    connection: &Connection,
    chat_id: ChatId,
    after: u64,
    up_to: u64,
) -> Result<Vec<UserId>> {
    let heads = heads(connection, chat_id)?;
    let from = rev_of_seq(connection, chat_id, heads, after.saturating_add(1))?;
    let end = rev_of_seq(connection, chat_id, heads, up_to.saturating_add(1))?;
    connection
        .prepare_cached(
            "SELECT DISTINCT actor_id FROM entries
             WHERE chat_id = ?1 AND rev >= ?2 AND rev < ?3 AND change = 'sent'",
        )?
        .query_map(
            params![chat_id.as_bytes(), signed(from), signed(end)],
            |row| id(row, 0),
        )?
        .collect()
}
