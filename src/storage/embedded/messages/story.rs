//! The entries about one message, and where their rows of the outbox are.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::clock::Timestamp;
use crate::domain::message::Message;
use crate::storage::embedded::row::{number, optional_id, optional_time, signed, time};
use crate::storage::story::{Publication, StoryEntry};

const OWN: &str = "SELECT rev, at, actor_id, change FROM entries
    WHERE message_id = ?1 AND type IS NOT NULL";

/// What names it, and what changed it last, which may be the end of its sender's account.
const ABOUT: &str = "SELECT rev, at, actor_id, change FROM entries
        WHERE message_id = ?1 AND type IS NULL AND message_id IS NOT NULL
    UNION SELECT rev, at, actor_id, change FROM entries
        WHERE chat_id = ?2 AND rev = ?3 AND type IS NULL
    ORDER BY rev DESC LIMIT ?4";

/// Read through once, without an index: the outbox holds a quarter of an hour, and only operators ask.
const OUTBOX: &str = "SELECT first_rev, last_rev, published_at FROM outbox
    WHERE chat_id = ?1 AND last_rev >= ?2";

pub fn of(connection: &Connection, message: &Message, limit: usize) -> Result<Vec<StoryEntry>> {
    let about = params![
        message.id.as_bytes(),
        message.chat_id.as_bytes(),
        signed(message.rev),
        i64::try_from(limit.saturating_sub(1)).unwrap_or(i64::MAX)
    ];
    let mut entries: Vec<StoryEntry> = connection
        .prepare_cached(ABOUT)?
        .query_map(about, entry)?
        .collect::<Result<_>>()?;
    let mut own = connection.prepare_cached(OWN)?;
    entries.extend(own.query_row([message.id.as_bytes()], entry).optional()?);
    entries.reverse();
    let first = entries.first().map_or(0, |entry| entry.rev);
    let place = params![message.chat_id.as_bytes(), signed(first)];
    let outbox: Vec<(u64, u64, Option<Timestamp>)> = connection
        .prepare_cached(OUTBOX)?
        .query_map(place, |row| {
            Ok((number(row, 0)?, number(row, 1)?, optional_time(row, 2)?))
        })?
        .collect::<Result<_>>()?;
    for entry in &mut entries {
        let holds = |(first, last, _): &&(u64, u64, _)| (*first..=*last).contains(&entry.rev);
        entry.outbox = match outbox.iter().find(holds) {
            Some((_, _, None)) => Publication::Waiting,
            Some((_, _, published)) => Publication::Published(*published),
            None => Publication::Forgotten,
        };
    }
    Ok(entries)
}

fn entry(row: &Row<'_>) -> Result<StoryEntry> {
    Ok(StoryEntry {
        rev: number(row, 0)?,
        at: time(row, 1)?,
        actor: optional_id(row, 2)?,
        change: row.get(3)?,
        outbox: Publication::Forgotten,
    })
}
