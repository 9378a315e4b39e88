//! Entries that act outside their own document: what they do is done in the order of their revs,
//! as durably as they are, and only then do they lose their flag. Done twice it changes nothing.

use mongodb::bson::{Bson, Document, doc};
use mongodb::options::FindOptions;

use super::union::find;
use super::{COLLECTION, MongoMessages, effect, erase};
use crate::clock::Timestamp;
use crate::id::{ChatId, MessageId, UserId};
use crate::storage::distributed::chats::effects;
use crate::storage::distributed::document::{
    binaries, binary, broken, date, id, number, text, time,
};
use crate::storage::distributed::postgres::{commit, failed, signed};
use crate::storage::error::StoreResult;

/// An entry that waits.
struct Waiting {
    chat_id: ChatId,
    rev: u64,
    at: Timestamp,
    document: Document,
}

/// Applies what waits in a chat; answers how many entries that were.
///
/// Safe beside anyone else who does the same.
pub async fn settle(store: &MongoMessages, chat_id: ChatId) -> StoreResult<usize> {
    let filter = doc! { "chat_id": binary(chat_id.0), "applied": false };
    let options = FindOptions::builder().sort(doc! { "rev": 1 }).build();
    let documents = find(&store.mongo, filter, options).await?;
    let count = documents.len();
    for document in documents {
        let waiting = Waiting {
            chat_id,
            rev: number(&document, "rev")?,
            at: time(&document, "created_at")?,
            document,
        };
        waiting.apply(store).await?;
    }
    Ok(count)
}

impl Waiting {
    async fn apply(&self, store: &MongoMessages) -> StoreResult<()> {
        match text(&self.document, "change")? {
            "edited" => {
                let is_gone = self.edit(store).await?;
                self.done(store, is_gone).await
            }
            "reacted" => {
                let is_gone = self.react(store).await?;
                self.done(store, is_gone).await
            }
            "deleted" => {
                self.strip(store).await?;
                self.done(store, false).await
            }
            "sender_erased" => {
                let sender = id(&self.document, "actor_id")?;
                erase::erase(store, self.chat_id, sender, (self.rev, self.at)).await?;
                self.done(store, false).await
            }
            "acted" => {
                self.change_chat(store).await?;
                self.done(store, false).await
            }
            _ => Err(broken("change")),
        }
    }

    /// The message acted on, while it can be changed by this entry.
    fn target(&self, message_id: MessageId) -> Document {
        doc! {
            "message_id": binary(message_id.0),
            "type": { "$exists": true },
            "chat_id": binary(self.chat_id.0),
            "is_deleted": false,
            "last_rev": { "$not": { "$gte": signed(self.rev) } },
        }
    }

    /// `true`: the message is deleted, so the edit must not keep its text either.
    async fn edit(&self, store: &MongoMessages) -> StoreResult<bool> {
        let message_id: MessageId = id(&self.document, "message_id")?;
        let messages = store.mongo.collection(COLLECTION);
        if let Some(payload @ Bson::Document(_)) = self.document.get("payload") {
            let update = doc! { "$set": {
                "payload": payload,
                "edited_at": date(self.at),
                "updated_at": date(self.at),
                "last_rev": signed(self.rev),
            } };
            let call = messages.update_one(self.target(message_id), update);
            if store.mongo.write(call).await?.matched_count > 0 {
                return Ok(false);
            }
        }
        self.is_gone(store, message_id).await
    }

    /// `true`: the message is deleted, so the entry must not keep the emoji either.
    async fn react(&self, store: &MongoMessages) -> StoreResult<bool> {
        let message_id: MessageId = id(&self.document, "message_id")?;
        let actor: UserId = id(&self.document, "actor_id")?;
        let place = format!("reactions.{actor}");
        let mut update = doc! { "$set": {
            "updated_at": date(self.at),
            "last_rev": signed(self.rev),
        } };
        match self.document.get("emoji") {
            Some(emoji @ Bson::String(_)) => {
                let set = update.get_document_mut("$set");
                set.map_err(|_| broken("emoji"))?.insert(place, emoji);
            }
            _ => {
                update.insert("$unset", doc! { place: "" });
            }
        }
        let messages = store.mongo.collection(COLLECTION);
        let call = messages.update_one(self.target(message_id), update);
        if store.mongo.write(call).await?.matched_count > 0 {
            return Ok(false);
        }
        self.is_gone(store, message_id).await
    }

    async fn is_gone(&self, store: &MongoMessages, message_id: MessageId) -> StoreResult<bool> {
        let alive = doc! {
            "message_id": binary(message_id.0),
            "type": { "$exists": true },
            "chat_id": binary(self.chat_id.0),
            "is_deleted": false,
        };
        let messages = store.mongo.collection(COLLECTION);
        let found = store.mongo.read(messages.find_one(alive)).await?;
        Ok(found.is_none())
    }

    async fn strip(&self, store: &MongoMessages) -> StoreResult<()> {
        let message_id: MessageId = id(&self.document, "message_id")?;
        let messages = store.mongo.collection(COLLECTION);
        let update = doc! { "$set": {
            "is_deleted": true,
            "payload": {},
            "reactions": {},
            "updated_at": date(self.at),
            "last_rev": signed(self.rev),
        } };
        let call = messages.update_one(self.target(message_id), update);
        store.mongo.write(call).await?;
        strip_entries(store, self.chat_id, &[message_id]).await
    }

    async fn change_chat(&self, store: &MongoMessages) -> StoreResult<()> {
        let stored = self.document.get_document("effect");
        let effect = effect::from_document(stored.map_err(|_| broken("effect"))?)?;
        let seq = number(&self.document, "seq")?;
        let mut client = store.postgres.client().await?;
        let transaction = client.transaction().await.map_err(failed)?;
        effects::apply(&transaction, self.chat_id, self.rev, seq, self.at, &effect)
            .await
            .map_err(failed)?;
        commit(transaction).await
    }

    async fn done(&self, store: &MongoMessages, loses_text: bool) -> StoreResult<()> {
        let entry = doc! { "chat_id": binary(self.chat_id.0), "rev": signed(self.rev) };
        let mut unset = doc! { "applied": "" };
        if loses_text {
            unset.insert("payload", "");
            unset.insert("emoji", "");
        }
        let messages = store.mongo.collection(COLLECTION);
        let call = messages.update_one(entry, doc! { "$unset": unset });
        store.mongo.write(call).await.map(|_| ())
    }
}

/// Takes what edits of messages and reactions to them said out of their entries.
pub async fn strip_entries(
    store: &MongoMessages,
    chat_id: ChatId,
    message_ids: &[MessageId],
) -> StoreResult<()> {
    let messages = store.mongo.collection(COLLECTION);
    // One index each.
    for (change, field) in [("edited", "payload"), ("reacted", "emoji")] {
        let entries = doc! {
            "message_id": { "$in": binaries(message_ids.iter().map(|id| id.0)) },
            "change": change,
            "chat_id": binary(chat_id.0),
        };
        let call = messages.update_many(entries, doc! { "$unset": { field: "" } });
        store.mongo.write(call).await?;
    }
    Ok(())
}
