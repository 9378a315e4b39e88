//! The `erasures` table, and how an account ends.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use super::database::Database;
use super::row;
use crate::clock::Timestamp;
use crate::domain::leaving::StoreWork;
use crate::id::UserId;
use crate::storage::StoreResult;
use crate::storage::erasures::{Erasure, ErasureStore};

const COLUMNS: &str = "user_id, requested_at, finished_at, states";

/// What only the account had, by the user's id.
const OWN: &[&str] = &[
    "DELETE FROM devices WHERE user_id = ?1",
    "DELETE FROM contacts WHERE user_id = ?1 OR contact_user_id = ?1",
    "DELETE FROM privacy_settings WHERE user_id = ?1",
    "DELETE FROM synced_numbers WHERE user_id = ?1",
    "DELETE FROM tickets WHERE user_id = ?1",
    "DELETE FROM idempotency_keys WHERE user_id = ?1",
    "DELETE FROM hidden WHERE user_id = ?1",
    "DELETE FROM stars WHERE user_id = ?1",
    "DELETE FROM presence WHERE user_id = ?1",
    "DELETE FROM exports WHERE user_id = ?1",
    "DELETE FROM push_marks WHERE user_id = ?1",
    "DELETE FROM push_inbox WHERE user_id = ?1",
    "DELETE FROM user_log WHERE user_id = ?1",
];

pub struct SqliteErasures(pub Database);

#[async_trait]
impl ErasureStore for SqliteErasures {
    async fn insert(
        &self,
        user_id: UserId,
        parts: Vec<StoreWork>,
        at: Timestamp,
    ) -> StoreResult<bool> {
        let states = states(&parts);
        self.0
            .write(move |connection| end(connection, user_id, &states, at))
            .await
    }

    async fn find(&self, user_id: UserId) -> StoreResult<Option<Erasure>> {
        self.0
            .read(move |connection| {
                connection
                    .prepare_cached(&format!(
                        "SELECT {COLUMNS} FROM erasures WHERE user_id = ?1"
                    ))?
                    .query_row([user_id.as_bytes()], read)
                    .optional()
            })
            .await
    }

    async fn list_open(&self, limit: usize) -> StoreResult<Vec<Erasure>> {
        self.select("WHERE finished_at IS NULL ORDER BY requested_at", limit)
            .await
    }

    async fn list(&self, limit: usize) -> StoreResult<Vec<Erasure>> {
        self.select("ORDER BY requested_at DESC", limit).await
    }

    async fn update(&self, erasure: Erasure) -> StoreResult<()> {
        let states = states(&erasure.parts);
        self.0
            .write(move |connection| {
                let finished_at = erasure.finished_at.map(|at| at.0);
                let update = "UPDATE erasures SET finished_at = ?2, states = ?3 WHERE user_id = ?1";
                let id = erasure.user_id;
                run(
                    connection,
                    update,
                    params![id.as_bytes(), finished_at, states],
                )
            })
            .await
    }

    async fn tidy(&self, user_id: UserId, at: Timestamp) -> StoreResult<()> {
        self.0
            .write(move |connection| tidy(connection, user_id, at))
            .await
    }
}

impl SqliteErasures {
    async fn select(&self, which: &'static str, limit: usize) -> StoreResult<Vec<Erasure>> {
        self.0
            .read(move |connection| {
                connection
                    .prepare_cached(&format!("SELECT {COLUMNS} FROM erasures {which} LIMIT ?1"))?
                    .query_map([row::signed(limit as u64)], read)?
                    .collect()
            })
            .await
    }
}

fn run(connection: &Connection, sql: &str, values: impl Params) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute(values).map(|_| ())
}

fn end(
    connection: &Connection,
    user_id: UserId,
    states: &str,
    at: Timestamp,
) -> rusqlite::Result<bool> {
    let id = user_id.as_bytes();
    run(
        connection,
        "DELETE FROM codes WHERE phone = (SELECT phone FROM users WHERE id = ?1)",
        [id],
    )?;
    // No phone begins so, and what follows is the random part of the id.
    let ended = connection
        .prepare_cached(
            "UPDATE users SET phone = '-' || lower(substr(hex(id), 14)), display_name = '',
                 status_text = '', avatar_media_id = NULL, deleted_at = ?2, updated_at = ?2
             WHERE id = ?1 AND deleted_at IS NULL",
        )?
        .execute(params![id, at.0])?;
    if ended == 0 {
        return Ok(false);
    }
    tidy(connection, user_id, at)?;
    let insert = "INSERT INTO erasures (user_id, requested_at, states) VALUES (?1, ?2, ?3)";
    run(connection, insert, params![id, at.0, states])?;
    Ok(true)
}

fn tidy(connection: &Connection, user_id: UserId, at: Timestamp) -> rusqlite::Result<()> {
    let id = user_id.as_bytes();
    run(
        connection,
        "UPDATE sessions SET revoked_at = ?2 WHERE user_id = ?1 AND revoked_at IS NULL",
        params![id, at.0],
    )?;
    run(
        connection,
        "UPDATE sessions SET device_id = NULL, device_name = NULL, platform = NULL
         WHERE user_id = ?1",
        [id],
    )?;
    OWN.iter().try_for_each(|sql| run(connection, sql, [id]))
}

fn states(parts: &[StoreWork]) -> String {
    serde_json::to_string(parts).unwrap_or_default()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Erasure> {
    let states: String = row.get(3)?;
    Ok(Erasure {
        user_id: row::id(row, 0)?,
        requested_at: row::time(row, 1)?,
        finished_at: row::optional_time(row, 2)?,
        parts: serde_json::from_str(&states).map_err(|error| row::broken(3, error))?,
    })
}
