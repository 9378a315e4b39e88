//! What is mine alone in a chat: mute and pin.

use rusqlite::{Connection, OptionalExtension, Result, params};
use serde::Serialize;

use super::row::{member, member_columns};
use crate::clock::Timestamp;
use crate::domain::chat::Mute;
use crate::id::{ChatId, UserId};
use crate::storage::chats::PersonalSetting;
use crate::storage::embedded::user_log;
use crate::storage::user_log::Topic;

const MINE: &str = concat!(
    "SELECT ",
    member_columns!(),
    " FROM chat_participants p LEFT JOIN privacy_settings v ON v.user_id = p.user_id
     WHERE p.chat_id = ?1 AND p.user_id = ?2 AND p.left_seq IS NULL"
);

/// As `me.changes.chats` shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    is_muted: bool,
    mute_until: Option<Timestamp>,
    is_pinned: bool,
}

/// Answers the rev of the user's own log; `None` when nothing changed or he is not in the chat.
/// A mute that has run out is put away by the next change.
pub fn update(
    connection: &Connection,
    (user_id, chat_id): (UserId, ChatId),
    setting: PersonalSetting,
    at: Timestamp,
) -> Result<Option<u64>> {
    let mine = connection
        .prepare_cached(MINE)?
        .query_row((chat_id.as_bytes(), user_id.as_bytes()), |row| {
            member(row, 0)
        })
        .optional()?;
    let Some(mine) = mine else {
        return Ok(None);
    };
    let before = (mine.muted, mine.is_pinned);
    let still_muted = mine.muted.filter(|mute| mute.holds(at));
    let after = match setting {
        PersonalSetting::Mute(muted) => (muted, mine.is_pinned),
        PersonalSetting::Pin(pinned) => (still_muted, pinned),
    };
    if before == after {
        return Ok(None);
    }
    store(connection, (user_id, chat_id), after)?;
    let value = serde_json::to_string(&Settings {
        is_muted: after.0.is_some(),
        mute_until: after.0.and_then(|mute| mute.until),
        is_pinned: after.1,
    })
    .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let key = chat_id.to_string();
    user_log::append(connection, user_id, Topic::ChatSettings, &key, &value).map(Some)
}

fn store(
    connection: &Connection,
    (user_id, chat_id): (UserId, ChatId),
    (muted, is_pinned): (Option<Mute>, bool),
) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE chat_participants SET is_muted = ?3, mute_until = ?4, is_pinned = ?5
             WHERE chat_id = ?1 AND user_id = ?2",
        )?
        .execute(params![
            chat_id.as_bytes(),
            user_id.as_bytes(),
            muted.is_some(),
            muted.and_then(|mute| mute.until).map(|until| until.0),
            is_pinned,
        ])
        .map(|_| ())
}
