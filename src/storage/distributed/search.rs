//! The index on MongoDB: a document per message, with its terms, and an index over those by chat.
//!
//! Not the server's text index, which knows neither the beginnings of words nor scripts without
//! spaces, has one language per field, and scans all chats for a word before it looks at whose it is.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use mongodb::IndexModel;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::IndexOptions;

use super::document::{binaries, binary, id, number};
use super::messages::indexes::{create_collection, create_indexes};
use super::mongo::{Mongo, unavailable};
use super::postgres::signed;
use crate::domain::search::Term;
use crate::id::{ChatId, MessageId};
use crate::storage::StoreResult;
use crate::storage::search::{Hits, HitsQuery, IndexBatch, Indexed, SearchStore};

const COLLECTION: &str = "search";
/// How far each chat is indexed.
const POSITIONS: &str = "search_positions";
/// What one question may cost the server.
const PATIENCE: Duration = Duration::from_secs(2);
/// Terms of a question that the server looks at; the others are looked at afterwards.
const TERMS: usize = 8;

/// Makes what is missing; as often as one likes.
pub async fn ensure_indexes(mongo: &Mongo) -> StoreResult<()> {
    create_collection(mongo, COLLECTION).await?;
    create_collection(mongo, POSITIONS).await?;
    let named = |name: &str, keys: Document| {
        let options = IndexOptions::builder().name(name.to_owned()).build();
        IndexModel::builder().keys(keys).options(options).build()
    };
    let indexes = [
        named("by_term", doc! { "chat_id": 1, "terms": 1, "_id": -1 }),
        named("by_chat", doc! { "chat_id": 1, "_id": -1 }),
    ];
    create_indexes(mongo, COLLECTION, indexes).await
}

/// The distributed [`SearchStore`].
#[derive(Clone)]
pub struct MongoSearch(pub Mongo);

#[async_trait]
impl SearchStore for MongoSearch {
    async fn positions(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, u64)>> {
        let filter = doc! { "_id": { "$in": binaries(chat_ids.iter().map(|id| id.0)) } };
        let collection = self.0.collection(POSITIONS);
        let found: Vec<Document> = self
            .0
            .read(async { collection.find(filter).await?.try_collect().await })
            .await?;
        found
            .iter()
            .map(|document| Ok((id(document, "_id")?, number(document, "rev")?)))
            .collect()
    }

    /// The messages first: where the index stands is said once they are there.
    async fn index(&self, batch: IndexBatch) -> StoreResult<()> {
        let messages = batch.messages.iter();
        let updates: Vec<Document> = messages.map(|one| update(batch.chat_id, one)).collect();
        self.write(updates).await?;
        let moved = doc! { "$max": { "rev": signed(batch.rev) } };
        let chat = doc! { "_id": binary(batch.chat_id.0) };
        let collection = self.0.collection(POSITIONS);
        let call = collection.update_one(chat, moved).upsert(true);
        self.0.write(call).await.map(|_| ())
    }

    async fn hits(&self, query: HitsQuery) -> StoreResult<Hits> {
        if query.terms.is_empty() || query.chat_ids.is_empty() {
            return Ok(Hits::default());
        }
        let mut filter = doc! {
            "chat_id": { "$in": binaries(query.chat_ids.iter().map(|id| id.0)) },
            "$and": query.terms.iter().take(TERMS).map(has).collect::<Vec<_>>(),
        };
        if let Some(before) = query.before {
            filter.insert("_id", doc! { "$lt": binary(before.0) });
        }
        let collection = self.0.collection(COLLECTION);
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        let found: Vec<Document> = self
            .0
            .read(async {
                collection
                    .find(filter)
                    .sort(doc! { "_id": -1 })
                    .limit(limit)
                    .projection(doc! { "_id": 1 })
                    .max_time(PATIENCE)
                    .await?
                    .try_collect()
                    .await
            })
            .await?;
        let ids = found.iter().map(|document| id(document, "_id"));
        let ids: Vec<MessageId> = ids.collect::<StoreResult<_>>()?;
        let rest = ids.last().copied().filter(|_| ids.len() == query.limit);
        Ok(Hits { ids, rest })
    }

    async fn remove(&self, messages: Vec<(ChatId, MessageId)>) -> StoreResult<()> {
        let gone = messages.into_iter().map(|(chat_id, message_id)| {
            let gone = Indexed {
                message_id,
                rev: i64::MAX as u64,
                terms: Default::default(),
            };
            update(chat_id, &gone)
        });
        self.write(gone.collect()).await
    }
}

impl MongoSearch {
    async fn write(&self, updates: Vec<Document>) -> StoreResult<()> {
        if updates.is_empty() {
            return Ok(());
        }
        let command = doc! {
            "update": COLLECTION,
            "updates": updates,
            "ordered": false,
            "writeConcern": { "w": "majority" },
        };
        let answer = self.0.write(self.0.database().run_command(command)).await?;
        for failed in ["writeErrors", "writeConcernError"] {
            if answer.contains_key(failed) {
                return Err(unavailable(format!("the index was not written: {failed}")));
            }
        }
        Ok(())
    }
}

/// Replaces what is there unless that is of a later rev: two who index one chat do no harm.
fn update(chat_id: ChatId, message: &Indexed) -> Document {
    let terms: Vec<Bson> = message.terms.iter().map(Bson::from).collect();
    let new = doc! {
        "_id": binary(message.message_id.0),
        "chat_id": binary(chat_id.0),
        "rev": signed(message.rev),
        "terms": terms,
    };
    let is_later = doc! { "$gte": ["$rev", signed(message.rev)] };
    doc! {
        "q": { "_id": binary(message.message_id.0) },
        "u": [{ "$replaceWith": { "$cond": [is_later, "$$ROOT", { "$literal": new }] } }],
        "upsert": true,
    }
}

fn has(term: &Term) -> Document {
    match term.is_prefix {
        false => doc! { "terms": &term.text },
        true => {
            let end = format!("{}{}", term.text, char::MAX);
            doc! { "terms": { "$elemMatch": { "$gte": &term.text, "$lt": end } } }
        }
    }
}
