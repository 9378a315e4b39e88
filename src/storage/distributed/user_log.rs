//! The `user_log` table. Stores call [`append`] inside the transaction of the change itself.

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use tokio_postgres::Error;
use uuid::Uuid;

use super::postgres::{Postgres, failed, internal, number, signed};
use crate::id::UserId;
use crate::storage::StoreResult;
use crate::storage::user_log::{Topic, UserLogEntry, UserLogStore};

/// Logs the latest state of a topic and key in the log of each of these people, and answers each
/// log's new rev. Who is not there is left out.
///
/// The user's row is the counter and its lock the fence, so a log is dense whatever else writes.
/// Rows are locked in the order of their ids, so that two such calls never wait for each other.
pub async fn append(
    transaction: &Transaction<'_>,
    user_ids: &[UserId],
    topic: Topic,
    key: &str,
    value_json: &str,
) -> Result<Vec<(UserId, u64)>, Error> {
    let ids: Vec<Uuid> = user_ids.iter().map(|id| id.0).collect();
    let lock = transaction
        .prepare_cached("SELECT FROM users WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE")
        .await?;
    transaction.query(&lock, &[&ids]).await?;
    let log = transaction
        .prepare_cached(
            "WITH numbered AS (
                 UPDATE users SET me_rev = me_rev + 1 WHERE id = ANY($1) RETURNING id, me_rev
             )
             INSERT INTO user_log (user_id, topic, key, rev, value)
             SELECT id, $2, $3, me_rev, $4 FROM numbered
             ON CONFLICT (user_id, topic, key)
             DO UPDATE SET rev = excluded.rev, value = excluded.value
             RETURNING user_id, rev",
        )
        .await?;
    let rows = transaction
        .query(&log, &[&ids, &topic.as_str(), &key, &value_json])
        .await?;
    Ok(rows
        .iter()
        .map(|row| (UserId(row.get(0)), number(row.get(1))))
        .collect())
}

/// Logs a topic that has no key and is read from its own store, and answers the log's new rev.
pub async fn note(
    transaction: &Transaction<'_>,
    user_id: UserId,
    topic: Topic,
) -> StoreResult<u64> {
    let revs = append(transaction, &[user_id], topic, "", "null")
        .await
        .map_err(failed)?;
    match revs.first() {
        Some((_, rev)) => Ok(*rev),
        None => Err(internal(format!("a log of nobody: {user_id}"))),
    }
}

/// The table as the actors see it.
pub struct PostgresUserLog(pub Postgres);

#[async_trait]
impl UserLogStore for PostgresUserLog {
    async fn head(&self, user_id: UserId) -> StoreResult<u64> {
        let heads = self.heads(vec![user_id]).await?;
        Ok(heads.first().map_or(0, |(_, rev)| *rev))
    }

    async fn heads(&self, user_ids: Vec<UserId>) -> StoreResult<Vec<(UserId, u64)>> {
        let ids: Vec<Uuid> = user_ids.iter().map(|id| id.0).collect();
        let client = self.0.client().await?;
        let query = client
            .prepare_cached("SELECT id, me_rev FROM users WHERE id = ANY($1)")
            .await
            .map_err(failed)?;
        let rows = client.query(&query, &[&ids]).await.map_err(failed)?;
        Ok(rows
            .iter()
            .map(|row| (UserId(row.get(0)), number(row.get(1))))
            .collect())
    }

    async fn list(
        &self,
        user_id: UserId,
        after: u64,
        limit: usize,
    ) -> StoreResult<Vec<UserLogEntry>> {
        let client = self.0.client().await?;
        let query = client
            .prepare_cached(
                "SELECT rev, topic, key, value FROM user_log
                 WHERE user_id = $1 AND rev > $2 ORDER BY rev LIMIT $3",
            )
            .await
            .map_err(failed)?;
        let rows = client
            .query(&query, &[&user_id.0, &signed(after), &signed(limit as u64)])
            .await
            .map_err(failed)?;
        rows.iter()
            .map(|row| {
                let topic: &str = row.get(1);
                Ok(UserLogEntry {
                    rev: number(row.get(0)),
                    topic: Topic::parse(topic)
                        .ok_or_else(|| internal(format!("an unknown topic: {topic}")))?,
                    key: row.get(2),
                    value: row.get(3),
                })
            })
            .collect()
    }
}
