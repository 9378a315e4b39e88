//! Looking messages up: by id, by seq, and by what changed.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::client_ids::{ClientIds, Given};
use super::position::{chat_changed_rev, heads, rev_of_seq};
use super::row::{message, message_columns};
use crate::domain::message::Message;
use crate::id::{ChatId, MessageId, UserId};
use crate::storage::embedded::row::{number, signed};
use crate::storage::messages::{Changes, ChangesQuery, SeqRange};

const FIND: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM entries e WHERE e.message_id = ?1 AND e.type IS NOT NULL"
);

const FIND_BY_REV: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM entries e WHERE e.chat_id = ?1 AND e.rev = ?2"
);

/// Messages of a chat by rev, without what a viewer has hidden.
macro_rules! page {
    ($order:literal) => {
        concat!(
            "SELECT ",
            message_columns!(),
            " FROM entries e
             WHERE e.chat_id = ?1 AND e.rev >= ?2 AND e.rev < ?3 AND e.type IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM hidden h
                               WHERE h.user_id = ?4 AND h.message_id = e.message_id)
             ORDER BY e.rev ",
            $order,
            " LIMIT ?5"
        )
    };
}

/// Untouched messages by their own rev, touched ones by their last; both come out of an index in order.
const CHANGED: &str = concat!(
    "SELECT ",
    message_columns!(),
    ", e.rev AS place FROM entries e
     WHERE e.chat_id = ?1 AND e.rev > ?2 AND e.rev <= ?3 AND e.type IS NOT NULL
       AND e.last_rev IS NULL
       AND NOT EXISTS (SELECT 1 FROM hidden h
                       WHERE h.user_id = ?4 AND h.message_id = e.message_id)
     UNION ALL SELECT ",
    message_columns!(),
    ", e.last_rev AS place FROM entries e
     WHERE e.chat_id = ?1 AND e.last_rev IS NOT NULL AND e.last_rev > ?2 AND e.last_rev <= ?3
       AND NOT EXISTS (SELECT 1 FROM hidden h
                       WHERE h.user_id = ?4 AND h.message_id = e.message_id)
     ORDER BY place LIMIT ?5"
);

const COUNT_CHANGED: &str = "SELECT count(*) FROM (
    SELECT 1 FROM entries
    WHERE chat_id = ?1 AND rev > ?2 AND rev <= ?3 AND type IS NOT NULL AND last_rev IS NULL
    UNION ALL
    SELECT 1 FROM entries
    WHERE chat_id = ?1 AND last_rev IS NOT NULL AND last_rev > ?2 AND last_rev <= ?3
    LIMIT ?4)";

pub fn find(connection: &Connection, ids: &[MessageId]) -> Result<Vec<Message>> {
    let mut statement = connection.prepare_cached(FIND)?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(statement.query_row([id.as_bytes()], message).optional()?);
    }
    Ok(found)
}

pub fn find_by_client_ids(
    connection: &Connection,
    chat_id: ChatId,
    keys: &[(UserId, String)],
) -> Result<Vec<Message>> {
    let mut statement = connection.prepare_cached(FIND_BY_REV)?;
    let mut client_ids = ClientIds::open(connection)?;
    let mut found = Vec::with_capacity(keys.len());
    for (sender, client_id) in keys {
        let given = Given {
            chat_id,
            sender: *sender,
            client_id,
        };
        if let Some(rev) = client_ids.find(given)? {
            found.push(statement.query_row((chat_id.as_bytes(), signed(rev)), message)?);
        }
    }
    Ok(found)
}

pub fn page(
    connection: &Connection,
    viewer: UserId,
    chat_id: ChatId,
    range: SeqRange,
    limit: usize,
) -> Result<Vec<Message>> {
    let heads = heads(connection, chat_id)?;
    let from = match range.after {
        Some(seq) => rev_of_seq(connection, chat_id, heads, seq.saturating_add(1))?,
        None => 0,
    };
    let end = match range.before {
        Some(seq) => rev_of_seq(connection, chat_id, heads, seq)?,
        None => heads.rev + 1,
    };
    let next_after = range.after.is_some() && range.before.is_none();
    let sql = if next_after {
        page!("ASC")
    } else {
        page!("DESC")
    };
    let mut messages: Vec<Message> = connection
        .prepare_cached(sql)?
        .query_map(
            params![
                chat_id.as_bytes(),
                signed(from),
                signed(end),
                viewer.as_bytes(),
                rows(limit),
            ],
            message,
        )?
        .collect::<Result<_>>()?;
    if next_after {
        messages.reverse();
    }
    Ok(messages)
}

/// `revs`: after, not included, and up to. What shares the last rev comes together.
pub fn changed(
    connection: &Connection,
    viewer: UserId,
    chat_id: ChatId,
    revs: (u64, u64),
    limit: usize,
) -> Result<Vec<Message>> {
    let mut found = changed_to(connection, viewer, chat_id, revs, limit)?;
    if let Some(last) = found.last().map(|message| message.rev)
        && found.len() == limit
    {
        found.retain(|message| message.rev < last);
        let of_last = (last - 1, last);
        found.append(&mut changed_to(
            connection,
            viewer,
            chat_id,
            of_last,
            usize::MAX,
        )?);
    }
    Ok(found)
}

fn changed_to(
    connection: &Connection,
    viewer: UserId,
    chat_id: ChatId,
    revs: (u64, u64),
    limit: usize,
) -> Result<Vec<Message>> {
    connection
        .prepare_cached(CHANGED)?
        .query_map(
            params![
                chat_id.as_bytes(),
                signed(revs.0),
                signed(revs.1),
                viewer.as_bytes(),
                rows(limit),
            ],
            message,
        )?
        .collect()
}

pub fn count_changed(
    connection: &Connection,
    chat_id: ChatId,
    revs: (u64, u64),
    most: usize,
) -> Result<usize> {
    connection
        .prepare_cached(COUNT_CHANGED)?
        .query_row(
            params![
                chat_id.as_bytes(),
                signed(revs.0),
                signed(revs.1),
                rows(most)
            ],
            |row| number(row, 0),
        )
        .map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}

/// What changed in several chats; the messages only of those where no more than `most` did.
pub fn changes(
    connection: &Connection,
    viewer: UserId,
    chats: &[ChangesQuery],
    most: usize,
) -> Result<Vec<Changes>> {
    chats
        .iter()
        .map(|query| {
            let revs = (query.after, query.up_to);
            let count = count_changed(connection, query.chat_id, revs, most.saturating_add(1))?;
            let messages = match count > most {
                true => Vec::new(),
                false => changed(connection, viewer, query.chat_id, revs, query.limit)?,
            };
            Ok(Changes {
                chat_id: query.chat_id,
                count,
                messages,
                chat_changed_rev: chat_changed_rev(connection, query.chat_id)?,
            })
        })
        .collect()
}

fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
