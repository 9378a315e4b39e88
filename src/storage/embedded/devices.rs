//! The `devices` table: push tokens.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::database::Database;
use super::row;
use crate::clock::Timestamp;
use crate::domain::user::Platform;
use crate::id::{ChatId, DeviceId, UserId};
use crate::storage::StoreResult;
use crate::storage::devices::{Device, DeviceStore};

const COLUMNS: &str = "id, user_id, session_id, token, platform, created_at";
/// Most tokens of one session; the oldest goes.
const TOKENS_PER_SESSION: i64 = 10;

fn read(row: &Row<'_>) -> rusqlite::Result<Device> {
    let platform: String = row.get(4)?;
    Ok(Device {
        id: row::id(row, 0)?,
        user_id: row::id(row, 1)?,
        session_id: row::id(row, 2)?,
        token: row.get(3)?,
        platform: Platform::parse(&platform)
            .ok_or_else(|| row::unknown(4, "an unknown platform"))?,
        created_at: Timestamp(row.get(5)?),
    })
}

pub struct SqliteDevices(pub Database);

#[async_trait]
impl DeviceStore for SqliteDevices {
    async fn insert(&self, device: Device) -> StoreResult<Option<Device>> {
        self.0
            .write(move |connection| insert(connection, device))
            .await
    }

    async fn list(
        &self,
        user_id: UserId,
        after: Option<DeviceId>,
        limit: usize,
    ) -> StoreResult<Vec<Device>> {
        self.0
            .read(move |connection| {
                connection
                    .prepare_cached(&format!(
                        "SELECT {COLUMNS} FROM devices
                         WHERE user_id = ?1 AND token IS NOT NULL AND (?2 IS NULL OR id > ?2)
                         ORDER BY id LIMIT ?3"
                    ))?
                    .query_map(
                        params![
                            user_id.as_bytes(),
                            after.map(|id| id.0.into_bytes()),
                            row::signed(limit as u64)
                        ],
                        read,
                    )?
                    .collect()
            })
            .await
    }

    async fn remove(&self, user_id: UserId, device_id: DeviceId) -> StoreResult<bool> {
        self.0
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "UPDATE devices SET token = NULL WHERE id = ?1 AND user_id = ?2",
                    )?
                    .execute([device_id.as_bytes(), user_id.as_bytes()])
                    .map(|rows| rows == 1)
            })
            .await
    }

    async fn is_any(&self) -> StoreResult<bool> {
        let any = "SELECT EXISTS (SELECT 1 FROM devices WHERE token IS NOT NULL)";
        self.0
            .read(move |connection| {
                connection
                    .prepare_cached(any)?
                    .query_row([], |row| row.get(0))
            })
            .await
    }

    async fn list_reachable(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, UserId)>> {
        self.0
            .read(move |connection| reachable(connection, &chat_ids))
            .await
    }

    async fn list_all(&self, user_ids: Vec<UserId>) -> StoreResult<Vec<Device>> {
        self.0
            .read(move |connection| {
                let mut query = connection.prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM devices WHERE user_id = ?1 AND token IS NOT NULL"
                ))?;
                let mut devices = Vec::new();
                for user_id in user_ids {
                    for device in query.query_map([user_id.as_bytes()], read)? {
                        devices.push(device?);
                    }
                }
                Ok(devices)
            })
            .await
    }
}

fn reachable(
    connection: &Connection,
    chat_ids: &[ChatId],
) -> rusqlite::Result<Vec<(ChatId, UserId)>> {
    let mut query = connection.prepare_cached(
        "SELECT p.user_id FROM chat_participants p
         WHERE p.chat_id = ?1 AND p.left_seq IS NULL AND EXISTS (
             SELECT 1 FROM devices d WHERE d.user_id = p.user_id AND d.token IS NOT NULL)",
    )?;
    let mut people = Vec::new();
    for chat_id in chat_ids {
        for user_id in query.query_map([chat_id.as_bytes()], |row| row::id(row, 0))? {
            people.push((*chat_id, user_id?));
        }
    }
    Ok(people)
}

fn insert(connection: &Connection, mut device: Device) -> rusqlite::Result<Option<Device>> {
    let is_live: bool = connection
        .prepare_cached(
            "SELECT count(*) FROM sessions
             WHERE id = ?1 AND user_id = ?2 AND revoked_at IS NULL",
        )?
        .query_row(
            [device.session_id.as_bytes(), device.user_id.as_bytes()],
            |row| row.get(0),
        )?;
    if !is_live {
        return Ok(None);
    }
    let former = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM devices WHERE token = ?1"))?
        .query_row([&device.token], read)
        .optional()?;
    if let Some(former) = former.filter(|former| former.user_id == device.user_id) {
        device.id = former.id;
        device.created_at = former.created_at;
    }
    connection
        .prepare_cached("DELETE FROM devices WHERE token = ?1")?
        .execute([&device.token])?;
    connection
        .prepare_cached(&format!(
            "INSERT INTO devices ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        ))?
        .execute(params![
            device.id.as_bytes(),
            device.user_id.as_bytes(),
            device.session_id.as_bytes(),
            device.token,
            device.platform.as_str(),
            device.created_at.0
        ])?;
    connection
        .prepare_cached(
            "DELETE FROM devices WHERE session_id = ?1 AND id <> ?2 AND id NOT IN
               (SELECT id FROM devices WHERE session_id = ?1 ORDER BY id DESC LIMIT ?3)",
        )?
        .execute(params![
            device.session_id.as_bytes(),
            device.id.as_bytes(),
            TOKENS_PER_SESSION
        ])?;
    Ok(Some(device))
}
