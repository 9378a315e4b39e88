//! Watermarks and the receipt log, on SQLite.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::database::Database;
use super::row::{id, number, optional_time, signed, time};
use crate::clock::Timestamp;
use crate::domain::receipts::{ReceiptKind, Watermark};
use crate::id::ChatId;
use crate::storage::StoreResult;
use crate::storage::receipts::{MessageTimes, Moved, ReceiptMark, ReceiptStore, ReceiptTime};

/// The embedded [`ReceiptStore`].
#[derive(Clone)]
pub struct SqliteReceipts {
    database: Database,
    /// The chats of the newest receipts, the oldest first: nobody else writes here, so no index is kept
    /// for them.
    lately: Arc<Mutex<VecDeque<(Timestamp, ChatId)>>>,
}

/// So many receipts are remembered.
const LATELY: usize = 20_000;

impl SqliteReceipts {
    pub fn new(database: Database) -> Self {
        Self {
            database,
            lately: Arc::default(),
        }
    }

    fn remember(&self, all: &[Moved]) {
        let mut lately = self.lately.lock();
        for moved in all.iter().filter(|moved| moved.before != moved.after) {
            lately.push_back((moved.mark.at, moved.mark.chat_id));
        }
        let surplus = lately.len().saturating_sub(LATELY);
        lately.drain(..surplus);
    }
}

#[async_trait]
impl ReceiptStore for SqliteReceipts {
    async fn advance(&self, marks: Vec<ReceiptMark>) -> StoreResult<Vec<Moved>> {
        let moved = self
            .database
            .write_repeatable(move |connection| advance(connection, &marks))
            .await?;
        self.remember(&moved);
        Ok(moved)
    }

    async fn watermarks(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Watermark)>> {
        self.database
            .read(move |connection| watermarks(connection, &chat_ids))
            .await
    }

    async fn times(&self, chat_id: ChatId, seq: u64) -> StoreResult<Vec<ReceiptTime>> {
        self.database
            .read(move |connection| times(connection, chat_id, seq))
            .await
    }

    async fn times_of(&self, messages: Vec<(ChatId, u64)>) -> StoreResult<Vec<MessageTimes>> {
        self.database
            .read(move |connection| times_of(connection, &messages))
            .await
    }

    async fn position(&self) -> StoreResult<i64> {
        self.database.read(position).await
    }

    async fn moved_since(&self, chat_ids: Vec<ChatId>, position: i64) -> StoreResult<Vec<ChatId>> {
        self.database
            .read(move |connection| moved_since(connection, chat_ids, position))
            .await
    }

    async fn moved_lately(&self, since: Timestamp, most: usize) -> StoreResult<Vec<ChatId>> {
        let lately = self.lately.lock();
        let newest = lately.iter().rev().take(most);
        let chats: HashSet<ChatId> = newest
            .filter(|(at, _)| *at >= since)
            .map(|(_, chat)| *chat)
            .collect();
        Ok(chats.into_iter().collect())
    }
}

fn advance(connection: &Connection, marks: &[ReceiptMark]) -> Result<Vec<Moved>> {
    let mut find = connection.prepare_cached(
        "SELECT user_id, delivered_seq, delivered_at, read_seq, read_at FROM watermarks
         WHERE chat_id = ?1 AND user_id = ?2",
    )?;
    let first = position(connection)?;
    let mut last = first;
    let mut answers = Vec::with_capacity(marks.len());
    for &mark in marks {
        let before = find
            .query_row(
                (mark.chat_id.as_bytes(), mark.user_id.as_bytes()),
                watermark,
            )
            .optional()?
            .unwrap_or_else(|| Watermark::nowhere(mark.user_id));
        let after = before.raised(mark.kind, mark.up_to_seq, mark.at);
        if after != before {
            last += 1;
            store(connection, mark, &after, last)?;
        }
        answers.push(Moved {
            mark,
            before,
            after,
        });
    }
    if last > first {
        connection
            .prepare_cached("UPDATE receipt_position SET position = ?1")?
            .execute([last])?;
    }
    Ok(answers)
}

fn store(
    connection: &Connection,
    mark: ReceiptMark,
    after: &Watermark,
    position: i64,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO watermarks (chat_id, user_id, delivered_seq, delivered_at, read_seq,
                 read_at, position)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (chat_id, user_id) DO UPDATE SET
                 delivered_seq = excluded.delivered_seq, delivered_at = excluded.delivered_at,
                 read_seq = excluded.read_seq, read_at = excluded.read_at,
                 position = excluded.position",
        )?
        .execute(params![
            mark.chat_id.as_bytes(),
            mark.user_id.as_bytes(),
            signed(after.delivered_seq),
            after.delivered_at.map(|at| at.0),
            signed(after.read_seq),
            after.read_at.map(|at| at.0),
            position,
        ])?;
    connection
        .prepare_cached(
            "INSERT INTO receipts (chat_id, user_id, kind, up_to_seq, at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            mark.chat_id.as_bytes(),
            mark.user_id.as_bytes(),
            mark.kind.as_str(),
            signed(mark.up_to_seq),
            mark.at.0,
        ])
        .map(|_| ())
}

fn watermarks(connection: &Connection, chat_ids: &[ChatId]) -> Result<Vec<(ChatId, Watermark)>> {
    let mut statement = connection.prepare_cached(
        "SELECT user_id, delivered_seq, delivered_at, read_seq, read_at FROM watermarks
         WHERE chat_id = ?1",
    )?;
    let mut found = Vec::with_capacity(chat_ids.len());
    for &chat_id in chat_ids {
        for mark in statement.query_map([chat_id.as_bytes()], watermark)? {
            found.push((chat_id, mark?));
        }
    }
    Ok(found)
}

/// Both kinds rise with time, so the first receipt that reaches the seq is the earliest.
fn times(connection: &Connection, chat_id: ChatId, seq: u64) -> Result<Vec<ReceiptTime>> {
    let mut first = connection.prepare_cached(
        "SELECT at FROM receipts
         WHERE chat_id = ?1 AND user_id = ?2 AND kind = ?3 AND up_to_seq >= ?4
         ORDER BY up_to_seq LIMIT 1",
    )?;
    let mut times = Vec::new();
    for (_, mark) in watermarks(connection, &[chat_id])? {
        let user_id = mark.user_id;
        let mut first = |kind: ReceiptKind| {
            let key = params![
                chat_id.as_bytes(),
                user_id.as_bytes(),
                kind.as_str(),
                signed(seq)
            ];
            first.query_row(key, |row| time(row, 0)).optional()
        };
        let read = first(ReceiptKind::Read)?;
        let delivered = first(ReceiptKind::Delivered)?;
        // Reading is getting: whichever came first.
        let got = delivered.into_iter().chain(read).min();
        times.extend(got.map(|at| ReceiptTime {
            user_id,
            kind: ReceiptKind::Delivered,
            at,
        }));
        times.extend(read.map(|at| ReceiptTime {
            user_id,
            kind: ReceiptKind::Read,
            at,
        }));
    }
    Ok(times)
}

fn times_of(connection: &Connection, messages: &[(ChatId, u64)]) -> Result<Vec<MessageTimes>> {
    let mut all = Vec::with_capacity(messages.len());
    for &(chat_id, seq) in messages {
        let times = times(connection, chat_id, seq)?;
        if !times.is_empty() {
            all.push(MessageTimes {
                chat_id,
                seq,
                times,
            });
        }
    }
    Ok(all)
}

fn position(connection: &Connection) -> Result<i64> {
    connection
        .prepare_cached("SELECT position FROM receipt_position")?
        .query_row([], |row| row.get(0))
}

fn moved_since(
    connection: &Connection,
    mut chat_ids: Vec<ChatId>,
    position: i64,
) -> Result<Vec<ChatId>> {
    let mut statement = connection
        .prepare_cached("SELECT 1 FROM watermarks WHERE chat_id = ?1 AND position > ?2")?;
    let mut failed = None;
    chat_ids.retain(|chat_id| {
        statement
            .exists((chat_id.as_bytes(), position))
            .unwrap_or_else(|error| {
                failed = Some(error);
                false
            })
    });
    failed.map_or(Ok(chat_ids), Err)
}

fn watermark(row: &Row<'_>) -> Result<Watermark> {
    Ok(Watermark {
        user_id: id(row, 0)?,
        delivered_seq: number(row, 1)?,
        delivered_at: optional_time(row, 2)?,
        read_seq: number(row, 3)?,
        read_at: optional_time(row, 4)?,
    })
}
