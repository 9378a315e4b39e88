//! Chats that have their actor here, or commands on the way to it. One that is another node's now finishes
//! what it has before it goes: what comes for it meanwhile goes through its shard, which sends it on behind
//! the rest.

use dashmap::DashMap;

use crate::id::ChatId;

#[derive(Default)]
pub struct Residents(DashMap<ChatId, Resident, ahash::RandomState>);

#[derive(Default)]
struct Resident {
    is_here: bool,
    /// Commands on their way to the shard.
    coming: u32,
}

impl Residents {
    pub fn arrived(&self, chat_id: ChatId) {
        self.0.entry(chat_id).or_default().is_here = true;
    }

    /// The actor is gone and all that waited for it was sent on.
    pub fn left(&self, chat_id: ChatId) {
        if let Some(mut resident) = self.0.get_mut(&chat_id) {
            resident.is_here = false;
        }
        self.forget(chat_id);
    }

    /// A command goes to the chat's shard; `handled` is to follow.
    pub fn comes(&self, chat_id: ChatId) {
        self.0.entry(chat_id).or_default().coming += 1;
    }

    pub fn handled(&self, chat_id: ChatId) {
        if let Some(mut resident) = self.0.get_mut(&chat_id) {
            resident.coming = resident.coming.saturating_sub(1);
        }
        self.forget(chat_id);
    }

    /// Whether what comes has to go through the shard.
    pub fn is_here(&self, chat_id: ChatId) -> bool {
        self.0.contains_key(&chat_id)
    }

    fn forget(&self, chat_id: ChatId) {
        self.0.remove_if(&chat_id, |_, resident| {
            !resident.is_here && resident.coming == 0
        });
    }
}
