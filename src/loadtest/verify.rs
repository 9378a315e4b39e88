//! Compares what members saw with what the server has stored.

use serde::Deserialize;

use super::arguments::Arguments;
use super::drive::Outcome;
use super::setup::{answer, client};

/// `GET /chats/{id}/digest`.
#[derive(Deserialize)]
struct Stored {
    count: u64,
    hash: String,
}

/// How many of the copied chats are stored otherwise than they were seen. `readers` are tokens of
/// the members who kept the copies, by chat.
pub async fn compare(
    arguments: &Arguments,
    readers: &[String],
    outcomes: &[Outcome],
) -> Result<u64, String> {
    let http = client()?;
    let mut different = 0;
    for (room, witness) in outcomes.iter().flat_map(|outcome| &outcome.witnesses) {
        let (Some(copy), Some(token)) = (witness.copy(), readers.get(*room)) else {
            continue;
        };
        let url = format!(
            "{}/api/v1/chats/{}/digest?from={}&to={}",
            arguments.url, copy.chat_id, copy.from_seq, copy.to_seq
        );
        let stored: Stored = answer(http.get(url).bearer_auth(token)).await?;
        different += u64::from(stored.count != copy.count || stored.hash != copy.hash);
    }
    Ok(different)
}
