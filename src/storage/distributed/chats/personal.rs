//! What is mine alone in a chat: mute and pin.

use deadpool_postgres::Transaction;
use serde::Serialize;

use super::row::{member, member_columns};
use crate::clock::Timestamp;
use crate::domain::chat::Mute;
use crate::id::{ChatId, UserId};
use crate::storage::StoreResult;
use crate::storage::chats::PersonalSetting;
use crate::storage::distributed::postgres::{Postgres, failed, internal, stored, uncertain};
use crate::storage::distributed::user_log;
use crate::storage::user_log::Topic;

const MINE: &str = concat!(
    "SELECT ",
    member_columns!(),
    " FROM chat_participants p LEFT JOIN privacy_settings v ON v.user_id = p.user_id
     WHERE p.chat_id = $1 AND p.user_id = $2 AND p.left_seq IS NULL
     FOR NO KEY UPDATE OF p"
);

const STORE: &str = "UPDATE chat_participants SET is_muted = $3, mute_until = $4, is_pinned = $5
     WHERE chat_id = $1 AND user_id = $2";

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
pub async fn update(
    postgres: &Postgres,
    (user_id, chat_id): (UserId, ChatId),
    setting: PersonalSetting,
    at: Timestamp,
) -> StoreResult<Option<u64>> {
    let mut client = postgres.client().await?;
    let transaction = client.transaction().await.map_err(failed)?;
    let mine = transaction.prepare_cached(MINE).await.map_err(failed)?;
    let mine = transaction
        .query_opt(&mine, &[&chat_id.0, &user_id.0])
        .await
        .map_err(failed)?;
    let Some(mine) = mine else {
        return Ok(None);
    };
    let mine = member(&mine, 0)?;
    let before = (mine.muted, mine.is_pinned);
    let still_muted = mine.muted.filter(|mute| mute.holds(at));
    let after = match setting {
        PersonalSetting::Mute(muted) => (muted, mine.is_pinned),
        PersonalSetting::Pin(pinned) => (still_muted, pinned),
    };
    if before == after {
        return Ok(None);
    }
    store(&transaction, (user_id, chat_id), after).await?;
    let value = serde_json::to_string(&Settings {
        is_muted: after.0.is_some(),
        mute_until: after.0.and_then(|mute| mute.until),
        is_pinned: after.1,
    })
    .map_err(|error| internal(error.to_string()))?;
    let (topic, key) = (Topic::ChatSettings, chat_id.to_string());
    let revs = user_log::append(&transaction, &[user_id], topic, &key, &value)
        .await
        .map_err(failed)?;
    transaction.commit().await.map_err(uncertain)?;
    Ok(revs.first().map(|(_, rev)| *rev))
}

async fn store(
    transaction: &Transaction<'_>,
    (user_id, chat_id): (UserId, ChatId),
    (muted, is_pinned): (Option<Mute>, bool),
) -> StoreResult<()> {
    let update = transaction.prepare_cached(STORE).await.map_err(failed)?;
    let until = muted.and_then(|mute| mute.until).map(stored);
    transaction
        .execute(
            &update,
            &[&chat_id.0, &user_id.0, &muted.is_some(), &until, &is_pinned],
        )
        .await
        .map(|_| ())
        .map_err(failed)
}
