//! Presence in one process: online in memory, `last_seen` in SQLite.

use std::sync::Arc;

use ahash::{AHashMap, RandomState};
use async_trait::async_trait;
use dashmap::DashSet;
use rusqlite::{Connection, OptionalExtension, params};

use super::database::Database;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::storage::StoreResult;
use crate::storage::presence::{PresenceStore, Seen};

#[derive(Clone)]
pub struct SqlitePresence {
    database: Database,
    online: Arc<DashSet<UserId, RandomState>>,
}

impl SqlitePresence {
    pub fn new(database: Database) -> Self {
        Self {
            database,
            online: Arc::default(),
        }
    }
}

#[async_trait]
impl PresenceStore for SqlitePresence {
    async fn update(&self, user_id: UserId, online: bool, at: Timestamp) -> StoreResult<bool> {
        if online {
            return Ok(self.online.insert(user_id));
        }
        let changed = self.online.remove(&user_id).is_some();
        self.database
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO presence (user_id, last_seen) VALUES (?1, ?2)
                         ON CONFLICT (user_id) DO UPDATE
                         SET last_seen = max(last_seen, excluded.last_seen)",
                    )?
                    .execute(params![user_id.as_bytes(), at.0])
                    .map(|_| ())
            })
            .await?;
        Ok(changed)
    }

    /// Nothing is forgotten while the process lives.
    async fn refresh(&self, _: Vec<UserId>) -> StoreResult<()> {
        Ok(())
    }

    async fn remove(&self, user_id: UserId) -> StoreResult<()> {
        self.online.remove(&user_id);
        self.database
            .write(move |connection| {
                connection
                    .prepare_cached("DELETE FROM presence WHERE user_id = ?1")?
                    .execute([user_id.as_bytes()])
                    .map(|_| ())
            })
            .await
    }

    async fn find(&self, user_ids: Vec<UserId>) -> StoreResult<Vec<Seen>> {
        let asked = user_ids.clone();
        let last_seen: AHashMap<UserId, Timestamp> = self
            .database
            .read(move |connection| last_seen(connection, &asked))
            .await?;
        Ok(user_ids
            .into_iter()
            .map(|user_id| Seen {
                user_id,
                online: self.online.contains(&user_id),
                last_seen: last_seen.get(&user_id).copied(),
            })
            .collect())
    }
}

fn last_seen(
    connection: &Connection,
    user_ids: &[UserId],
) -> rusqlite::Result<AHashMap<UserId, Timestamp>> {
    let mut query =
        connection.prepare_cached("SELECT last_seen FROM presence WHERE user_id = ?1")?;
    let mut found = AHashMap::new();
    for user_id in user_ids {
        let at = query
            .query_row([user_id.as_bytes()], |row| row.get(0))
            .optional()?;
        if let Some(at) = at {
            found.insert(*user_id, Timestamp(at));
        }
    }
    Ok(found)
}
