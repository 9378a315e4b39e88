//! The table `idempotency_keys`, for calls other than making a chat.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::database::Database;
use crate::clock::Timestamp;
use crate::storage::StoreResult;
use crate::storage::idempotency::{IdempotencyStore, KEY_LIFE, Kept, KeyOf};

pub struct SqliteIdempotency(pub Database);

#[async_trait]
impl IdempotencyStore for SqliteIdempotency {
    async fn find(&self, key: KeyOf, at: Timestamp) -> StoreResult<Option<Vec<u8>>> {
        self.0
            .read(move |connection| find(connection, &key, at))
            .await
    }

    async fn insert(&self, key: KeyOf, answer: Vec<u8>, at: Timestamp) -> StoreResult<Kept> {
        self.0
            .write(move |connection| insert(connection, &key, &answer, at))
            .await
    }
}

fn find(connection: &Connection, key: &KeyOf, at: Timestamp) -> Result<Option<Vec<u8>>> {
    connection
        .prepare_cached(
            "SELECT answer FROM idempotency_keys
             WHERE user_id = ?1 AND call = ?2 AND key = ?3 AND created_at >= ?4",
        )?
        .query_row(
            params![
                key.user_id.as_bytes(),
                key.call,
                key.key,
                at.minus(KEY_LIFE).0
            ],
            |row| row.get(0),
        )
        .optional()
}

fn insert(connection: &Connection, key: &KeyOf, answer: &[u8], at: Timestamp) -> Result<Kept> {
    if let Some(answer) = find(connection, key, at)? {
        return Ok(Kept {
            answer,
            is_repeat: true,
        });
    }
    connection
        .prepare_cached("DELETE FROM idempotency_keys WHERE created_at < ?1")?
        .execute([at.minus(KEY_LIFE).0])?;
    connection
        .prepare_cached(
            "INSERT INTO idempotency_keys (user_id, call, key, answer, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            key.user_id.as_bytes(),
            key.call,
            key.key,
            answer,
            at.0
        ])?;
    Ok(Kept {
        answer: answer.to_vec(),
        is_repeat: false,
    })
}
