//! The `push_marks` and `push_inbox` tables.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::database::Database;
use super::row::{self, id, number, signed};
use crate::clock::Timestamp;
use crate::domain::notification::PushMark;
use crate::domain::user::Platform;
use crate::id::{ChatId, UserId};
use crate::storage::StoreResult;
use crate::storage::pushes::{KEPT_PUSHES, KeptPush, PushStore};

pub struct SqlitePushes(pub Database);

#[async_trait]
impl PushStore for SqlitePushes {
    async fn find(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<PushMark>> {
        self.0
            .read(move |connection| find(connection, &chat_ids))
            .await
    }

    async fn begin_windows(
        &self,
        places: Vec<(ChatId, UserId)>,
        at: Timestamp,
        since: Timestamp,
    ) -> StoreResult<Vec<Option<Timestamp>>> {
        self.0
            .write(move |connection| {
                let begun = places
                    .iter()
                    .map(|place| begin(connection, *place, at, since));
                begun.collect()
            })
            .await
    }

    async fn advance(&self, marks: Vec<PushMark>) -> StoreResult<()> {
        self.0
            .write(move |connection| advance(connection, &marks))
            .await
    }

    async fn keep(&self, push: KeptPush) -> StoreResult<()> {
        self.0
            .write(move |connection| keep(connection, &push))
            .await
    }

    async fn kept(&self, user_id: UserId, after: u64, limit: usize) -> StoreResult<Vec<KeptPush>> {
        self.0
            .read(move |connection| {
                connection
                    .prepare_cached(
                        "SELECT place, user_id, device_id, platform, data, at FROM push_inbox
                         WHERE user_id = ?1 AND place > ?2 ORDER BY place LIMIT ?3",
                    )?
                    .query_map(
                        params![user_id.as_bytes(), signed(after), signed(limit as u64)],
                        read_kept,
                    )?
                    .collect()
            })
            .await
    }
}

fn find(connection: &Connection, chat_ids: &[ChatId]) -> rusqlite::Result<Vec<PushMark>> {
    let mut query = connection.prepare_cached(
        "SELECT chat_id, user_id, pushed_seq, cleared_seq FROM push_marks WHERE chat_id = ?1",
    )?;
    let mut marks = Vec::new();
    for chat_id in chat_ids {
        let rows = query.query_map([chat_id.as_bytes()], |row| {
            Ok(PushMark {
                chat_id: id(row, 0)?,
                user_id: id(row, 1)?,
                pushed_seq: number(row, 2)?,
                cleared_seq: number(row, 3)?,
            })
        })?;
        for mark in rows {
            marks.push(mark?);
        }
    }
    Ok(marks)
}

/// A person who is gone meanwhile has no window that could be begun or be open.
fn begin(
    connection: &Connection,
    (chat_id, user_id): (ChatId, UserId),
    at: Timestamp,
    since: Timestamp,
) -> rusqlite::Result<Option<Timestamp>> {
    let open: Option<i64> = connection
        .prepare_cached(
            "SELECT window_at FROM push_marks
             WHERE chat_id = ?1 AND user_id = ?2 AND window_at > ?3",
        )?
        .query_row(
            params![chat_id.as_bytes(), user_id.as_bytes(), since.0],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(open) = open {
        return Ok(Some(Timestamp(open)));
    }
    connection
        .prepare_cached(
            "INSERT INTO push_marks (chat_id, user_id, window_at)
             SELECT ?1, id, ?3 FROM users WHERE id = ?2
             ON CONFLICT (chat_id, user_id) DO UPDATE SET window_at = ?3",
        )?
        .execute(params![chat_id.as_bytes(), user_id.as_bytes(), at.0])?;
    Ok(None)
}

fn advance(connection: &Connection, marks: &[PushMark]) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached(
        "INSERT INTO push_marks (chat_id, user_id, pushed_seq, cleared_seq)
         SELECT ?1, id, ?3, ?4 FROM users WHERE id = ?2
         ON CONFLICT (chat_id, user_id) DO UPDATE SET
             pushed_seq = max(pushed_seq, excluded.pushed_seq),
             cleared_seq = max(cleared_seq, excluded.cleared_seq)",
    )?;
    for mark in marks {
        update.execute(params![
            mark.chat_id.as_bytes(),
            mark.user_id.as_bytes(),
            signed(mark.pushed_seq),
            signed(mark.cleared_seq)
        ])?;
    }
    Ok(())
}

fn keep(connection: &Connection, push: &KeptPush) -> rusqlite::Result<()> {
    let data = serde_json::to_string(&push.data)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    connection
        .prepare_cached(
            "INSERT INTO push_inbox (user_id, device_id, platform, data, at)
             SELECT id, ?2, ?3, ?4, ?5 FROM users WHERE id = ?1",
        )?
        .execute(params![
            push.user_id.as_bytes(),
            push.device_id.as_bytes(),
            push.platform.as_str(),
            data,
            push.at.0
        ])?;
    connection
        .prepare_cached(
            "DELETE FROM push_inbox WHERE user_id = ?1 AND place <= (
                 SELECT place FROM push_inbox WHERE user_id = ?1
                 ORDER BY place DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute(params![push.user_id.as_bytes(), signed(KEPT_PUSHES as u64)])?;
    Ok(())
}

fn read_kept(row: &Row<'_>) -> rusqlite::Result<KeptPush> {
    let platform: String = row.get(3)?;
    let data: String = row.get(4)?;
    Ok(KeptPush {
        place: number(row, 0)?,
        user_id: id(row, 1)?,
        device_id: id(row, 2)?,
        platform: Platform::parse(&platform)
            .ok_or_else(|| row::unknown(3, "an unknown platform"))?,
        data: serde_json::from_str(&data).map_err(|error| row::broken(4, error))?,
        at: row::time(row, 5)?,
    })
}
