//! The `media` table.

use std::time::Duration;

use async_trait::async_trait;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Result, Row, params, params_from_iter};

use super::database::Database;
use super::messages::MEDIA_TYPES;
use super::row::{self, marks};
use crate::clock::Timestamp;
use crate::domain::media::{MediaKind, Medium};
use crate::id::{MediaId, UserId};
use crate::storage::StoreResult;
use crate::storage::media::MediaStore;

const COLUMNS: &str = "id, owner_id, type, mime_type, size_bytes, file_name, width, height,
    duration_ms, has_thumbnail, made_at";
/// How long a key answers.
const KEY_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// The embedded [`MediaStore`].
pub struct SqliteMedia(pub Database);

#[async_trait]
impl MediaStore for SqliteMedia {
    async fn begin(&self, id: MediaId, owner_id: UserId, at: Timestamp) -> StoreResult<()> {
        self.0
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO media (id, owner_id, began_at) VALUES (?1, ?2, ?3)",
                    )?
                    .execute(params![id.as_bytes(), owner_id.as_bytes(), at.0])
                    .map(|_| ())
            })
            .await
    }

    async fn insert(&self, medium: Medium, key: Option<String>) -> StoreResult<Option<Medium>> {
        self.0
            .write(move |connection| insert(connection, medium, key.as_deref()))
            .await
    }

    async fn find_by_key(
        &self,
        owner_id: UserId,
        key: String,
        now: Timestamp,
    ) -> StoreResult<Option<Medium>> {
        self.0
            .read(move |connection| find_by_key(connection, owner_id, &key, now))
            .await
    }

    async fn find(&self, ids: Vec<MediaId>) -> StoreResult<Vec<Medium>> {
        self.0.read(move |connection| find(connection, &ids)).await
    }

    async fn owner_of(&self, id: MediaId) -> StoreResult<Option<UserId>> {
        self.0
            .read(move |connection| {
                connection
                    .prepare_cached(
                        "SELECT owner_id FROM media WHERE id = ?1 AND made_at IS NOT NULL",
                    )?
                    .query_row([id.as_bytes()], |found| row::id(found, 0))
                    .optional()
            })
            .await
    }

    async fn hold(&self, ids: Vec<MediaId>, until: Timestamp) -> StoreResult<Vec<Medium>> {
        self.0
            .write(move |connection| {
                for some in ids.chunks(row::PARAMETERS) {
                    let sql = format!(
                        "UPDATE media SET held_until = max(held_until, ?) WHERE id IN ({})
                         AND made_at IS NOT NULL AND is_withdrawn = 0",
                        marks(some.len())
                    );
                    let values = [Value::Integer(until.0)].into_iter().chain(blobs(some));
                    connection
                        .prepare_cached(&sql)?
                        .execute(params_from_iter(values))?;
                }
                find(connection, &ids)
            })
            .await
    }

    async fn referenced(&self, ids: Vec<MediaId>) -> StoreResult<Vec<MediaId>> {
        self.0
            .read(move |connection| {
                let mut found = Vec::new();
                for id in ids {
                    if is_referenced(connection, id)? {
                        found.push(id);
                    }
                }
                Ok(found)
            })
            .await
    }

    async fn withdraw(&self, id: MediaId, now: Timestamp) -> StoreResult<bool> {
        self.0
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "UPDATE media SET is_withdrawn = 1
                         WHERE id = ?1 AND held_until <= ?2 AND is_withdrawn = 0",
                    )?
                    .execute(params![id.as_bytes(), now.0])
                    .map(|rows| rows == 1)
            })
            .await
    }

    async fn restore(&self, id: MediaId) -> StoreResult<()> {
        self.0
            .write(move |connection| {
                connection
                    .prepare_cached("UPDATE media SET is_withdrawn = 0 WHERE id = ?1")?
                    .execute([id.as_bytes()])
                    .map(|_| ())
            })
            .await
    }

    async fn remove(&self, id: MediaId) -> StoreResult<()> {
        self.0
            .write(move |connection| {
                connection
                    .prepare_cached("DELETE FROM media WHERE id = ?1")?
                    .execute([id.as_bytes()])
                    .map(|_| ())
            })
            .await
    }

    async fn list_older(
        &self,
        before: Timestamp,
        after: Option<MediaId>,
        limit: usize,
    ) -> StoreResult<Vec<MediaId>> {
        self.0
            .read(move |connection| {
                connection
                    .prepare_cached(
                        "SELECT id FROM media
                         WHERE began_at < ?1 AND held_until <= ?1 AND (?2 IS NULL OR id > ?2)
                         ORDER BY id LIMIT ?3",
                    )?
                    .query_map(
                        params![
                            before.0,
                            after.map(|id| id.0.into_bytes()),
                            row::signed(limit as u64)
                        ],
                        |found| row::id(found, 0),
                    )?
                    .collect()
            })
            .await
    }

    async fn list_of(
        &self,
        owner_id: UserId,
        after: Option<MediaId>,
        limit: usize,
    ) -> StoreResult<Vec<Medium>> {
        self.0
            .read(move |connection| {
                connection
                    .prepare_cached(&format!(
                        "SELECT {COLUMNS} FROM media WHERE owner_id = ?1
                           AND (?2 IS NULL OR id > ?2) AND made_at IS NOT NULL AND is_withdrawn = 0
                         ORDER BY id LIMIT ?3"
                    ))?
                    .query_map(
                        params![
                            owner_id.as_bytes(),
                            after.map(|id| id.0.into_bytes()),
                            row::signed(limit as u64)
                        ],
                        read,
                    )?
                    .collect()
            })
            .await
    }
}

fn blobs(ids: &[MediaId]) -> impl Iterator<Item = Value> {
    ids.iter().map(|id| Value::Blob(id.as_bytes().to_vec()))
}

fn read(found: &Row<'_>) -> Result<Medium> {
    let kind: String = found.get(2)?;
    Ok(Medium {
        id: row::id(found, 0)?,
        owner_id: row::id(found, 1)?,
        kind: MediaKind::parse(&kind).ok_or_else(|| row::unknown(2, "an unknown type"))?,
        mime_type: found.get(3)?,
        size_bytes: row::number(found, 4)?,
        file_name: found.get(5)?,
        width: found.get(6)?,
        height: found.get(7)?,
        duration_ms: match found.get::<_, Option<i64>>(8)? {
            Some(_) => Some(row::number(found, 8)?),
            None => None,
        },
        has_thumbnail: found.get(9)?,
        created_at: Timestamp(found.get(10)?),
    })
}

fn find(connection: &Connection, ids: &[MediaId]) -> Result<Vec<Medium>> {
    let mut media = Vec::new();
    for some in ids.chunks(row::PARAMETERS) {
        let sql = format!(
            "SELECT {COLUMNS} FROM media
             WHERE id IN ({}) AND made_at IS NOT NULL AND is_withdrawn = 0",
            marks(some.len())
        );
        let mut select = connection.prepare_cached(&sql)?;
        for medium in select.query_map(params_from_iter(blobs(some)), read)? {
            media.push(medium?);
        }
    }
    Ok(media)
}

fn find_by_key(
    connection: &Connection,
    owner_id: UserId,
    key: &str,
    now: Timestamp,
) -> Result<Option<Medium>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM media
             WHERE owner_id = ?1 AND idempotency_key = ?2 AND made_at > ?3 AND is_withdrawn = 0"
        ))?
        .query_row(
            params![owner_id.as_bytes(), key, now.minus(KEY_LIFE).0],
            read,
        )
        .optional()
}

fn insert(connection: &Connection, medium: Medium, key: Option<&str>) -> Result<Option<Medium>> {
    if let Some(key) = key {
        let owner_id = medium.owner_id;
        if let Some(first) = find_by_key(connection, owner_id, key, medium.created_at)? {
            return Ok(Some(first));
        }
        // Too old to answer, or gone: the key is free again.
        connection
            .prepare_cached(
                "UPDATE media SET idempotency_key = NULL
                 WHERE owner_id = ?1 AND idempotency_key = ?2",
            )?
            .execute(params![owner_id.as_bytes(), key])?;
    }
    let made = connection
        .prepare_cached(
            "UPDATE media SET made_at = ?2, type = ?3, mime_type = ?4, size_bytes = ?5,
                 file_name = ?6, width = ?7, height = ?8, duration_ms = ?9, has_thumbnail = ?10,
                 idempotency_key = ?11
             WHERE id = ?1 AND is_withdrawn = 0",
        )?
        .execute(params![
            medium.id.as_bytes(),
            medium.created_at.0,
            medium.kind.as_str(),
            medium.mime_type,
            row::signed(medium.size_bytes),
            medium.file_name,
            medium.width,
            medium.height,
            medium.duration_ms.map(row::signed),
            medium.has_thumbnail,
            key,
        ])?;
    Ok((made == 1).then_some(medium))
}

/// By a message that was not stripped, by its owner's profile, by a group.
fn is_referenced(connection: &Connection, id: MediaId) -> Result<bool> {
    connection
        .prepare_cached(&format!(
            "SELECT EXISTS (SELECT 1 FROM entries INDEXED BY entries_by_media
                            WHERE json_extract(payload, '$.mediaId') = ?2 AND ({MEDIA_TYPES}))
                 OR EXISTS (SELECT 1 FROM media m JOIN users u ON u.id = m.owner_id
                            WHERE m.id = ?1 AND u.avatar_media_id = ?1)
                 OR EXISTS (SELECT 1 FROM groups WHERE avatar_media_id = ?1)"
        ))?
        .query_row(params![id.as_bytes(), id.to_string()], |found| found.get(0))
}
