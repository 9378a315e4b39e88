//! The `device_tokens` table: push tokens.

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use sha2::{Digest, Sha256};
use tokio_postgres::Row;
use uuid::Uuid;

use super::postgres::{Postgres, commit, failed, internal, signed, stored, time, uncertain};
use crate::domain::user::Platform;
use crate::id::{ChatId, DeviceId, SessionId, UserId};
use crate::storage::StoreResult;
use crate::storage::devices::{Device, DeviceStore};

const COLUMNS: &str = "id, user_id, session_id, token, platform, created_at";
/// Most tokens of one session; the oldest goes.
const TOKENS_PER_SESSION: i64 = 10;

fn read(row: &Row) -> StoreResult<Device> {
    let platform: &str = row.get(4);
    Ok(Device {
        id: DeviceId(row.get(0)),
        user_id: UserId(row.get(1)),
        session_id: SessionId(row.get(2)),
        token: row.get(3),
        platform: Platform::parse(platform)
            .ok_or_else(|| internal(format!("an unknown platform: {platform}")))?,
        created_at: time(row.get(5)),
    })
}

pub struct PostgresDevices(pub Postgres);

#[async_trait]
impl DeviceStore for PostgresDevices {
    async fn insert(&self, device: Device) -> StoreResult<Option<Device>> {
        let mut client = self.0.client().await?;
        let transaction = client.transaction().await.map_err(failed)?;
        if !lock_session(&transaction, &device).await? {
            return Ok(None);
        }
        let device = keep(&transaction, &device).await?;
        trim(&transaction, &device).await?;
        commit(transaction).await?;
        Ok(Some(device))
    }

    async fn list(
        &self,
        user_id: UserId,
        after: Option<DeviceId>,
        limit: usize,
    ) -> StoreResult<Vec<Device>> {
        let client = self.0.client().await?;
        let query = client
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM device_tokens
                 WHERE user_id = $1 AND token IS NOT NULL AND ($2::uuid IS NULL OR id > $2)
                 ORDER BY id LIMIT $3"
            ))
            .await
            .map_err(failed)?;
        let after = after.map(|id| id.0);
        let rows = client
            .query(&query, &[&user_id.0, &after, &signed(limit as u64)])
            .await
            .map_err(failed)?;
        rows.iter().map(read).collect()
    }

    async fn remove(&self, user_id: UserId, device_id: DeviceId) -> StoreResult<bool> {
        let client = self.0.client().await?;
        let update = client
            .prepare_cached(
                "UPDATE device_tokens SET token = NULL, token_hash = NULL
                 WHERE id = $1 AND user_id = $2",
            )
            .await
            .map_err(failed)?;
        let rows = client
            .execute(&update, &[&device_id.0, &user_id.0])
            .await
            .map_err(uncertain)?;
        Ok(rows == 1)
    }

    async fn is_any(&self) -> StoreResult<bool> {
        let client = self.0.client().await?;
        let query = client
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM device_tokens WHERE token_hash IS NOT NULL)",
            )
            .await
            .map_err(failed)?;
        let row = client.query_one(&query, &[]).await.map_err(failed)?;
        Ok(row.get(0))
    }

    async fn list_reachable(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, UserId)>> {
        let ids: Vec<Uuid> = chat_ids.iter().map(|id| id.0).collect();
        let client = self.0.client().await?;
        let query = client
            .prepare_cached(
                "SELECT p.chat_id, p.user_id FROM chat_participants p
                 WHERE p.chat_id = ANY($1) AND p.left_seq IS NULL AND EXISTS (
                     SELECT FROM device_tokens d
                     WHERE d.user_id = p.user_id AND d.token IS NOT NULL)",
            )
            .await
            .map_err(failed)?;
        let rows = client.query(&query, &[&ids]).await.map_err(failed)?;
        let place = |row: &Row| (ChatId(row.get(0)), UserId(row.get(1)));
        Ok(rows.iter().map(place).collect())
    }

    async fn list_all(&self, user_ids: Vec<UserId>) -> StoreResult<Vec<Device>> {
        let ids: Vec<Uuid> = user_ids.iter().map(|id| id.0).collect();
        let client = self.0.client().await?;
        let query = client
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM device_tokens
                 WHERE user_id = ANY($1) AND token IS NOT NULL"
            ))
            .await
            .map_err(failed)?;
        let rows = client.query(&query, &[&ids]).await.map_err(failed)?;
        rows.iter().map(read).collect()
    }
}

/// Whether the session is there and not revoked. Its lock makes a revocation wait, which then
/// removes this device too.
async fn lock_session(transaction: &Transaction<'_>, device: &Device) -> StoreResult<bool> {
    let lock = transaction
        .prepare_cached(
            "SELECT FROM refresh_tokens
             WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL FOR NO KEY UPDATE",
        )
        .await
        .map_err(failed)?;
    let row = transaction
        .query_opt(&lock, &[&device.session_id.0, &device.user_id.0])
        .await
        .map_err(failed)?;
    Ok(row.is_some())
}

/// Keeps the token: under the id it had if it was the same account's, else as a new device.
async fn keep(transaction: &Transaction<'_>, device: &Device) -> StoreResult<Device> {
    let insert = transaction
        .prepare_cached(&format!(
            "INSERT INTO device_tokens AS former ({COLUMNS}, token_hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (token_hash) DO UPDATE SET
                 id = CASE WHEN former.user_id = $2 THEN former.id ELSE $1 END,
                 created_at = CASE WHEN former.user_id = $2 THEN former.created_at ELSE $6 END,
                 user_id = $2, session_id = $3, platform = $5
             RETURNING {COLUMNS}"
        ))
        .await
        .map_err(failed)?;
    let row = transaction
        .query_one(
            &insert,
            &[
                &device.id.0,
                &device.user_id.0,
                &device.session_id.0,
                &device.token,
                &device.platform.as_str(),
                &stored(device.created_at),
                &Sha256::digest(&device.token).as_slice(),
            ],
        )
        .await
        .map_err(failed)?;
    read(&row)
}

async fn trim(transaction: &Transaction<'_>, device: &Device) -> StoreResult<()> {
    let delete = transaction
        .prepare_cached(
            "DELETE FROM device_tokens WHERE session_id = $1 AND id <> $2 AND id NOT IN
               (SELECT id FROM device_tokens WHERE session_id = $1 ORDER BY id DESC LIMIT $3)",
        )
        .await
        .map_err(failed)?;
    transaction
        .execute(
            &delete,
            &[&device.session_id.0, &device.id.0, &TOKENS_PER_SESSION],
        )
        .await
        .map_err(failed)?;
    Ok(())
}
