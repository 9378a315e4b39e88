//! `Idempotency-Key`s of calls that make a chat.

use std::time::Duration;

use deadpool_postgres::{Client, Transaction};

use crate::clock::Timestamp;
use crate::id::ChatId;
use crate::storage::StoreResult;
use crate::storage::chats::NewChat;
use crate::storage::distributed::postgres::{failed, stored};

/// How long a key answers.
pub const KEY_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// A key that lived too long is taken over; a transaction that holds the same key is waited for.
const CLAIM_KEY: &str = "INSERT INTO idempotency_keys (user_id, call, key, answer, created_at)
     VALUES ($1, 'chats', $2, $3, $4)
     ON CONFLICT (user_id, call, key)
     DO UPDATE SET answer = excluded.answer, created_at = excluded.created_at
     WHERE idempotency_keys.created_at < $5";

const ANSWER_KEY: &str = "UPDATE idempotency_keys SET answer = $3
     WHERE user_id = $1 AND call = 'chats' AND key = $2";

/// Whoever else forgets keys just now is not waited for.
const FORGET_KEYS: &str = "DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
         SELECT ctid FROM idempotency_keys
         WHERE call = 'chats' AND created_at < $1
         ORDER BY created_at LIMIT 100 FOR UPDATE SKIP LOCKED))";

/// `false`: the key has its answer.
pub async fn claim_key(transaction: &Transaction<'_>, new: &NewChat) -> StoreResult<bool> {
    let Some(key) = &new.idempotency_key else {
        return Ok(true);
    };
    let chat = &new.chat;
    let claim = transaction
        .prepare_cached(CLAIM_KEY)
        .await
        .map_err(failed)?;
    let claimed = transaction
        .execute(
            &claim,
            &[
                &chat.created_by.0,
                key,
                &chat.id.as_bytes().as_slice(),
                &stored(chat.created_at),
                &stored(chat.created_at.minus(KEY_LIFE)),
            ],
        )
        .await
        .map_err(failed)?;
    Ok(claimed > 0)
}

pub async fn answer_key(
    transaction: &Transaction<'_>,
    new: &NewChat,
    chat_id: ChatId,
) -> StoreResult<()> {
    let Some(key) = &new.idempotency_key else {
        return Ok(());
    };
    let answer = transaction
        .prepare_cached(ANSWER_KEY)
        .await
        .map_err(failed)?;
    transaction
        .execute(
            &answer,
            &[&new.chat.created_by.0, key, &chat_id.as_bytes().as_slice()],
        )
        .await
        .map(|_| ())
        .map_err(failed)
}

/// After the commit, so that no lock of it is held meanwhile; the next one does it if this fails.
pub async fn forget_keys(client: &Client, now: Timestamp) {
    if let Ok(forget) = client.prepare_cached(FORGET_KEYS).await {
        let before = stored(now.minus(KEY_LIFE));
        let _ = client.execute(&forget, &[&before]).await;
    }
}
