//! The `exports` table.

use async_trait::async_trait;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::postgres::{Postgres, failed, internal, signed, stored, time, uncertain};
use crate::clock::Timestamp;
use crate::id::{MediaId, UserId};
use crate::storage::StoreResult;
use crate::storage::exports::{Export, ExportStore};

const COLUMNS: &str = "user_id, requested_at, finished_at, archive_id, states";

pub struct PostgresExports(pub Postgres);

#[async_trait]
impl ExportStore for PostgresExports {
    async fn insert(&self, export: Export, since: Timestamp) -> StoreResult<Export> {
        self.execute(
            "INSERT INTO exports (user_id, requested_at, states) VALUES ($1, $2, $3)
             ON CONFLICT (user_id) DO UPDATE
             SET requested_at = excluded.requested_at, finished_at = NULL, archive_id = NULL,
                 states = excluded.states
             WHERE exports.finished_at <= $4",
            &[
                &export.user_id.0,
                &stored(export.requested_at),
                &states(&export),
                &stored(since),
            ],
        )
        .await?;
        let found = self.find(export.user_id).await?;
        found.ok_or_else(|| internal("an archive went while it was asked for".to_owned()))
    }

    async fn find(&self, user_id: UserId) -> StoreResult<Option<Export>> {
        let mut found = self.select("WHERE user_id = $1", &[&user_id.0]).await?;
        Ok(found.pop())
    }

    async fn list_open(&self, limit: usize) -> StoreResult<Vec<Export>> {
        let open = "WHERE finished_at IS NULL ORDER BY requested_at LIMIT $1";
        self.select(open, &[&signed(limit as u64)]).await
    }

    async fn update(&self, export: Export) -> StoreResult<()> {
        self.execute(
            "UPDATE exports SET finished_at = $2, archive_id = $3, states = $4 WHERE user_id = $1",
            &[
                &export.user_id.0,
                &export.finished_at.map(stored),
                &export.archive_id.map(|id| id.0),
                &states(&export),
            ],
        )
        .await
    }
}

impl PostgresExports {
    async fn execute(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> StoreResult<()> {
        let client = self.0.client().await?;
        let statement = client.prepare_cached(sql).await.map_err(failed)?;
        client
            .execute(&statement, values)
            .await
            .map_err(uncertain)?;
        Ok(())
    }

    async fn select(
        &self,
        which: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> StoreResult<Vec<Export>> {
        let client = self.0.client().await?;
        let query = client
            .prepare_cached(&format!("SELECT {COLUMNS} FROM exports {which}"))
            .await
            .map_err(failed)?;
        let rows = client.query(&query, values).await.map_err(failed)?;
        rows.iter().map(read).collect()
    }
}

fn states(export: &Export) -> String {
    serde_json::to_string(&export.parts).unwrap_or_default()
}

fn read(row: &Row) -> StoreResult<Export> {
    let states: &str = row.get(4);
    Ok(Export {
        user_id: UserId(row.get(0)),
        requested_at: time(row.get(1)),
        finished_at: row.get::<_, Option<_>>(2).map(time),
        archive_id: row.get::<_, Option<Uuid>>(3).map(MediaId),
        parts: serde_json::from_str(states).map_err(|error| internal(error.to_string()))?,
    })
}
