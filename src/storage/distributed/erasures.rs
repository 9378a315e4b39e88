//! The `erasures` table, and how an account ends.

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::postgres::{Postgres, commit, failed, internal, signed, stored, time, uncertain};
use crate::clock::Timestamp;
use crate::domain::leaving::StoreWork;
use crate::id::UserId;
use crate::storage::StoreResult;
use crate::storage::erasures::{Erasure, ErasureStore};

const COLUMNS: &str = "user_id, requested_at, finished_at, states";

/// What only the account had, by the user's id.
const OWN: &[&str] = &[
    "DELETE FROM device_tokens WHERE user_id = $1",
    "DELETE FROM contacts WHERE user_id = $1 OR contact_user_id = $1",
    "DELETE FROM privacy_settings WHERE user_id = $1",
    "DELETE FROM synced_numbers WHERE user_id = $1",
    "DELETE FROM idempotency_keys WHERE user_id = $1",
    "DELETE FROM hidden_messages WHERE user_id = $1",
    "DELETE FROM starred_messages WHERE user_id = $1",
    "DELETE FROM exports WHERE user_id = $1",
    "DELETE FROM push_marks WHERE user_id = $1",
    "DELETE FROM push_inbox WHERE user_id = $1",
    "DELETE FROM user_log WHERE user_id = $1",
];

pub struct PostgresErasures(pub Postgres);

#[async_trait]
impl ErasureStore for PostgresErasures {
    async fn insert(
        &self,
        user_id: UserId,
        parts: Vec<StoreWork>,
        at: Timestamp,
    ) -> StoreResult<bool> {
        let mut client = self.0.client().await?;
        let transaction = client.transaction().await.map_err(failed)?;
        // No phone begins so, and what follows is the random part of the id.
        let end = "UPDATE users SET phone = '-' || right(replace(id::text, '-', ''), 19),
                       display_name = '', status_text = '', avatar_media_id = NULL,
                       deleted_at = $2, updated_at = $2
                   WHERE id = $1 AND deleted_at IS NULL";
        if run(&transaction, end, &[&user_id.0, &stored(at)]).await? == 0 {
            return Ok(false);
        }
        tidy(&transaction, user_id, at).await?;
        let insert = "INSERT INTO erasures (user_id, requested_at, states) VALUES ($1, $2, $3)";
        let states = states(&parts);
        run(&transaction, insert, &[&user_id.0, &stored(at), &states]).await?;
        commit(transaction).await?;
        Ok(true)
    }

    async fn find(&self, user_id: UserId) -> StoreResult<Option<Erasure>> {
        let mut found = self.select("WHERE user_id = $1", &[&user_id.0]).await?;
        Ok(found.pop())
    }

    async fn list_open(&self, limit: usize) -> StoreResult<Vec<Erasure>> {
        let open = "WHERE finished_at IS NULL ORDER BY requested_at LIMIT $1";
        self.select(open, &[&signed(limit as u64)]).await
    }

    async fn list(&self, limit: usize) -> StoreResult<Vec<Erasure>> {
        let all = "ORDER BY requested_at DESC LIMIT $1";
        self.select(all, &[&signed(limit as u64)]).await
    }

    async fn update(&self, erasure: Erasure) -> StoreResult<()> {
        let client = self.0.client().await?;
        let update = client
            .prepare_cached("UPDATE erasures SET finished_at = $2, states = $3 WHERE user_id = $1")
            .await
            .map_err(failed)?;
        let finished_at = erasure.finished_at.map(stored);
        let states = states(&erasure.parts);
        client
            .execute(&update, &[&erasure.user_id.0, &finished_at, &states])
            .await
            .map_err(uncertain)?;
        Ok(())
    }

    async fn tidy(&self, user_id: UserId, at: Timestamp) -> StoreResult<()> {
        let mut client = self.0.client().await?;
        let transaction = client.transaction().await.map_err(failed)?;
        tidy(&transaction, user_id, at).await?;
        commit(transaction).await
    }
}

impl PostgresErasures {
    async fn select(
        &self,
        which: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> StoreResult<Vec<Erasure>> {
        let client = self.0.client().await?;
        let query = client
            .prepare_cached(&format!("SELECT {COLUMNS} FROM erasures {which}"))
            .await
            .map_err(failed)?;
        let rows = client.query(&query, values).await.map_err(failed)?;
        rows.iter().map(read).collect()
    }
}

async fn run(
    transaction: &Transaction<'_>,
    sql: &str,
    values: &[&(dyn ToSql + Sync)],
) -> StoreResult<u64> {
    let statement = transaction.prepare_cached(sql).await.map_err(failed)?;
    transaction
        .execute(&statement, values)
        .await
        .map_err(failed)
}

async fn tidy(transaction: &Transaction<'_>, user_id: UserId, at: Timestamp) -> StoreResult<()> {
    // Who holds a user's row is alone in signing in a device of his.
    run(
        transaction,
        "UPDATE users SET updated_at = updated_at WHERE id = $1",
        &[&user_id.0],
    )
    .await?;
    run(
        transaction,
        "UPDATE refresh_tokens SET device_id = NULL, device_name = NULL, platform = NULL,
             revoked_at = coalesce(revoked_at, $2)
         WHERE user_id = $1",
        &[&user_id.0, &stored(at)],
    )
    .await?;
    for sql in OWN {
        run(transaction, sql, &[&user_id.0]).await?;
    }
    Ok(())
}

fn states(parts: &[StoreWork]) -> String {
    serde_json::to_string(parts).unwrap_or_default()
}

fn read(row: &Row) -> StoreResult<Erasure> {
    let states: &str = row.get(3);
    Ok(Erasure {
        user_id: UserId(row.get(0)),
        requested_at: time(row.get(1)),
        finished_at: row.get::<_, Option<_>>(2).map(time),
        parts: serde_json::from_str(states).map_err(|error| internal(error.to_string()))?,
    })
}
