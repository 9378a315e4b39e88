//! Messages by the medium that they name.

use mongodb::bson::doc;
use mongodb::options::FindOptions;

use super::document::message;
use super::union::find as find_entries;
use crate::domain::message::Message;
use crate::id::{ChatId, MediaId};
use crate::storage::distributed::document::binaries;
use crate::storage::distributed::mongo::Mongo;
use crate::storage::error::StoreResult;

/// Chats asked about at once.
const CHATS: usize = 1000;

pub async fn find_by_media(
    mongo: &Mongo,
    media_id: MediaId,
    chat_ids: Vec<ChatId>,
    limit: usize,
) -> StoreResult<Vec<Message>> {
    let mut messages = Vec::new();
    for some in chat_ids.chunks(CHATS) {
        let filter = doc! {
            "payload.mediaId": media_id.to_string(),
            "chat_id": { "$in": binaries(some.iter().map(|id| id.0)) },
        };
        let left = i64::try_from(limit - messages.len()).unwrap_or(i64::MAX);
        let options = FindOptions::builder().limit(left).build();
        for found in &find_entries(mongo, filter, options).await? {
            messages.push(message(found)?);
        }
        if messages.len() >= limit {
            break;
        }
    }
    Ok(messages)
}
