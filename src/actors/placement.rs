//! Which ChatActor shard a chat belongs to, and the one door through which commands reach it.
//!
//! Rendezvous hashing: every shard is scored for a chat and the highest wins, so a shard that comes
//! or goes moves its own chats only. Nodes are placed by the same rule.

use std::sync::{Arc, OnceLock};

use actix::Recipient;
use tokio::sync::oneshot;
use twox_hash::XxHash3_64;

use super::chat::requests::{ChatCommand, ToChat};
use super::request::{Answer, ReplyTo, tell, wait};
use crate::error::Failure;
use crate::id::ChatId;

/// The highest-scoring candidate for a chat, by its stable name.
pub fn rendezvous(chat_id: ChatId, candidates: impl Iterator<Item = u64>) -> Option<usize> {
    // A hash that is the same in every process and version: all must place a chat alike.
    candidates
        .enumerate()
        .max_by_key(|(_, name)| XxHash3_64::oneshot_with_seed(*name, chat_id.as_bytes()))
        .map(|(index, _)| index)
}

/// The way to the chats of other nodes.
pub trait Remote: Send + Sync {
    /// Sends a command to the chat's owner when that is another node; gives it back when it is
    /// this one.
    fn carry(&self, message: ToChat) -> Option<ToChat>;

    /// The same of what waited until the chat's actor here was gone.
    fn send_on(&self, message: ToChat) -> Option<ToChat>;

    /// A chat has an actor here now.
    fn arrived(&self, chat_id: ChatId);

    /// It has none any more, and what waited for that was sent on.
    fn left(&self, chat_id: ChatId);

    /// A command is with the chat's shard, or was refused there.
    fn handled(&self, chat_id: ChatId);

    /// Whether this node is the chat's owner now.
    fn owns(&self, chat_id: ChatId) -> bool;
}

/// The way to every ChatActor; without shards where the process runs no chats. Cheap to clone.
#[derive(Clone)]
pub struct ChatDoor {
    shards: Arc<[Recipient<ToChat>]>,
    remote: Arc<OnceLock<Arc<dyn Remote>>>,
}

impl ChatDoor {
    pub fn new(shards: Vec<Recipient<ToChat>>) -> Self {
        Self {
            shards: shards.into(),
            remote: Arc::default(),
        }
    }

    /// From here on chats may have owners on other nodes.
    pub fn reach_elsewhere(&self, remote: Arc<dyn Remote>) {
        let _ = self.remote.set(remote);
    }

    /// Hands a command to the chat's owner; it is answered with `unavailable` when too much waits
    /// there.
    pub fn tell(&self, chat_id: ChatId, command: ChatCommand) {
        let message = ToChat {
            chat_id,
            command,
            detained: false,
            came_as: None,
        };
        let mine = match self.remote.get() {
            Some(remote) => remote.carry(message),
            None => Some(message),
        };
        if let Some(message) = mine {
            self.tell_here(message);
        }
    }

    /// Hands a command to the chat's actor on this node.
    pub fn tell_here(&self, message: ToChat) {
        let names = 0..self.shards.len() as u64;
        let Some(index) = rendezvous(message.chat_id, names) else {
            let nobody = "no part that keeps chats is running, try again";
            return self.refuse(message, &Failure::unavailable(nobody));
        };
        if let Err(refused) = tell(&self.shards[index], message) {
            let (message, failure) = refused.into_parts();
            self.refuse(message, &failure);
        }
    }

    /// It is not on its way to a shard any more.
    fn refuse(&self, message: ToChat, failure: &Failure) {
        if let Some(remote) = self.remote.get() {
            remote.handled(message.chat_id);
        }
        message.command.refuse(failure);
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
