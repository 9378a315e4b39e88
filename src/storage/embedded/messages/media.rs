//! Messages by the medium that they name.

use rusqlite::types::Value;
use rusqlite::{Connection, Result, params_from_iter};

use super::row::{message, message_columns};
use crate::domain::message::Message;
use crate::id::{ChatId, MediaId};
use crate::storage::embedded::row::{PARAMETERS, marks};

/// Word for word the condition of the index `entries_by_media`.
pub const MEDIA_TYPES: &str =
    "type = 'image' OR type = 'video' OR type = 'audio' OR type = 'document'";

pub fn find_by_media(
    connection: &Connection,
    media_id: MediaId,
    chat_ids: &[ChatId],
    limit: usize,
) -> Result<Vec<Message>> {
    let mut messages = Vec::new();
    for some in chat_ids.chunks(PARAMETERS) {
        let sql = format!(
            concat!(
                "SELECT ",
                message_columns!(),
                " FROM entries e INDEXED BY entries_by_media
                 WHERE json_extract(payload, '$.mediaId') = ? AND ({}) AND chat_id IN ({})
                 LIMIT {}"
            ),
            MEDIA_TYPES,
            marks(some.len()),
            limit - messages.len(),
        );
        let ids = some.iter().map(|id| Value::Blob(id.as_bytes().to_vec()));
        let values = [Value::Text(media_id.to_string())].into_iter().chain(ids);
        let mut select = connection.prepare_cached(&sql)?;
        for found in select.query_map(params_from_iter(values), message)? {
            messages.push(found?);
        }
        if messages.len() >= limit {
            break;
        }
    }
    Ok(messages)
}
