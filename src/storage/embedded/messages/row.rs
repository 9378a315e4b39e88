//! A row of `entries` as a message.

use rusqlite::{Result, Row};

use crate::domain::message::{Message, MessageKind};
use crate::storage::embedded::row::{
    broken, id, json, number, optional_id, optional_time, time, unknown,
};

/// The columns that [`message`] reads, of `entries e`.
macro_rules! message_columns {
    () => {
        "e.message_id, e.chat_id, e.seq, coalesce(e.last_rev, e.rev) AS changed_rev, e.actor_id,
         e.client_message_id, e.content_hash, e.type, e.payload, e.reply_to_id, e.forwarded,
         e.reactions, e.is_deleted, e.edited_at, e.expires_at, e.at, coalesce(e.updated_at, e.at)"
    };
}
pub(super) use message_columns;

pub fn message(row: &Row<'_>) -> Result<Message> {
    let reactions: Option<String> = row.get(11)?;
    Ok(Message {
        id: id(row, 0)?,
        chat_id: id(row, 1)?,
        seq: number(row, 2)?,
        rev: number(row, 3)?,
        sender_id: id(row, 4)?,
        client_message_id: row.get(5)?,
        content_hash: row.get(6)?,
        kind: kind(row, 7)?,
        payload: json(row, 8)?,
        reply_to_id: optional_id(row, 9)?,
        forwarded: row.get(10)?,
        reactions: match reactions {
            Some(text) => serde_json::from_str(&text).map_err(|error| broken(11, error))?,
            None => Default::default(),
        },
        is_deleted: row.get(12)?,
        edited_at: optional_time(row, 13)?,
        expires_at: optional_time(row, 14)?,
        created_at: time(row, 15)?,
        updated_at: time(row, 16)?,
    })
}

pub fn kind(row: &Row<'_>, column: usize) -> Result<MessageKind> {
    Ok(match row.get_ref(column)?.as_str()? {
        "text" => MessageKind::Text,
        "image" => MessageKind::Image,
        "video" => MessageKind::Video,
        "audio" => MessageKind::Audio,
        "document" => MessageKind::Document,
        "location" => MessageKind::Location,
        "system" => MessageKind::System,
        _ => return Err(unknown(column, "an unknown kind of message")),
    })
}
