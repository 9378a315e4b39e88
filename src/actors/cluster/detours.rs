//! Commands of other nodes that were passed on and came back, because nobody was there. Until they go
//! again whatever comes for their chats waits behind them, so that none overtakes another.

use std::collections::BTreeMap;

use dashmap::DashMap;

use super::travelling::Travelling;
use crate::id::ChatId;

/// By chat, in the order in which they first came here.
#[derive(Default)]
pub struct Detours(DashMap<ChatId, BTreeMap<u64, Travelling>, ahash::RandomState>);

impl Detours {
    /// One came back that was passed on under this number. `true`: the first of its chat.
    pub fn came_back(&self, chat_id: ChatId, number: u64, command: Travelling) -> bool {
        let mut waiting = self.0.entry(chat_id).or_default();
        waiting.insert(number, command);
        waiting.len() == 1
    }

    /// Keeps a command, under the next number, if others wait to go; else gives it back.
    pub fn keep(
        &self,
        chat_id: ChatId,
        number: impl FnOnce() -> u64,
        command: Travelling,
    ) -> Option<Travelling> {
        let Some(mut waiting) = self.0.get_mut(&chat_id) else {
            return Some(command);
        };
        waiting.insert(number(), command);
        None
    }

    /// What is to go now.
    pub fn take(&self, chat_id: ChatId) -> impl Iterator<Item = Travelling> + use<> {
        let waiting = self.0.remove(&chat_id).map(|(_, waiting)| waiting);
        waiting.unwrap_or_default().into_values()
    }
}
