//! What a chat list shows of each chat, and who wrote in a range.

use std::collections::HashMap;

use mongodb::bson::{Bson, Document, doc};

use super::read::{messages, page};
use super::union::union;
use super::{COLLECTION, MongoMessages, hidden, position};
use crate::domain::message::Message;
use crate::id::{ChatId, UserId};
use crate::storage::distributed::document::{binary, broken, number, uuid};
use crate::storage::distributed::mongo::Mongo;
use crate::storage::distributed::postgres::signed;
use crate::storage::error::StoreResult;
use crate::storage::messages::{Heads, Overview, OverviewQuery, SeqRange};

/// More unread messages than this are not told apart.
const UNREAD_MOST: i64 = 999;

/// One chat, with its heads, while the rest is read.
struct Row {
    query: OverviewQuery,
    heads: Heads,
    last_message: Option<Message>,
}

impl Row {
    /// Seqs of what may be shown; heads were read first, so nothing beyond them.
    fn shown(&self) -> (u64, u64) {
        (self.query.from_seq, self.query.to_seq.min(self.heads.seq))
    }

    /// Seqs of what may be unread; `None`: nothing can be.
    fn unread(&self) -> Option<(ChatId, u64, u64)> {
        let (from, last) = self.shown();
        let first = from.max(self.query.unread_after.saturating_add(1));
        let some = first <= last && self.last_message.is_some();
        some.then_some((self.query.chat_id, first, last))
    }
}

pub async fn overview(
    store: &MongoMessages,
    viewer: UserId,
    queries: Vec<OverviewQuery>,
) -> StoreResult<Vec<Overview>> {
    let ids: Vec<ChatId> = queries.iter().map(|query| query.chat_id).collect();
    let heads = position::heads_of(&store.mongo, &ids).await?;
    let heads: HashMap<ChatId, Heads> = heads.into_iter().collect();
    let mut rows: Vec<Row> = queries
        .into_iter()
        .map(|query| Row {
            heads: heads.get(&query.chat_id).copied().unwrap_or_default(),
            query,
            last_message: None,
        })
        .collect();
    newest(store, viewer, &mut rows).await?;
    let counts = unread(store, viewer, &rows).await?;
    Ok(rows
        .into_iter()
        .zip(counts)
        .map(|(row, unread_count)| Overview {
            chat_id: row.query.chat_id,
            heads: row.heads,
            last_message: row.last_message,
            unread_count,
        })
        .collect())
}

/// Finds each chat's newest message; where that one is hidden, the newest that is not.
async fn newest(store: &MongoMessages, viewer: UserId, rows: &mut [Row]) -> StoreResult<()> {
    let pipelines = rows
        .iter()
        .map(|row| {
            let (first, last) = row.shown();
            vec![
                doc! { "$match": places(row.query.chat_id, first, last) },
                doc! { "$sort": { "chat_id": -1, "seq": -1 } },
                doc! { "$limit": 1 },
            ]
        })
        .collect();
    let found = messages(&union(&store.mongo, COLLECTION, pipelines).await?)?;
    let hidden = hidden::places(&store.postgres, viewer, found.iter().flatten()).await?;
    for (row, found) in rows.iter_mut().zip(found) {
        let Some(newest) = found.into_iter().next() else {
            continue;
        };
        row.last_message = if hidden.contains(&(newest.chat_id, newest.seq)) {
            let range = SeqRange {
                after: Some(row.query.from_seq.saturating_sub(1)),
                before: Some(newest.seq),
            };
            let mut before = page(store, viewer, newest.chat_id, range, 1).await?;
            before.pop()
        } else {
            Some(newest)
        };
    }
    Ok(())
}

async fn unread(store: &MongoMessages, viewer: UserId, rows: &[Row]) -> StoreResult<Vec<u32>> {
    let ranges = rows.iter().filter_map(Row::unread);
    let hidden = hidden::within(&store.postgres, viewer, ranges).await?;
    let mut hidden_seqs: HashMap<ChatId, Vec<Bson>> = HashMap::new();
    for (chat_id, seq) in hidden {
        let seqs = hidden_seqs.entry(chat_id).or_default();
        seqs.push(Bson::Int64(signed(seq)));
    }
    let mut asked = Vec::new();
    let mut pipelines = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let Some((chat_id, first, last)) = row.unread() else {
            continue;
        };
        let mut filter = places(chat_id, first, last);
        filter.insert("change", "sent");
        filter.insert("sender_id", doc! { "$ne": binary(viewer.0) });
        let mut stages = vec![doc! { "$match": filter }];
        if let Some(seqs) = hidden_seqs.get(&chat_id) {
            stages.push(doc! { "$match": { "seq": { "$nin": seqs } } });
        }
        stages.push(doc! { "$limit": UNREAD_MOST });
        stages.push(doc! { "$count": "count" });
        asked.push(place);
        pipelines.push(stages);
    }
    let found = union(&store.mongo, COLLECTION, pipelines).await?;
    let mut counts = vec![0; rows.len()];
    for (place, counted) in asked.into_iter().zip(found) {
        if let Some(counted) = counted.first() {
            counts[place] = u32::try_from(number(counted, "count")?).unwrap_or(u32::MAX);
        }
    }
    Ok(counts)
}

/// Of people's messages; a system message has no sender who waits for receipts.
pub async fn senders(
    mongo: &Mongo,
    chat_id: ChatId,
    after: u64,
    up_to: u64,
) -> StoreResult<Vec<UserId>> {
    let mut filter = places(chat_id, after.saturating_add(1), up_to);
    filter.insert("change", "sent");
    let collection = mongo.collection(COLLECTION);
    let senders = mongo.read(collection.distinct("sender_id", filter)).await?;
    senders
        .iter()
        .map(|sender| {
            let id = uuid(sender).ok_or_else(|| broken("sender_id"))?;
            Ok(UserId(id))
        })
        .collect()
}

/// Messages of a chat whose seqs lie between two, both included.
fn places(chat_id: ChatId, first: u64, last: u64) -> Document {
    doc! {
        "chat_id": binary(chat_id.0),
        "seq": { "$gte": signed(first), "$lte": signed(last) },
        "type": { "$exists": true },
        "applied": { "$ne": false },
    }
}
