//! The outbox: one row per chat and commit, in the order of commits.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::clock::Timestamp;
use crate::storage::embedded::row::{id, number, time};
use crate::storage::messages::OutboxEntry;

/// Most rows that one write removes, so that no commit waits long for it.
pub const REMOVED_AT_ONCE: usize = 5_000;
/// How much later than its own time an entry may have been committed.
const COMMIT_DELAY: Duration = Duration::from_secs(15);

/// `published` remembers how far everything is, so that no index of the rest is needed.
pub fn unpublished(
    connection: &Connection,
    published: &AtomicI64,
    limit: usize,
) -> Result<Vec<OutboxEntry>> {
    let newest: i64 = connection
        .prepare_cached("SELECT coalesce(max(position), 0) FROM outbox")?
        .query_row([], |row| row.get(0))?;
    let entries: Vec<OutboxEntry> = connection
        .prepare_cached(
            "SELECT position, chat_id, first_rev, last_rev, head_seq, at FROM outbox
             WHERE position > ?1 AND published_at IS NULL ORDER BY position LIMIT ?2",
        )?
        .query_map(
            params![
                published.load(Ordering::Relaxed),
                i64::try_from(limit).unwrap_or(i64::MAX)
            ],
            entry,
        )?
        .collect::<Result<_>>()?;
    let done = entries.first().map_or(newest, |first| first.position - 1);
    published.fetch_max(done, Ordering::Relaxed);
    Ok(entries)
}

pub fn mark_published(
    connection: &Connection,
    mut positions: Vec<i64>,
    at: Timestamp,
) -> Result<()> {
    positions.sort_unstable();
    let mut mark = connection.prepare_cached(
        "UPDATE outbox SET published_at = ?3
         WHERE position BETWEEN ?1 AND ?2 AND published_at IS NULL",
    )?;
    for run in positions.chunk_by(|one, next| next - one <= 1) {
        if let (Some(first), Some(last)) = (run.first(), run.last()) {
            mark.execute(params![first, last, at.0])?;
        }
    }
    Ok(())
}

/// Reads back from the newest, whose times rise but for what commits were late.
pub fn since(connection: &Connection, since: Timestamp) -> Result<Vec<OutboxEntry>> {
    let oldest = since.minus(COMMIT_DELAY);
    let mut statement = connection.prepare_cached(
        "SELECT position, chat_id, first_rev, last_rev, head_seq, at FROM outbox
         ORDER BY position DESC",
    )?;
    let mut rows = statement.query([])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let entry = entry(row)?;
        if entry.at < oldest {
            break;
        }
        if entry.at >= since {
            entries.push(entry);
        }
    }
    entries.reverse();
    Ok(entries)
}

/// Removes at most [`REMOVED_AT_ONCE`] rows, never the newest.
pub fn remove(connection: &Connection, before: Timestamp) -> Result<usize> {
    let first_kept: Option<i64> = connection
        .prepare_cached("SELECT position FROM outbox WHERE at >= ?1 ORDER BY position LIMIT 1")?
        .query_row([before.0], |row| row.get(0))
        .optional()?;
    connection
        .prepare_cached(
            "DELETE FROM outbox WHERE position IN (
                 SELECT position FROM outbox
                 WHERE published_at IS NOT NULL
                   AND position < min(?1, (SELECT max(position) FROM outbox))
                 ORDER BY position LIMIT ?2)",
        )?
        .execute(params![
            first_kept.unwrap_or(i64::MAX),
            i64::try_from(REMOVED_AT_ONCE).unwrap_or(i64::MAX)
        ])
}

fn entry(row: &Row<'_>) -> Result<OutboxEntry> {
    Ok(OutboxEntry {
        position: row.get(0)?,
        chat_id: id(row, 1)?,
        first_rev: number(row, 2)?,
        last_rev: number(row, 3)?,
        head_seq: number(row, 4)?,
        at: time(row, 5)?,
    })
}
