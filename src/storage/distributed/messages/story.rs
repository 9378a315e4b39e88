//! The entries about one message; each says itself where it is in the outbox.

use mongodb::bson::{Document, doc};
use mongodb::options::FindOptions;

use super::union::find;
use crate::domain::message::Message;
use crate::storage::distributed::document::{binary, number, optional_id, text, time};
use crate::storage::distributed::mongo::Mongo;
use crate::storage::distributed::postgres::signed;
use crate::storage::error::StoreResult;
use crate::storage::story::{Publication, StoryEntry};

/// Each look-up has an index of its own. A deletion is found by its number: nothing changes a message
/// after it.
pub async fn of(mongo: &Mongo, message: &Message, limit: usize) -> StoreResult<Vec<StoryEntry>> {
    let id = || binary(message.id.0);
    let own = doc! { "message_id": id(), "type": { "$exists": true } };
    let about = [
        doc! { "message_id": id(), "change": "edited" },
        doc! { "message_id": id(), "change": "reacted" },
        doc! { "chat_id": binary(message.chat_id.0), "rev": signed(message.rev) },
    ];
    let own = look_up(mongo, own, 1).await?;
    let mut others = Vec::new();
    for filter in about {
        others.append(&mut look_up(mongo, filter, limit).await?);
    }
    others.retain(|entry| own.iter().all(|own| own.rev != entry.rev));
    others.sort_unstable_by_key(|entry| entry.rev);
    others.dedup_by_key(|entry| entry.rev);
    let excess = (own.len() + others.len()).saturating_sub(limit);
    others.drain(..excess.min(others.len()));
    Ok(own.into_iter().chain(others).collect())
}

/// The newest that a filter lets through.
async fn look_up(mongo: &Mongo, filter: Document, limit: usize) -> StoreResult<Vec<StoryEntry>> {
    let options = FindOptions::builder()
        .sort(doc! { "rev": -1 })
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .projection(fields())
        .build();
    let found = find(mongo, filter, options).await?;
    found.iter().map(entry).collect()
}

fn fields() -> Document {
    doc! {
        "rev": 1, "created_at": 1, "sender_id": 1, "actor_id": 1, "change": 1, "is_published": 1,
    }
}

fn entry(document: &Document) -> StoreResult<StoryEntry> {
    let actor = match document.contains_key("sender_id") {
        true => optional_id(document, "sender_id")?,
        false => optional_id(document, "actor_id")?,
    };
    Ok(StoryEntry {
        rev: number(document, "rev")?,
        at: time(document, "created_at")?,
        actor,
        change: text(document, "change")?.to_owned(),
        outbox: match document.get_bool("is_published") {
            Ok(false) => Publication::Waiting,
            Ok(true) => Publication::Published(None),
            Err(_) => Publication::Forgotten,
        },
    })
}
