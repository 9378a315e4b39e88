//! Delete for me. Who has hidden what is in PostgreSQL, beside the log that tells his devices.

use std::collections::HashSet;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::domain::message::Message;
use crate::id::{ChatId, MessageId, UserId};
use crate::storage::distributed::postgres::{Postgres, failed, number, signed, stored, uncertain};
use crate::storage::distributed::user_log;
use crate::storage::error::StoreResult;
use crate::storage::user_log::Topic;

/// Messages by chat and seq.
pub type Places = HashSet<(ChatId, u64)>;

/// Answers the rev of the viewer's own log; `None` when it was hidden already.
pub async fn hide(
    postgres: &Postgres,
    viewer: UserId,
    message: &Message,
    at: Timestamp,
) -> StoreResult<Option<u64>> {
    let mut client = postgres.client().await?;
    let transaction = client.transaction().await.map_err(failed)?;
    let insert = transaction
        .prepare_cached(
            "INSERT INTO hidden_messages (user_id, chat_id, seq, message_id, hidden_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        )
        .await
        .map_err(failed)?;
    let chat_id = message.chat_id;
    let inserted = transaction
        .execute(
            &insert,
            &[
                &viewer.0,
                &chat_id.0,
                &signed(message.seq),
                &message.id.0,
                &stored(at),
            ],
        )
        .await
        .map_err(failed)?;
    if inserted == 0 {
        return Ok(None);
    }
    let (key, value) = (message.id.to_string(), format!("\"{chat_id}\""));
    let logged = user_log::append(&transaction, &[viewer], Topic::Hidden, &key, &value)
        .await
        .map_err(failed)?;
    transaction.commit().await.map_err(uncertain)?;
    Ok(logged.first().map(|(_, rev)| *rev))
}

/// Keeps those ids that the viewer has hidden.
pub async fn among(
    postgres: &Postgres,
    viewer: UserId,
    ids: Vec<MessageId>,
) -> StoreResult<Vec<MessageId>> {
    if ids.is_empty() {
        return Ok(ids);
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let client = postgres.client().await?;
    let query = client
        .prepare_cached(
            "SELECT message_id FROM hidden_messages
             WHERE user_id = $1 AND message_id = ANY($2)",
        )
        .await
        .map_err(failed)?;
    let rows = client
        .query(&query, &[&viewer.0, &ids])
        .await
        .map_err(failed)?;
    Ok(rows.iter().map(|row| MessageId(row.get(0))).collect())
}

/// Which of these messages the viewer has hidden.
pub async fn places(
    postgres: &Postgres,
    viewer: UserId,
    messages: impl Iterator<Item = &Message>,
) -> StoreResult<Places> {
    let ranges = messages.map(|message| (message.chat_id, message.seq, message.seq));
    within(postgres, viewer, ranges).await
}

/// What the viewer has hidden within these ranges of seqs, both ends included.
pub async fn within(
    postgres: &Postgres,
    viewer: UserId,
    ranges: impl Iterator<Item = (ChatId, u64, u64)>,
) -> StoreResult<Places> {
    let (mut chats, mut firsts, mut lasts) = (Vec::new(), Vec::new(), Vec::new());
    for (chat_id, first, last) in ranges {
        chats.push(chat_id.0);
        firsts.push(signed(first));
        lasts.push(signed(last));
    }
    if chats.is_empty() {
        return Ok(Places::new());
    }
    let client = postgres.client().await?;
    let query = client
        .prepare_cached(
            "SELECT h.chat_id, h.seq
             FROM unnest($2::uuid[], $3::bigint[], $4::bigint[]) AS r (chat_id, first, last)
             JOIN hidden_messages h ON h.user_id = $1 AND h.chat_id = r.chat_id
                  AND h.seq BETWEEN r.first AND r.last",
        )
        .await
        .map_err(failed)?;
    let rows = client
        .query(&query, &[&viewer.0, &chats, &firsts, &lasts])
        .await
        .map_err(failed)?;
    Ok(rows
        .iter()
        .map(|row| (ChatId(row.get(0)), number(row.get(1))))
        .collect())
}
