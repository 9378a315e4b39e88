//! Messages past their time.

use std::collections::HashMap;

use mongodb::bson::{Document, doc};
use mongodb::options::FindOptions;

use super::apply::strip_entries;
use super::document::message;
use super::union::find;
use super::{COLLECTION, MongoMessages};
use crate::clock::Timestamp;
use crate::domain::message::Message;
use crate::id::{ChatId, MessageId};
use crate::storage::distributed::document::{binaries, date};
use crate::storage::distributed::mongo::Mongo;
use crate::storage::error::StoreResult;

/// In the words of the index.
fn past_time(before: Timestamp) -> Document {
    doc! { "expires_at": { "$lte": date(before) }, "is_deleted": false }
}

pub async fn past(mongo: &Mongo, before: Timestamp, limit: usize) -> StoreResult<Vec<Message>> {
    let options = FindOptions::builder()
        .sort(doc! { "expires_at": 1 })
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .build();
    let found = find(mongo, past_time(before), options).await?;
    found.iter().map(message).collect()
}

/// The entries first: a message that still has its words is found again.
pub async fn strip(
    store: &MongoMessages,
    messages: &[Message],
    before: Timestamp,
) -> StoreResult<usize> {
    let mut chats: HashMap<ChatId, Vec<MessageId>> = HashMap::new();
    for message in messages {
        chats.entry(message.chat_id).or_default().push(message.id);
    }
    for (chat_id, ids) in chats {
        strip_entries(store, chat_id, &ids).await?;
    }
    let mut expired = past_time(before);
    let ids = binaries(messages.iter().map(|message| message.id.0));
    expired.insert("message_id", doc! { "$in": ids });
    expired.insert("type", doc! { "$exists": true });
    let update = doc! { "$set": { "is_deleted": true, "payload": {}, "reactions": {} } };
    let collection = store.mongo.collection(COLLECTION);
    let call = collection.update_many(expired, update);
    let stripped = store.mongo.write(call).await?.modified_count;
    Ok(usize::try_from(stripped).unwrap_or(usize::MAX))
}
