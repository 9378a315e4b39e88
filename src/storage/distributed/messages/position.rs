//! Where a chat's log ends.
//!
//! Heads are read first, then the entries that are still to be applied: what is shown ends before
//! the first of those.

use std::collections::HashMap;

use mongodb::bson::{Document, doc};
use mongodb::options::FindOptions;
use uuid::Uuid;

use super::apply;
use super::union::{find, union};
use super::{COLLECTION, MongoMessages};
use crate::clock::Timestamp;
use crate::id::ChatId;
use crate::storage::distributed::document::{binaries, binary, id, number, time};
use crate::storage::distributed::mongo::{Mongo, unavailable};
use crate::storage::distributed::postgres::{self, failed};
use crate::storage::error::StoreResult;
use crate::storage::messages::Heads;

/// How often an owner looks again when others go on writing entries that are to be applied.
const ATTEMPTS: usize = 8;

/// For the chat's owner: whatever is to be applied is applied first, so the numbers after these
/// heads are free to take.
pub async fn settled_heads(store: &MongoMessages, chat_id: ChatId) -> StoreResult<Heads> {
    for _ in 0..ATTEMPTS {
        let head = written(&store.mongo, &[chat_id]).await?;
        let Some((_, head)) = head.first() else {
            return Ok(Heads::default());
        };
        match apply::settle(store, chat_id).await? {
            0 => return Ok(*head),
            _ => continue,
        }
    }
    Err(unavailable(format!("the log of {chat_id} does not settle")))
}

/// Heads as readers may see them, of those chats that have entries.
pub async fn heads_of(mongo: &Mongo, chat_ids: &[ChatId]) -> StoreResult<Vec<(ChatId, Heads)>> {
    let mut heads = written(mongo, chat_ids).await?;
    let bounds = bounds(mongo, chat_ids).await?;
    for (chat_id, heads) in &mut heads {
        if let Some(bound) = bounds.get(chat_id)
            && bound.rev < heads.rev
        {
            *heads = *bound;
        }
    }
    heads.retain(|(_, heads)| heads.rev > 0);
    Ok(heads)
}

/// Heads of what is written, applied or not.
pub async fn written(mongo: &Mongo, chat_ids: &[ChatId]) -> StoreResult<Vec<(ChatId, Heads)>> {
    let newest = newest(mongo, chat_ids).await?;
    newest
        .iter()
        .map(|(chat_id, entry)| Ok((*chat_id, heads(entry)?)))
        .collect()
}

/// The time of each chat's newest entry.
pub async fn last_changes(
    mongo: &Mongo,
    chat_ids: &[ChatId],
) -> StoreResult<Vec<(ChatId, Timestamp)>> {
    let newest = newest(mongo, chat_ids).await?;
    newest
        .iter()
        .map(|(chat_id, entry)| Ok((*chat_id, time(entry, "created_at")?)))
        .collect()
}

async fn newest(mongo: &Mongo, chat_ids: &[ChatId]) -> StoreResult<Vec<(ChatId, Document)>> {
    let pipelines = chat_ids
        .iter()
        .map(|chat_id| {
            vec![
                doc! { "$match": { "chat_id": binary(chat_id.0) } },
                doc! { "$sort": { "chat_id": -1, "rev": -1 } },
                doc! { "$limit": 1 },
                doc! { "$project": { "rev": 1, "seq": 1, "created_at": 1 } },
            ]
        })
        .collect();
    let found = union(mongo, COLLECTION, pipelines).await?;
    let entries = found.into_iter().map(|mut entries| entries.pop());
    let placed = chat_ids.iter().zip(entries);
    Ok(placed
        .filter_map(|(chat_id, entry)| Some((*chat_id, entry?)))
        .collect())
}

fn heads(entry: &Document) -> StoreResult<Heads> {
    Ok(Heads {
        seq: number(entry, "seq")?,
        rev: number(entry, "rev")?,
    })
}

/// The heads before the first entry that is still to be applied, of those chats that have one.
async fn bounds(mongo: &Mongo, chat_ids: &[ChatId]) -> StoreResult<HashMap<ChatId, Heads>> {
    let filter = doc! {
        "chat_id": { "$in": binaries(chat_ids.iter().map(|id| id.0)) },
        "applied": false,
    };
    let options = FindOptions::builder()
        .sort(doc! { "rev": -1 })
        .projection(doc! { "chat_id": 1, "rev": 1, "seq": 1, "type": 1 })
        .build();
    let mut bounds = HashMap::new();
    // From the last to the first, so that the first one stays.
    for entry in find(mongo, filter, options).await? {
        let mut heads = heads(&entry)?;
        heads.rev = heads.rev.saturating_sub(1);
        if entry.contains_key("type") {
            heads.seq = heads.seq.saturating_sub(1);
        }
        bounds.insert(id(&entry, "chat_id")?, heads);
    }
    Ok(bounds)
}

/// The newest entry that changed each chat's own rows; 1 where PostgreSQL knows of none.
pub async fn chat_changed_revs(
    store: &MongoMessages,
    chat_ids: &[ChatId],
) -> StoreResult<HashMap<ChatId, u64>> {
    let ids: Vec<Uuid> = chat_ids.iter().map(|id| id.0).collect();
    let client = store.postgres.client().await?;
    let query = client
        .prepare_cached("SELECT id, greatest(applied_rev, 1) FROM chats WHERE id = ANY($1)")
        .await
        .map_err(failed)?;
    let rows = client.query(&query, &[&ids]).await.map_err(failed)?;
    Ok(rows
        .iter()
        .map(|row| (ChatId(row.get(0)), postgres::number(row.get(1))))
        .collect())
}
