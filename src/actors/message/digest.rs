//! A sum over a stretch of a chat, to check a copy against.

use sha2::{Digest, Sha256};

use super::actor::Reader;
use super::requests::GetDigest;
use crate::actors::request::Answer;
use crate::domain::message::sight::as_seen_by;
use crate::storage::messages::SeqRange;
use crate::wire::message::DigestView;

/// Messages read at once.
const CHUNK: usize = 500;

impl Reader {
    /// A line `seq:id:rev\n` for each visible message, by seq.
    pub(super) async fn get_digest(&self, ask: GetDigest) -> Answer<DigestView> {
        let mut member = self.membership(ask.viewer, ask.chat_id).await?.member;
        let heads = self.stores.messages.heads(ask.chat_id).await?;
        let last = ask.to.min(heads.seq);
        let mut after = ask.from.max(member.join_seq).max(1) - 1;
        let mut hasher = Sha256::new();
        let mut count = 0;
        while after < last {
            let range = SeqRange {
                after: Some(after),
                before: None,
            };
            let chunk = self
                .stores
                .messages
                .page(ask.viewer, ask.chat_id, range, CHUNK)
                .await?;
            member = self.membership(ask.viewer, ask.chat_id).await?.member;
            let Some(newest) = chunk.first().map(|message| message.seq) else {
                break;
            };
            for message in chunk
                .into_iter()
                .rev()
                .filter(|message| message.seq <= last)
            {
                if let Some(seen) = as_seen_by(&member, message) {
                    hasher.update(format!("{}:{}:{}\n", seen.seq, seen.id, seen.rev));
                    count += 1;
                }
            }
            if member.left.is_some_and(|left| newest >= left.seq) {
                break;
            }
            after = newest;
        }
        Ok(DigestView {
            count,
            hash: hex::encode(hasher.finalize()),
        })
    }
}
