//! The `push_marks` and `push_inbox` tables.

use std::collections::HashMap;

use async_trait::async_trait;
use tokio_postgres::Row;
use uuid::Uuid;

use super::postgres::{Postgres, failed, internal, number, signed, stored, time, uncertain};
use crate::clock::Timestamp;
use crate::domain::notification::PushMark;
use crate::domain::user::Platform;
use crate::id::{ChatId, DeviceId, UserId};
use crate::storage::StoreResult;
use crate::storage::pushes::{KEPT_PUSHES, KeptPush, PushStore};

/// In the order of the key, so that two callers do not wait for each other in a circle.
const BEGIN: &str = "INSERT INTO push_marks AS m (chat_id, user_id, window_at)
    SELECT w.chat_id, w.user_id, $3 FROM unnest($1::uuid[], $2::uuid[]) AS w (chat_id, user_id)
    JOIN users u ON u.id = w.user_id
    ORDER BY w.chat_id, w.user_id
    ON CONFLICT (chat_id, user_id) DO UPDATE SET window_at = $3
        WHERE m.window_at IS NULL OR m.window_at <= $4
    RETURNING chat_id, user_id";

const OPEN: &str = "SELECT m.chat_id, m.user_id, m.window_at FROM push_marks m
    JOIN unnest($1::uuid[], $2::uuid[]) AS w (chat_id, user_id)
        ON w.chat_id = m.chat_id AND w.user_id = m.user_id
    WHERE m.window_at IS NOT NULL";

const ADVANCE: &str = "INSERT INTO push_marks AS m (chat_id, user_id, pushed_seq, cleared_seq)
    SELECT w.chat_id, w.user_id, max(w.pushed_seq), max(w.cleared_seq)
    FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[])
        AS w (chat_id, user_id, pushed_seq, cleared_seq)
    JOIN users u ON u.id = w.user_id
    GROUP BY w.chat_id, w.user_id ORDER BY w.chat_id, w.user_id
    ON CONFLICT (chat_id, user_id) DO UPDATE SET
        pushed_seq = greatest(m.pushed_seq, excluded.pushed_seq),
        cleared_seq = greatest(m.cleared_seq, excluded.cleared_seq)";

pub struct PostgresPushes(pub Postgres);

#[async_trait]
impl PushStore for PostgresPushes {
    async fn find(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<PushMark>> {
        let ids: Vec<Uuid> = chat_ids.iter().map(|id| id.0).collect();
        let client = self.0.client().await?;
        let query = client
            .prepare_cached(
                "SELECT chat_id, user_id, pushed_seq, cleared_seq FROM push_marks
                 WHERE chat_id = ANY($1)",
            )
            .await
            .map_err(failed)?;
        let rows = client.query(&query, &[&ids]).await.map_err(failed)?;
        let mark = |row: &Row| PushMark {
            chat_id: ChatId(row.get(0)),
            user_id: UserId(row.get(1)),
            pushed_seq: number(row.get(2)),
            cleared_seq: number(row.get(3)),
        };
        Ok(rows.iter().map(mark).collect())
    }

    async fn begin_windows(
        &self,
        places: Vec<(ChatId, UserId)>,
        at: Timestamp,
        since: Timestamp,
    ) -> StoreResult<Vec<Option<Timestamp>>> {
        let (chats, users): (Vec<Uuid>, Vec<Uuid>) = places
            .iter()
            .map(|(chat_id, user_id)| (chat_id.0, user_id.0))
            .unzip();
        let client = self.0.client().await?;
        let begin = client.prepare_cached(BEGIN).await.map_err(failed)?;
        let begun = client
            .query(&begin, &[&chats, &users, &stored(at), &stored(since)])
            .await
            .map_err(uncertain)?;
        let place = |row: &Row| (ChatId(row.get(0)), UserId(row.get(1)));
        let begun: Vec<(ChatId, UserId)> = begun.iter().map(place).collect();
        if begun.len() == places.len() {
            return Ok(vec![None; places.len()]);
        }
        let open = client.prepare_cached(OPEN).await.map_err(failed)?;
        let open = client.query(&open, &[&chats, &users]).await;
        let open = open.map_err(failed)?;
        let open: HashMap<_, _> = open
            .iter()
            .map(|row| (place(row), time(row.get(2))))
            .collect();
        let answer = |one: &(ChatId, UserId)| match begun.contains(one) {
            true => None,
            false => open.get(one).copied(),
        };
        Ok(places.iter().map(answer).collect())
    }

    async fn advance(&self, marks: Vec<PushMark>) -> StoreResult<()> {
        let chats: Vec<Uuid> = marks.iter().map(|mark| mark.chat_id.0).collect();
        let users: Vec<Uuid> = marks.iter().map(|mark| mark.user_id.0).collect();
        let pushed: Vec<i64> = marks.iter().map(|mark| signed(mark.pushed_seq)).collect();
        let cleared: Vec<i64> = marks.iter().map(|mark| signed(mark.cleared_seq)).collect();
        let client = self.0.client().await?;
        let update = client.prepare_cached(ADVANCE).await.map_err(failed)?;
        client
            .execute(&update, &[&chats, &users, &pushed, &cleared])
            .await
            .map_err(uncertain)?;
        Ok(())
    }

    async fn keep(&self, push: KeptPush) -> StoreResult<()> {
        let data = serde_json::to_string(&push.data);
        let data = data.map_err(|error| internal(error.to_string()))?;
        let client = self.0.client().await?;
        let insert = client
            .prepare_cached(
                "INSERT INTO push_inbox (user_id, device_id, platform, data, at)
                 SELECT id, $2, $3, $4, $5 FROM users WHERE id = $1",
            )
            .await
            .map_err(failed)?;
        let (platform, at) = (push.platform.as_str(), stored(push.at));
        client
            .execute(
                &insert,
                &[&push.user_id.0, &push.device_id.0, &platform, &data, &at],
            )
            .await
            .map_err(uncertain)?;
        let trim = client
            .prepare_cached(
                "DELETE FROM push_inbox WHERE user_id = $1 AND place <= (
                     SELECT place FROM push_inbox WHERE user_id = $1
                     ORDER BY place DESC LIMIT 1 OFFSET $2)",
            )
            .await
            .map_err(failed)?;
        client
            .execute(&trim, &[&push.user_id.0, &signed(KEPT_PUSHES as u64)])
            .await
            .map_err(uncertain)?;
        Ok(())
    }

    async fn kept(&self, user_id: UserId, after: u64, limit: usize) -> StoreResult<Vec<KeptPush>> {
        let client = self.0.client().await?;
        let query = client
            .prepare_cached(
                "SELECT place, user_id, device_id, platform, data, at FROM push_inbox
                 WHERE user_id = $1 AND place > $2 ORDER BY place LIMIT $3",
            )
            .await
            .map_err(failed)?;
        let rows = client
            .query(&query, &[&user_id.0, &signed(after), &signed(limit as u64)])
            .await
            .map_err(failed)?;
        rows.iter().map(read_kept).collect()
    }
}

fn read_kept(row: &Row) -> StoreResult<KeptPush> {
    let (platform, data): (&str, &str) = (row.get(3), row.get(4));
    Ok(KeptPush {
        place: number(row.get(0)),
        user_id: UserId(row.get(1)),
        device_id: DeviceId(row.get(2)),
        platform: Platform::parse(platform)
            .ok_or_else(|| internal(format!("an unknown platform: {platform}")))?,
        data: serde_json::from_str(data).map_err(|error| internal(error.to_string()))?,
        at: time(row.get(5)),
    })
}
