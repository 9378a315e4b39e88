//! The table `idempotency_keys`, for calls other than making a chat.

use async_trait::async_trait;

use super::postgres::{Postgres, failed, internal, stored, uncertain};
use crate::clock::Timestamp;
use crate::storage::StoreResult;
use crate::storage::idempotency::{IdempotencyStore, KEY_LIFE, Kept, KeyOf};

const FIND: &str = "SELECT answer FROM idempotency_keys
     WHERE user_id = $1 AND call = $2 AND key = $3 AND created_at >= $4";

/// A key that lived too long is taken over.
const INSERT: &str = "INSERT INTO idempotency_keys (user_id, call, key, answer, created_at)
     VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (user_id, call, key)
     DO UPDATE SET answer = excluded.answer, created_at = excluded.created_at
     WHERE idempotency_keys.created_at < $6";

/// Whoever else forgets keys just now is not waited for.
const FORGET: &str = "DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
         SELECT ctid FROM idempotency_keys WHERE call = $1 AND created_at < $2
         ORDER BY created_at LIMIT 100 FOR UPDATE SKIP LOCKED))";

pub struct PostgresIdempotency(pub Postgres);

#[async_trait]
impl IdempotencyStore for PostgresIdempotency {
    async fn find(&self, key: KeyOf, at: Timestamp) -> StoreResult<Option<Vec<u8>>> {
        let client = self.0.client().await?;
        let query = client.prepare_cached(FIND).await.map_err(failed)?;
        let since = stored(at.minus(KEY_LIFE));
        let row = client
            .query_opt(&query, &[&key.user_id.0, &key.call, &key.key, &since])
            .await
            .map_err(failed)?;
        Ok(row.map(|row| row.get(0)))
    }

    async fn insert(&self, key: KeyOf, answer: Vec<u8>, at: Timestamp) -> StoreResult<Kept> {
        let since = stored(at.minus(KEY_LIFE));
        let (user, call, name) = (&key.user_id.0, &key.call, &key.key);
        let inserted = {
            let client = self.0.client().await?;
            let insert = client.prepare_cached(INSERT).await.map_err(failed)?;
            let inserted = client
                .execute(&insert, &[user, call, name, &answer, &stored(at), &since])
                .await
                .map_err(uncertain)?;
            if let Ok(forget) = client.prepare_cached(FORGET).await {
                let _ = client.execute(&forget, &[call, &since]).await;
            }
            inserted
        };
        if inserted > 0 {
            return Ok(Kept {
                answer,
                is_repeat: false,
            });
        }
        let found = self.find(key, at).await?;
        let answer = found.ok_or_else(|| internal("a key without an answer".to_owned()))?;
        Ok(Kept {
            answer,
            is_repeat: true,
        })
    }
}
