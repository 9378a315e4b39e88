//! The `sessions` table.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::database::Database;
use super::{row, session_rotation};
use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};
use crate::storage::StoreResult;
use crate::storage::sessions::{NewSession, Rotated, Rotation, Session, SessionStore};

/// What [`read`] reads.
pub(super) const COLUMNS: &str = "id, user_id, device_id, device_name, platform, generation, \
     is_pair_used, created_at, last_used_at, expires_at, revoked_at";

/// A session from the first eleven columns.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: row::id(row, 0)?,
        user_id: row::id(row, 1)?,
        device_id: row.get(2)?,
        device_name: row.get(3)?,
        platform: row.get(4)?,
        generation: row.get(5)?,
        is_pair_used: row.get(6)?,
        created_at: Timestamp(row.get(7)?),
        last_used_at: Timestamp(row.get(8)?),
        expires_at: Timestamp(row.get(9)?),
        revoked_at: row.get::<_, Option<i64>>(10)?.map(Timestamp),
    })
}

pub struct SqliteSessions(pub Database);

#[async_trait]
impl SessionStore for SqliteSessions {
    async fn insert(&self, new: NewSession) -> StoreResult<Option<SessionId>> {
        self.0
            .write(move |connection| {
                let replaced = revoke_device(connection, &new.session)?;
                insert_row(connection, &new)?;
                Ok(replaced)
            })
            .await
    }

    async fn insert_many(&self, new: Vec<NewSession>) -> StoreResult<()> {
        self.0
            .write(move |connection| new.iter().try_for_each(|one| insert_row(connection, one)))
            .await
    }

    async fn find(&self, session_id: SessionId) -> StoreResult<Option<Session>> {
        self.0
            .read(move |connection| {
                connection
                    .prepare_cached(&format!("SELECT {COLUMNS} FROM sessions WHERE id = ?1"))?
                    .query_row([session_id.as_bytes()], read)
                    .optional()
            })
            .await
    }

    async fn list(
        &self,
        user_id: UserId,
        now: Timestamp,
        after: Option<SessionId>,
        limit: usize,
    ) -> StoreResult<Vec<Session>> {
        self.0
            .read(move |connection| list(connection, user_id, now, after, limit))
            .await
    }

    async fn rotate(&self, rotation: Rotation) -> StoreResult<Rotated> {
        self.0
            .write(move |connection| session_rotation::rotate(connection, &rotation))
            .await
    }

    async fn update_used(
        &self,
        session_id: SessionId,
        generation: u32,
        at: Timestamp,
    ) -> StoreResult<()> {
        self.0
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "UPDATE sessions SET is_pair_used = 1, last_used_at = max(last_used_at, ?3)
                         WHERE id = ?1 AND generation = ?2",
                    )?
                    .execute(params![session_id.as_bytes(), generation, at.0])
                    .map(|_| ())
            })
            .await
    }

    async fn remove(
        &self,
        user_id: UserId,
        session_id: SessionId,
        at: Timestamp,
    ) -> StoreResult<bool> {
        self.0
            .write(move |connection| {
                let is_own = connection
                    .prepare_cached("SELECT 1 FROM sessions WHERE id = ?1 AND user_id = ?2")?
                    .exists([session_id.as_bytes(), user_id.as_bytes()])?;
                if is_own {
                    revoke(connection, session_id, at)?;
                }
                Ok(is_own)
            })
            .await
    }

    async fn remove_all(&self, user_id: UserId, at: Timestamp) -> StoreResult<Vec<SessionId>> {
        self.0
            .write(move |connection| {
                let sessions: Vec<SessionId> = connection
                    .prepare_cached(
                        "SELECT id FROM sessions WHERE user_id = ?1 AND revoked_at IS NULL",
                    )?
                    .query_map([user_id.as_bytes()], |row| row::id(row, 0))?
                    .collect::<rusqlite::Result<_>>()?;
                for session in &sessions {
                    revoke(connection, *session, at)?;
                }
                Ok(sessions)
            })
            .await
    }

    async fn revoked_since(&self, since: Timestamp) -> StoreResult<Vec<SessionId>> {
        self.0
            .read(move |connection| {
                connection
                    .prepare_cached("SELECT id FROM sessions WHERE revoked_at >= ?1")?
                    .query_map([since.0], |row| row::id(row, 0))?
                    .collect()
            })
            .await
    }

    async fn sweep(&self, before: Timestamp) -> StoreResult<u64> {
        self.0
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "DELETE FROM sessions WHERE revoked_at < ?1 OR expires_at < ?1",
                    )?
                    .execute([before.0])
                    .map(|rows| rows as u64)
            })
            .await
    }
}

/// Ends a session, and its push devices with it.
pub(super) fn revoke(
    connection: &Connection,
    session_id: SessionId,
    at: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE sessions SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL")?
        .execute(params![session_id.as_bytes(), at.0])?;
    connection
        .prepare_cached("DELETE FROM devices WHERE session_id = ?1")?
        .execute([session_id.as_bytes()])?;
    Ok(())
}

fn revoke_device(connection: &Connection, new: &Session) -> rusqlite::Result<Option<SessionId>> {
    let Some(device_id) = &new.device_id else {
        return Ok(None);
    };
    let replaced: Option<SessionId> = connection
        .prepare_cached(
            "SELECT id FROM sessions
             WHERE user_id = ?1 AND device_id = ?2 AND revoked_at IS NULL",
        )?
        .query_row(params![new.user_id.as_bytes(), device_id], |row| {
            row::id(row, 0)
        })
        .optional()?;
    if let Some(session) = replaced {
        revoke(connection, session, new.created_at)?;
    }
    Ok(replaced)
}

fn insert_row(connection: &Connection, new: &NewSession) -> rusqlite::Result<()> {
    let session = &new.session;
    connection
        .prepare_cached(
            "INSERT INTO sessions (id, user_id, device_id, device_name, platform, generation,
                 token_hash, is_pair_used, created_at, last_used_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            session.id.as_bytes(),
            session.user_id.as_bytes(),
            session.device_id,
            session.device_name,
            session.platform,
            session.generation,
            new.token_hash,
            session.is_pair_used,
            session.created_at.0,
            session.last_used_at.0,
            session.expires_at.0,
        ])
        .map(|_| ())
}

fn list(
    connection: &Connection,
    user_id: UserId,
    now: Timestamp,
    after: Option<SessionId>,
    limit: usize,
) -> rusqlite::Result<Vec<Session>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM sessions
             WHERE user_id = ?1 AND revoked_at IS NULL AND expires_at > ?2
               AND (?3 IS NULL OR id < ?3)
             ORDER BY id DESC LIMIT ?4"
        ))?
        .query_map(
            params![
                user_id.as_bytes(),
                now.0,
                after.map(|id| id.0.into_bytes()),
                row::signed(limit as u64)
            ],
            read,
        )?
        .collect()
}
