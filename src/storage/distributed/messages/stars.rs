//! What someone has starred. His list is in PostgreSQL, beside the log that tells his devices; the
//! message's own `is_starred_by` is for whoever looks into MongoDB.

use mongodb::bson::doc;
use uuid::Uuid;

use super::{COLLECTION, MongoMessages};
use crate::clock::Timestamp;
use crate::domain::message::Message;
use crate::id::{MessageId, UserId};
use crate::storage::distributed::document::binary;
use crate::storage::distributed::postgres::{Postgres, failed, signed, stored, time, uncertain};
use crate::storage::distributed::user_log;
use crate::storage::error::StoreResult;
use crate::storage::messages::Star;
use crate::storage::user_log::Topic;

/// Answers the rev of the viewer's own log; `None` when it was so already.
///
/// The message is marked while the rows are locked: one that is starred and unstarred at the same
/// time is marked as the list says.
pub async fn set(
    store: &MongoMessages,
    viewer: UserId,
    message: &Message,
    starred: bool,
    at: Timestamp,
) -> StoreResult<Option<u64>> {
    let mut client = store.postgres.client().await?;
    let transaction = client.transaction().await.map_err(failed)?;
    let (message_id, chat_id) = (message.id, message.chat_id);
    let changed = if starred {
        let insert = "INSERT INTO starred_messages (user_id, message_id, chat_id, starred_at)
                      VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        let insert = transaction.prepare_cached(insert).await.map_err(failed)?;
        transaction
            .execute(
                &insert,
                &[&viewer.0, &message_id.0, &chat_id.0, &stored(at)],
            )
            .await
            .map_err(failed)?
    } else {
        let remove = "DELETE FROM starred_messages WHERE user_id = $1 AND message_id = $2";
        let remove = transaction.prepare_cached(remove).await.map_err(failed)?;
        transaction
            .execute(&remove, &[&viewer.0, &message_id.0])
            .await
            .map_err(failed)?
    };
    if changed == 0 {
        return Ok(None);
    }
    let (key, value) = (message_id.to_string(), starred.to_string());
    let logged = user_log::append(&transaction, &[viewer], Topic::Star, &key, &value)
        .await
        .map_err(failed)?;
    mark(store, viewer, message_id, starred).await?;
    transaction.commit().await.map_err(uncertain)?;
    Ok(logged.first().map(|(_, rev)| *rev))
}

async fn mark(
    store: &MongoMessages,
    viewer: UserId,
    message_id: MessageId,
    starred: bool,
) -> StoreResult<()> {
    let operator = if starred { "$addToSet" } else { "$pull" };
    let messages = store.mongo.collection(COLLECTION);
    let target = doc! { "message_id": binary(message_id.0), "type": { "$exists": true } };
    let update = doc! { operator: { "is_starred_by": binary(viewer.0) } };
    let call = messages.update_one(target, update);
    store.mongo.write(call).await.map(|_| ())
}

/// Keeps those ids that the viewer has starred.
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
            "SELECT message_id FROM starred_messages
             WHERE user_id = $1 AND message_id = ANY($2)",
        )
        .await
        .map_err(failed)?;
    let rows = client.query(&query, &[&viewer.0, &ids]).await;
    let rows = rows.map_err(failed)?;
    Ok(rows.iter().map(|row| MessageId(row.get(0))).collect())
}

pub async fn page(
    postgres: &Postgres,
    viewer: UserId,
    after: Option<Star>,
    limit: usize,
) -> StoreResult<Vec<Star>> {
    let client = postgres.client().await?;
    let query = client
        .prepare_cached(
            "SELECT starred_at, message_id FROM starred_messages
             WHERE user_id = $1 AND ($2::timestamptz IS NULL
                   OR (starred_at, message_id) < ($2, $3::uuid))
             ORDER BY starred_at DESC, message_id DESC LIMIT $4",
        )
        .await
        .map_err(failed)?;
    let at = after.map(|star| stored(star.starred_at));
    let message_id = after.map(|star| star.message_id.0);
    let limit = signed(limit as u64);
    let rows = client
        .query(&query, &[&viewer.0, &at, &message_id, &limit])
        .await
        .map_err(failed)?;
    Ok(rows
        .iter()
        .map(|row| Star {
            starred_at: time(row.get(0)),
            message_id: MessageId(row.get(1)),
        })
        .collect())
}
