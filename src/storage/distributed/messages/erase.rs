//! What someone said in a chat, taken out of its log.

use mongodb::bson::doc;
use mongodb::options::FindOptions;

use super::union::find;
use super::{COLLECTION, MongoMessages, apply};
use crate::clock::Timestamp;
use crate::id::{ChatId, MessageId, UserId};
use crate::storage::distributed::document::{binary, date, id, number};
use crate::storage::distributed::postgres::signed;
use crate::storage::error::StoreResult;

/// Messages whose entries are stripped at once.
const AT_ONCE: i64 = 500;

/// Strips every message of a sender, what was said about them, and his reactions to others'.
/// Done twice it changes nothing.
pub async fn erase(
    store: &MongoMessages,
    chat_id: ChatId,
    sender: UserId,
    (rev, at): (u64, Timestamp),
) -> StoreResult<()> {
    let messages = store.mongo.collection(COLLECTION);
    strip_about(store, chat_id, sender).await?;
    let last = doc! { "$not": { "$gte": signed(rev) } };
    let mine = doc! {
        "chat_id": binary(chat_id.0), "sender_id": binary(sender.0), "change": "sent",
        "is_deleted": false, "last_rev": last.clone(),
    };
    let stripped = doc! { "$set": {
        "is_deleted": true, "payload": {}, "reactions": {},
        "updated_at": date(at), "last_rev": signed(rev),
    } };
    store
        .mongo
        .write(messages.update_many(mine, stripped))
        .await?;
    let place = format!("reactions.{sender}");
    let reacted = doc! {
        "chat_id": binary(chat_id.0), &place: { "$exists": true }, "last_rev": last,
    };
    let taken = doc! {
        "$unset": { &place: "" },
        "$set": { "updated_at": date(at), "last_rev": signed(rev) },
    };
    store
        .mongo
        .write(messages.update_many(reacted, taken))
        .await?;
    let said = doc! {
        "chat_id": binary(chat_id.0), "actor_id": binary(sender.0), "change": "reacted",
    };
    let unsaid = doc! { "$unset": { "emoji": "" } };
    store
        .mongo
        .write(messages.update_many(said, unsaid))
        .await?;
    let starred = doc! { "chat_id": binary(chat_id.0), "is_starred_by": binary(sender.0) };
    let unstarred = doc! { "$pull": { "is_starred_by": binary(sender.0) } };
    store
        .mongo
        .write(messages.update_many(starred, unstarred))
        .await
        .map(|_| ())
}

/// What was said about his messages, a page of them at a time.
async fn strip_about(store: &MongoMessages, chat_id: ChatId, sender: UserId) -> StoreResult<()> {
    let mut after = 0;
    loop {
        let filter = doc! {
            "chat_id": binary(chat_id.0), "rev": { "$gt": signed(after) },
            "sender_id": binary(sender.0), "change": "sent",
        };
        let options = FindOptions::builder()
            .sort(doc! { "rev": 1 })
            .limit(AT_ONCE)
            .projection(doc! { "message_id": 1, "rev": 1 })
            .build();
        let page = find(&store.mongo, filter, options).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = number(last, "rev")?;
        let ids = page.iter().map(|document| id(document, "message_id"));
        let ids: Vec<MessageId> = ids.collect::<StoreResult<_>>()?;
        apply::strip_entries(store, chat_id, &ids).await?;
    }
}

/// Whether anything is left to strip.
pub async fn speaks(store: &MongoMessages, chat_id: ChatId, sender: UserId) -> StoreResult<bool> {
    let messages = store.mongo.collection(COLLECTION);
    let said = doc! {
        "chat_id": binary(chat_id.0),
        "$or": [
            { "sender_id": binary(sender.0), "change": "sent", "is_deleted": false },
            { "actor_id": binary(sender.0), "change": "reacted", "emoji": { "$exists": true } },
        ],
    };
    Ok(store.mongo.read(messages.find_one(said)).await?.is_some())
}
