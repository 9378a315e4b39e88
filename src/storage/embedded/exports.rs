//! The `exports` table.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::database::Database;
use super::row;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::storage::StoreResult;
use crate::storage::exports::{Export, ExportStore};

const COLUMNS: &str = "user_id, requested_at, finished_at, archive_id, states";

pub struct SqliteExports(pub Database);

#[async_trait]
impl ExportStore for SqliteExports {
    async fn insert(&self, export: Export, since: Timestamp) -> StoreResult<Export> {
        self.0
            .write(move |connection| insert(connection, &export, since))
            .await
    }

    async fn find(&self, user_id: UserId) -> StoreResult<Option<Export>> {
        self.0
            .read(move |connection| find(connection, user_id))
            .await
    }

    async fn list_open(&self, limit: usize) -> StoreResult<Vec<Export>> {
        self.0
            .read(move |connection| {
                connection
                    .prepare_cached(&format!(
                        "SELECT {COLUMNS} FROM exports WHERE finished_at IS NULL
                         ORDER BY requested_at LIMIT ?1"
                    ))?
                    .query_map([row::signed(limit as u64)], read)?
                    .collect()
            })
            .await
    }

    async fn update(&self, export: Export) -> StoreResult<()> {
        self.0
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "UPDATE exports SET finished_at = ?2, archive_id = ?3, states = ?4
                         WHERE user_id = ?1",
                    )?
                    .execute(params![
                        export.user_id.as_bytes(),
                        export.finished_at.map(|at| at.0),
                        export.archive_id.map(|id| id.0.into_bytes()),
                        states(&export),
                    ])
                    .map(|_| ())
            })
            .await
    }
}

fn insert(connection: &Connection, export: &Export, since: Timestamp) -> rusqlite::Result<Export> {
    connection
        .prepare_cached(
            "INSERT INTO exports (user_id, requested_at, states) VALUES (?1, ?2, ?3)
             ON CONFLICT (user_id) DO UPDATE
             SET requested_at = excluded.requested_at, finished_at = NULL, archive_id = NULL,
                 states = excluded.states
             WHERE finished_at <= ?4",
        )?
        .execute(params![
            export.user_id.as_bytes(),
            export.requested_at.0,
            states(export),
            since.0
        ])?;
    find(connection, export.user_id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

fn find(connection: &Connection, user_id: UserId) -> rusqlite::Result<Option<Export>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM exports WHERE user_id = ?1"))?
        .query_row([user_id.as_bytes()], read)
        .optional()
}

fn states(export: &Export) -> String {
    serde_json::to_string(&export.parts).unwrap_or_default()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Export> {
    let states: String = row.get(4)?;
    Ok(Export {
        user_id: row::id(row, 0)?,
        requested_at: row::time(row, 1)?,
        finished_at: row::optional_time(row, 2)?,
        archive_id: row::optional_id(row, 3)?,
        parts: serde_json::from_str(&states).map_err(|error| row::broken(4, error))?,
    })
}
