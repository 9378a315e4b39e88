//! Where a chat's log ends, and where in it a seq stands.

use rusqlite::{Connection, OptionalExtension, Result};

use crate::clock::Timestamp;
use crate::id::ChatId;
use crate::storage::embedded::row::{number, signed, time};
use crate::storage::messages::Heads;

/// Zeros when the chat has no entry.
pub fn heads(connection: &Connection, chat_id: ChatId) -> Result<Heads> {
    let last = connection
        .prepare_cached(
            "SELECT seq, rev FROM entries WHERE chat_id = ?1 ORDER BY rev DESC LIMIT 1",
        )?
        .query_row([chat_id.as_bytes()], |row| {
            Ok(Heads {
                seq: number(row, 0)?,
                rev: number(row, 1)?,
            })
        })
        .optional()?;
    Ok(last.unwrap_or_default())
}

/// Heads of those chats that have entries.
pub fn heads_of(connection: &Connection, chat_ids: &[ChatId]) -> Result<Vec<(ChatId, Heads)>> {
    let mut found = Vec::with_capacity(chat_ids.len());
    for &chat_id in chat_ids {
        let heads = heads(connection, chat_id)?;
        if heads.rev > 0 {
            found.push((chat_id, heads));
        }
    }
    Ok(found)
}

/// The time of each chat's newest entry.
pub fn last_changes(
    connection: &Connection,
    chat_ids: &[ChatId],
) -> Result<Vec<(ChatId, Timestamp)>> {
    let mut newest = connection
        .prepare_cached("SELECT at FROM entries WHERE chat_id = ?1 ORDER BY rev DESC LIMIT 1")?;
    let mut found = Vec::with_capacity(chat_ids.len());
    for &chat_id in chat_ids {
        let at = newest
            .query_row([chat_id.as_bytes()], |row| time(row, 0))
            .optional()?;
        found.extend(at.map(|at| (chat_id, at)));
    }
    Ok(found)
}

/// The newest entry that changed the chat's own rows.
pub fn chat_changed_rev(connection: &Connection, chat_id: ChatId) -> Result<u64> {
    let rev = connection
        .prepare_cached("SELECT applied_rev FROM chats WHERE id = ?1")?
        .query_row([chat_id.as_bytes()], |row| number(row, 0))
        .optional()?;
    Ok(rev.unwrap_or(1))
}

/// The rev of the message with this seq, or the first free one when the log ends before it.
///
/// Every entry holds the head seq after it, and a message is the first to hold its own: the answer
/// is the first entry with that seq or a higher one. It lies at `seq` or up to as many places
/// further as there are entries that are no messages.
pub fn rev_of_seq(connection: &Connection, chat_id: ChatId, heads: Heads, seq: u64) -> Result<u64> {
    if seq > heads.seq {
        return Ok(heads.rev + 1);
    }
    let mut probe =
        connection.prepare_cached("SELECT seq FROM entries WHERE chat_id = ?1 AND rev = ?2")?;
    let mut low = seq.max(1);
    let mut high = low + (heads.rev - heads.seq);
    while low < high {
        let middle = low + (high - low) / 2;
        let at_middle = probe
            .query_row((chat_id.as_bytes(), signed(middle)), |row| number(row, 0))
            .optional()?;
        // Nothing there: beyond the end.
        if at_middle.is_none_or(|found| found >= seq) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}
