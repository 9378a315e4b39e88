//! The `user_log` table. Stores call [`append`] inside the transaction of the change itself.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};

use super::database::Database;
use super::row;
use crate::id::UserId;
use crate::storage::StoreResult;
use crate::storage::user_log::{Topic, UserLogEntry, UserLogStore};

/// Logs the latest state of a topic and key, and answers the log's new rev.
///
/// The user's row is the counter, so the log is dense whatever else writes at the same time.
/// Fails with `QueryReturnedNoRows` for a user who is not there.
pub fn append(
    connection: &Connection,
    user_id: UserId,
    topic: Topic,
    key: &str,
    value_json: &str,
) -> rusqlite::Result<u64> {
    let rev: u64 = connection
        .prepare_cached("UPDATE users SET me_rev = me_rev + 1 WHERE id = ?1 RETURNING me_rev")?
        .query_row([user_id.as_bytes()], |row| row::number(row, 0))?;
    connection
        .prepare_cached(
            "INSERT INTO user_log (user_id, topic, key, rev, value) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (user_id, topic, key)
             DO UPDATE SET rev = excluded.rev, value = excluded.value",
        )?
        .execute(params![
            user_id.as_bytes(),
            topic.as_str(),
            key,
            row::signed(rev),
            value_json
        ])?;
    Ok(rev)
}

/// The table as the actors see it.
pub struct SqliteUserLog(pub Database);

#[async_trait]
impl UserLogStore for SqliteUserLog {
    async fn head(&self, user_id: UserId) -> StoreResult<u64> {
        self.0
            .read(move |connection| {
                connection
                    .prepare_cached("SELECT me_rev FROM users WHERE id = ?1")?
                    .query_row([user_id.as_bytes()], |row| row::number(row, 0))
                    .optional()
                    .map(|rev: Option<u64>| rev.unwrap_or(0))
            })
            .await
    }

    async fn heads(&self, user_ids: Vec<UserId>) -> StoreResult<Vec<(UserId, u64)>> {
        self.0
            .read(move |connection| {
                let mut query =
                    connection.prepare_cached("SELECT me_rev FROM users WHERE id = ?1")?;
                let mut heads = Vec::with_capacity(user_ids.len());
                for user_id in user_ids {
                    let rev = query
                        .query_row([user_id.as_bytes()], |row| row::number(row, 0))
                        .optional()?;
                    heads.extend(rev.map(|rev| (user_id, rev)));
                }
                Ok(heads)
            })
            .await
    }

    async fn list(
        &self,
        user_id: UserId,
        after: u64,
        limit: usize,
    ) -> StoreResult<Vec<UserLogEntry>> {
        self.0
            .read(move |connection| {
                let (after, limit) = (row::signed(after), row::signed(limit as u64));
                connection
                    .prepare_cached(
                        "SELECT rev, topic, key, value FROM user_log
                         WHERE user_id = ?1 AND rev > ?2 ORDER BY rev LIMIT ?3",
                    )?
                    .query_map(params![user_id.as_bytes(), after, limit], |row| {
                        let topic: String = row.get(1)?;
                        Ok(UserLogEntry {
                            rev: row::number(row, 0)?,
                            topic: Topic::parse(&topic)
                                .ok_or_else(|| row::unknown(1, "an unknown topic"))?,
                            key: row.get(2)?,
                            value: row.get(3)?,
                        })
                    })?
                    .collect()
            })
            .await
    }
}
