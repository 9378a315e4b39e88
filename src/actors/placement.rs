//! Which ChatActor shard a chat belongs to, and the one door through which commands reach it.
//!
//! Rendezvous hashing: every shard is scored for a chat and the highest wins, so a shard that comes
//! or goes moves its own chats only. Nodes are placed by the same rule.

use std::hash::{BuildHasher, Hasher};

use actix::Recipient;
use tokio::sync::oneshot;

use super::chat::requests::{ChatCommand, ToChat};
use super::request::{Answer, ReplyTo, tell, wait};
use crate::id::ChatId;

/// Seeds are fixed: every process must place a chat alike.
const SEEDS: (u64, u64, u64, u64) = (
    0x7472_6f75_7065_2d31,
    0x7368_6172_642d_6f66,
    0x6120_6368_6174_2e2e,
    0x7265_6e64_657a_7673,
);

/// The highest-scoring candidate for a chat, by its stable name.
pub fn rendezvous(chat_id: ChatId, candidates: impl Iterator<Item = u64>) -> Option<usize> {
    let state = ahash::RandomState::with_seeds(SEEDS.0, SEEDS.1, SEEDS.2, SEEDS.3);
    candidates
        .enumerate()
        .max_by_key(|(_, name)| {
            let mut hasher = state.build_hasher();
            hasher.write(chat_id.as_bytes());
            hasher.write_u64(*name);
            hasher.finish()
        })
        .map(|(index, _)| index)
}

/// The way to every ChatActor. Cheap to clone.
#[derive(Clone)]
pub struct ChatDoor {
    shards: std::sync::Arc<[Recipient<ToChat>]>,
}

impl ChatDoor {
    pub fn new(shards: Vec<Recipient<ToChat>>) -> Self {
        Self {
            shards: shards.into(),
        }
    }

    /// Hands a command to the chat's owner; it is answered with `unavailable` when too much waits
    /// there.
    pub fn tell(&self, chat_id: ChatId, command: ChatCommand) {
        let names = 0..self.shards.len() as u64;
        let index = rendezvous(chat_id, names).unwrap_or(0);
        if let Err(refused) = tell(&self.shards[index], ToChat { chat_id, command }) {
            let (message, failure) = refused.into_parts();
            message.command.refuse(&failure);
        }
    }

    /// Hands over a command that is answered, and waits.
    pub async fn ask<T>(
        &self,
        chat_id: ChatId,
        command: impl FnOnce(ReplyTo<T>) -> ChatCommand,
    ) -> Answer<T> {
        let (reply, answered): (_, oneshot::Receiver<_>) = ReplyTo::channel();
        self.tell(chat_id, command(reply));
        wait(answered).await
    }
}
