//! An entry of the log as a document, and a document as a message.

use std::collections::BTreeMap;

use mongodb::bson::raw::RawDocumentBuf;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document, doc};

use super::{effect, payload};
use crate::clock::Timestamp;
use crate::domain::message::{Message, MessageKind};
use crate::id::{ChatId, UserId};
use crate::storage::distributed::document::{
    binary, broken, date, id, number, optional_id, optional_time, text, time,
};
use crate::storage::distributed::postgres::signed;
use crate::storage::error::StoreResult;
use crate::storage::messages::{Change, Entry};

/// What every entry of one append has in common.
#[derive(Clone, Copy)]
pub struct Batch {
    pub chat_id: ChatId,
    /// Of its row in the outbox.
    pub position: i64,
    /// The time of the append's last entry.
    pub at: Timestamp,
}

/// Whether an entry acts outside its own document.
pub fn is_acting(change: &Change) -> bool {
    matches!(
        change,
        Change::Edited { .. }
            | Change::Reacted { .. }
            | Change::Deleted { .. }
            | Change::SenderErased { .. }
            | Change::Acted { .. }
    )
}

/// `seq` is the chat's head seq after the entry: a message's own.
pub fn entry(batch: Batch, entry: &Entry, seq: u64) -> StoreResult<Document> {
    let mut document = doc! {
        "chat_id": binary(batch.chat_id.0),
        "rev": signed(entry.rev),
        "seq": signed(seq),
    };
    insert_change(&mut document, entry)?;
    if is_acting(&entry.change) {
        document.insert("applied", false);
    }
    document.insert(
        "outbox",
        doc! { "position": batch.position, "at": date(batch.at) },
    );
    document.insert("is_published", false);
    Ok(document)
}

/// What the entry says, in its own fields.
fn insert_change(document: &mut Document, entry: &Entry) -> StoreResult<()> {
    match &entry.change {
        Change::Created => {
            document.insert("change", "created");
            document.insert("created_at", date(entry.at));
        }
        Change::Sent(message) => {
            document.insert("change", "sent");
            insert_message(document, message)?;
        }
        Change::Acted { message, effect } => {
            document.insert("change", "acted");
            document.insert("effect", effect::to_document(effect));
            insert_message(document, message)?;
        }
        Change::Edited {
            actor,
            message_id,
            payload,
        } => {
            document.insert("change", "edited");
            document.insert("actor_id", binary(actor.0));
            document.insert("message_id", binary(message_id.0));
            document.insert("payload", payload::to_bson(payload)?);
            document.insert("created_at", date(entry.at));
        }
        Change::Reacted {
            actor,
            message_id,
            emoji,
        } => {
            document.insert("change", "reacted");
            document.insert("actor_id", binary(actor.0));
            document.insert("message_id", binary(message_id.0));
            if let Some(emoji) = emoji {
                document.insert("emoji", emoji);
            }
            document.insert("created_at", date(entry.at));
        }
        Change::Deleted { actor, message_id } => {
            document.insert("change", "deleted");
            document.insert("actor_id", binary(actor.0));
            document.insert("message_id", binary(message_id.0));
            document.insert("created_at", date(entry.at));
        }
        Change::SenderErased { sender } => {
            document.insert("change", "sender_erased");
            document.insert("actor_id", binary(sender.0));
            document.insert("created_at", date(entry.at));
        }
    }
    Ok(())
}

/// The document as it is sent; fails where a field's name cannot be one.
pub fn raw(document: &Document) -> StoreResult<RawDocumentBuf> {
    RawDocumentBuf::try_from(document).map_err(|_| broken("payload"))
}

/// A field that only some messages have is left out of the others: partial indexes go by that.
fn insert_message(document: &mut Document, message: &Message) -> StoreResult<()> {
    document.extend(doc! {
        "message_id": binary(message.id.0),
        "sender_id": binary(message.sender_id.0),
        "type": message.kind.as_str(),
        "payload": payload::to_bson(&message.payload)?,
        "reply_to_id": message.reply_to_id.map(|id| binary(id.0)),
        "forwarded": message.forwarded,
        "reactions": message
            .reactions
            .iter()
            .map(|(user_id, emoji)| (user_id.to_string(), Bson::from(emoji)))
            .collect::<Document>(),
        "is_deleted": message.is_deleted,
        "is_starred_by": [],
        "content_hash": Binary {
            subtype: BinarySubtype::Generic,
            bytes: message.content_hash.to_vec(),
        },
        "created_at": date(message.created_at),
        "updated_at": date(message.updated_at),
    });
    if let Some(client_id) = &message.client_message_id {
        document.insert("client_message_id", client_id);
    }
    if let Some(at) = message.expires_at {
        document.insert("expires_at", date(at));
    }
    Ok(())
}

/// The latest state of a message.
pub fn message(document: &Document) -> StoreResult<Message> {
    Ok(Message {
        id: id(document, "message_id")?,
        chat_id: id(document, "chat_id")?,
        seq: number(document, "seq")?,
        rev: changed_rev(document)?,
        sender_id: id(document, "sender_id")?,
        client_message_id: document
            .get_str("client_message_id")
            .ok()
            .map(str::to_owned),
        content_hash: content_hash(document)?,
        kind: kind(document)?,
        payload: payload::to_json(
            document
                .get_document("payload")
                .map_err(|_| broken("payload"))?,
        )?,
        reply_to_id: optional_id(document, "reply_to_id")?,
        forwarded: flag(document, "forwarded")?,
        reactions: reactions(document)?,
        is_deleted: flag(document, "is_deleted")?,
        edited_at: optional_time(document, "edited_at")?,
        expires_at: optional_time(document, "expires_at")?,
        created_at: time(document, "created_at")?,
        updated_at: time(document, "updated_at")?,
    })
}

/// The rev of the last change, which is the message's own while there was none.
fn changed_rev(document: &Document) -> StoreResult<u64> {
    match document.contains_key("last_rev") {
        true => number(document, "last_rev"),
        false => number(document, "rev"),
    }
}

fn flag(document: &Document, field: &str) -> StoreResult<bool> {
    document.get_bool(field).map_err(|_| broken(field))
}

fn content_hash(document: &Document) -> StoreResult<[u8; 16]> {
    let bytes = document.get_binary_generic("content_hash").ok();
    bytes
        .and_then(|bytes| bytes.as_slice().try_into().ok())
        .ok_or_else(|| broken("content_hash"))
}

fn reactions(document: &Document) -> StoreResult<BTreeMap<UserId, String>> {
    let stored = document.get_document("reactions");
    let stored = stored.map_err(|_| broken("reactions"))?.iter();
    stored
        .map(|(user_id, emoji)| match (user_id.parse(), emoji) {
            (Ok(user_id), Bson::String(emoji)) => Ok((user_id, emoji.clone())),
            _ => Err(broken("reactions")),
        })
        .collect()
}

pub fn kind(document: &Document) -> StoreResult<MessageKind> {
    Ok(match text(document, "type")? {
        "text" => MessageKind::Text,
        "image" => MessageKind::Image,
        "video" => MessageKind::Video,
        "audio" => MessageKind::Audio,
        "document" => MessageKind::Document,
        "location" => MessageKind::Location,
        "system" => MessageKind::System,
        _ => return Err(broken("type")),
    })
}
