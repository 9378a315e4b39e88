//! Rosters and watermarks, read for many chats at once.

use std::collections::HashMap;

use crate::id::ChatId;
use crate::storage::{StoreResult, Stores};
use crate::wire::status::Standing;

pub type Standings = HashMap<ChatId, Standing>;

/// Who is in these chats and how far each has got; rows last, so that they are not older than
/// the messages read before.
pub async fn standings(stores: &Stores, chat_ids: Vec<ChatId>) -> StoreResult<Standings> {
    if chat_ids.is_empty() {
        return Ok(Standings::new());
    }
    let mut marks: HashMap<ChatId, HashMap<_, _>> = HashMap::new();
    for (chat_id, mark) in stores.receipts.watermarks(chat_ids.clone()).await? {
        marks.entry(chat_id).or_default().insert(mark.user_id, mark);
    }
    let rosters = stores.chats.find_all(chat_ids).await?;
    Ok(rosters
        .into_iter()
        .map(|roster| {
            let chat_id = roster.chat.id;
            let marks = marks.remove(&chat_id).unwrap_or_default();
            (chat_id, Standing { roster, marks })
        })
        .collect())
}
