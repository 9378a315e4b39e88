//! The collection and its indexes. Made up front: made by a first write, they would race.

use mongodb::IndexModel;
use mongodb::bson::{Document, doc};
use mongodb::options::IndexOptions;

use super::COLLECTION;
use crate::storage::distributed::mongo::{Mongo, write_error};
use crate::storage::error::StoreResult;

/// Numbers of entries: the fence of D3.
pub const BY_REV: &str = "entries_by_rev";
/// Numbers of messages.
pub const BY_SEQ: &str = "messages_by_seq";
/// D2: a sender's id for a message is taken for good.
pub const BY_CLIENT_ID: &str = "messages_by_client_id";

/// The code of "there is a collection of this name".
const NAMESPACE_EXISTS: i32 = 48;

/// Makes what is missing of the collection `messages`; as often as one likes.
pub async fn ensure_indexes(mongo: &Mongo) -> StoreResult<()> {
    create_collection(mongo, COLLECTION).await?;
    let messages = doc! { "type": { "$exists": true } };
    let indexes = [
        unique(BY_REV, doc! { "chat_id": 1, "rev": 1 }, None),
        unique(
            BY_SEQ,
            doc! { "chat_id": 1, "seq": 1 },
            Some(messages.clone()),
        ),
        unique(
            BY_CLIENT_ID,
            doc! { "chat_id": 1, "sender_id": 1, "client_message_id": 1 },
            Some(doc! { "client_message_id": { "$exists": true } }),
        ),
        unique("messages_by_id", doc! { "message_id": 1 }, Some(messages)),
        partial(
            "edits_by_message",
            doc! { "message_id": 1, "rev": 1 },
            doc! { "change": "edited" },
        ),
        partial(
            "reactions_by_message",
            doc! { "message_id": 1, "rev": 1 },
            doc! { "change": "reacted" },
        ),
        partial(
            "messages_by_last_rev",
            doc! { "chat_id": 1, "last_rev": 1 },
            doc! { "last_rev": { "$exists": true } },
        ),
        partial(
            "messages_by_media",
            doc! { "payload.mediaId": 1, "chat_id": 1 },
            doc! { "payload.mediaId": { "$exists": true } },
        ),
        partial(
            "messages_by_expiry",
            doc! { "expires_at": 1 },
            doc! { "expires_at": { "$exists": true }, "is_deleted": false },
        ),
        partial(
            "entries_to_apply",
            doc! { "chat_id": 1, "applied": 1, "rev": 1 },
            doc! { "applied": false },
        ),
        partial(
            "outbox_unpublished",
            doc! { "outbox.position": 1, "rev": 1 },
            doc! { "is_published": false },
        ),
        partial(
            "outbox_published",
            doc! { "is_published": 1, "outbox.position": 1 },
            doc! { "is_published": true },
        ),
    ];
    create_indexes(mongo, COLLECTION, indexes).await
}

/// Makes a collection, unless it is there.
pub async fn create_collection(mongo: &Mongo, name: &str) -> StoreResult<()> {
    use mongodb::error::ErrorKind;

    match mongo
        .attempt(mongo.database().create_collection(name))
        .await?
    {
        Ok(()) => Ok(()),
        Err(error) => match error.kind.as_ref() {
            ErrorKind::Command(refused) if refused.code == NAMESPACE_EXISTS => Ok(()),
            _ => Err(write_error(&error)),
        },
    }
}

/// Makes indexes, but for those that are there.
pub async fn create_indexes(
    mongo: &Mongo,
    collection: &str,
    indexes: impl IntoIterator<Item = IndexModel>,
) -> StoreResult<()> {
    let collection = mongo.collection(collection);
    mongo
        .write(collection.create_indexes(indexes))
        .await
        .map(|_| ())
}

/// A unique index over the documents that a filter lets through, or over all.
pub fn unique(name: &str, keys: Document, over: Option<Document>) -> IndexModel {
    let options = IndexOptions::builder()
        .name(name.to_owned())
        .unique(true)
        .partial_filter_expression(over)
        .build();
    IndexModel::builder().keys(keys).options(options).build()
}

/// An index over every document.
pub fn plain(name: &str, keys: Document) -> IndexModel {
    let options = IndexOptions::builder().name(name.to_owned()).build();
    IndexModel::builder().keys(keys).options(options).build()
}

fn partial(name: &str, keys: Document, over: Document) -> IndexModel {
    let options = IndexOptions::builder()
        .name(name.to_owned())
        .partial_filter_expression(over)
        .build();
    IndexModel::builder().keys(keys).options(options).build()
}
