//! The entries that rows of the outbox name, as they tell what happened.

use rusqlite::{Connection, Result, Row};

use super::row::kind;
use crate::storage::embedded::row::{id, json, number, optional_id, signed, time};
use crate::storage::log::{Logged, change_of};
use crate::storage::messages::OutboxEntry;

/// The payload of a system message alone: what people wrote goes no further.
const NAMED: &str = "SELECT chat_id, rev, seq, at, actor_id, change, message_id, type,
        CASE change WHEN 'acted' THEN payload END
    FROM entries WHERE chat_id = ?1 AND rev BETWEEN ?2 AND ?3 ORDER BY rev";

pub fn named(connection: &Connection, rows: &[OutboxEntry]) -> Result<Vec<Logged>> {
    let mut statement = connection.prepare_cached(NAMED)?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let range = (
            row.chat_id.as_bytes(),
            signed(row.first_rev),
            signed(row.last_rev),
        );
        for entry in statement.query_map(range, logged)? {
            all.push(entry?);
        }
    }
    Ok(all)
}

fn logged(row: &Row<'_>) -> Result<Logged> {
    let change: String = row.get(5)?;
    let is_message = row.get_ref(7)?.as_str_or_null()?.is_some();
    let kind = is_message.then(|| kind(row, 7)).transpose()?;
    let is_told = row.get_ref(8)?.as_str_or_null()?.is_some();
    let payload = is_told.then(|| json(row, 8)).transpose()?;
    let message = optional_id(row, 6)?.map(|message_id| (message_id, kind));
    Ok(Logged {
        chat_id: id(row, 0)?,
        rev: number(row, 1)?,
        seq: number(row, 2)?,
        at: time(row, 3)?,
        actor: optional_id(row, 4)?,
        what: change_of(&change, message, payload),
    })
}
