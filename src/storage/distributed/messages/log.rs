//! The entries that rows of the outbox name, as they tell what happened; and those that wait for
//! someone to make them act.

use std::collections::{HashMap, HashSet};

use mongodb::bson::{Document, doc};
use mongodb::options::FindOptions;

use super::document::kind;
use super::payload;
use super::union::find;
use crate::clock::Timestamp;
use crate::id::ChatId;
use crate::storage::distributed::document::{date, id, number, optional_id, text, time};
use crate::storage::distributed::mongo::Mongo;
use crate::storage::error::StoreResult;
use crate::storage::log::{Logged, change_of};
use crate::storage::messages::OutboxEntry;

/// Positions in one query.
const POSITIONS: usize = 1_000;

/// Looked for among those that are not published first: one that is marked meanwhile is found twice,
/// none is missed.
pub async fn named(mongo: &Mongo, rows: &[OutboxEntry]) -> StoreResult<Vec<Logged>> {
    let mut ranges: HashMap<ChatId, Vec<(u64, u64)>> = HashMap::new();
    for row in rows {
        let range = (row.first_rev, row.last_rev);
        ranges.entry(row.chat_id).or_default().push(range);
    }
    let is_named = |entry: &Logged| {
        let ranges = ranges.get(&entry.chat_id).into_iter().flatten();
        let mut ranges = ranges.copied();
        ranges.any(|(first, last)| (first..=last).contains(&entry.rev))
    };
    let mut all = Vec::with_capacity(rows.len());
    for rows in rows.chunks(POSITIONS) {
        let positions: Vec<i64> = rows.iter().map(|row| row.position).collect();
        for is_published in [false, true] {
            let filter = doc! {
                "is_published": is_published,
                "outbox.position": { "$in": &positions },
                "applied": { "$ne": false },
            };
            let options = FindOptions::builder().projection(fields()).build();
            for entry in find(mongo, filter, options).await? {
                all.push(logged(&entry)?);
            }
        }
    }
    all.retain(is_named);
    all.sort_unstable_by_key(|entry| (entry.chat_id, entry.rev));
    all.dedup_by_key(|entry| (entry.chat_id, entry.rev));
    Ok(all)
}

/// The payload of a system message alone: what people wrote goes no further.
fn fields() -> Document {
    doc! {
        "chat_id": 1, "rev": 1, "seq": 1, "created_at": 1, "sender_id": 1, "actor_id": 1,
        "change": 1, "message_id": 1, "type": 1,
        "payload": { "$cond": [{ "$eq": ["$change", "acted"] }, "$payload", "$$REMOVE"] },
    }
}

fn logged(entry: &Document) -> StoreResult<Logged> {
    let is_message = entry.contains_key("type");
    let kind = is_message.then(|| kind(entry)).transpose()?;
    let payload = entry.get_document("payload").ok();
    let payload = payload.map(payload::to_json).transpose()?;
    let message = optional_id(entry, "message_id")?.map(|message_id| (message_id, kind));
    let actor = match is_message {
        true => optional_id(entry, "sender_id")?,
        false => optional_id(entry, "actor_id")?,
    };
    Ok(Logged {
        chat_id: id(entry, "chat_id")?,
        rev: number(entry, "rev")?,
        seq: number(entry, "seq")?,
        at: time(entry, "created_at")?,
        actor,
        what: change_of(text(entry, "change")?, message, payload),
    })
}

/// Chats with entries from before a time that did not act yet.
pub async fn unsettled(mongo: &Mongo, before: Timestamp, limit: usize) -> StoreResult<Vec<ChatId>> {
    let options = FindOptions::builder()
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .projection(doc! { "chat_id": 1 })
        .build();
    let filter = doc! { "applied": false, "outbox.at": { "$lt": date(before) } };
    let mut chats = HashSet::new();
    for entry in find(mongo, filter, options).await? {
        chats.insert(id(&entry, "chat_id")?);
    }
    Ok(chats.into_iter().collect())
}
