//! Sends on their way to the owners of chats, by chat. What comes for a chat while an earlier send is
//! being retried, or is with a node that owns the chat no longer, waits behind it: the sends of one
//! connection get rising seqs, whoever owns the chat meanwhile.

use std::collections::VecDeque;
use std::mem;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

use crate::actors::chat::requests::ToChat;
use crate::id::{ChatId, NodeId};

/// What may wait for one chat; beyond it senders are told to try again.
const WAITING: usize = 1024;

#[derive(Default)]
pub struct Routes(DashMap<ChatId, Route, ahash::RandomState>);

#[derive(Default)]
struct Route {
    /// The numbers of those that are not answered, oldest first, and which node has each: none while
    /// it is about to be sent again.
    under_way: VecDeque<(u64, Option<NodeId>)>,
    /// The one node that has all of them.
    at: Option<NodeId>,
    waiting: VecDeque<ToChat>,
    /// What waited is being sent, by someone who looks again for more.
    is_releasing: bool,
    /// Those that came back are about to be sent again.
    is_retrying: bool,
}

/// Whether a send may go to its owner.
pub enum Turn {
    Now(ToChat),
    Waits,
    /// Too many wait.
    Full(ToChat),
}

impl Route {
    fn is_idle(&self) -> bool {
        self.under_way.is_empty() && self.waiting.is_empty() && !self.is_releasing
    }

    /// Whether what goes to this owner, if another node, arrives behind all that is under way.
    fn leads_to(&self, owner: Option<NodeId>) -> bool {
        self.under_way.is_empty() || (owner.is_some() && self.at == owner)
    }

    fn look(&mut self) {
        let first = self.under_way.front().and_then(|(_, node)| *node);
        let is_one = self.under_way.iter().all(|(_, node)| *node == first);
        self.at = first.filter(|_| is_one);
    }

    fn place(&mut self, call: u64, node: Option<NodeId>) {
        if let Some(found) = self.under_way.iter_mut().find(|(one, _)| *one == call) {
            found.1 = node;
        }
        self.look();
    }
}

impl Routes {
    /// Lets a send go to its owner (`None`: this node) as `call`, or keeps it.
    pub fn turn(&self, owner: Option<NodeId>, call: u64, message: ToChat) -> Turn {
        if owner.is_none() && !self.0.contains_key(&message.chat_id) {
            return Turn::Now(message);
        }
        let mut route = self.0.entry(message.chat_id).or_default();
        if route.waiting.is_empty() && !route.is_releasing && route.leads_to(owner) {
            match owner {
                Some(_) => {
                    route.under_way.push_back((call, owner));
                    route.at = owner;
                }
                None => {
                    drop(route);
                    self.forget(message.chat_id);
                }
            }
            return Turn::Now(message);
        }
        if route.waiting.len() >= WAITING {
            return Turn::Full(message);
        }
        route.waiting.push_back(message);
        Turn::Waits
    }

    /// One that waited goes to another node.
    pub fn goes(&self, chat_id: ChatId, call: u64, node: NodeId) {
        let mut route = self.0.entry(chat_id).or_default();
        route.under_way.push_back((call, Some(node)));
        route.look();
    }

    /// A send came back. `true`: the first of its chat, the others go again with it.
    pub fn came_back(&self, chat_id: ChatId, call: u64) -> bool {
        let Some(mut route) = self.0.get_mut(&chat_id) else {
            return true;
        };
        route.place(call, None);
        !mem::replace(&mut route.is_retrying, true)
    }

    /// Those that came back, oldest first.
    pub fn retry(&self, chat_id: ChatId) -> Vec<u64> {
        let Some(mut route) = self.0.get_mut(&chat_id) else {
            return Vec::new();
        };
        route.is_retrying = false;
        let back = route.under_way.iter().filter(|(_, node)| node.is_none());
        back.map(|(call, _)| *call).collect()
    }

    pub fn redirect(&self, chat_id: ChatId, call: u64, node: NodeId) {
        if let Some(mut route) = self.0.get_mut(&chat_id) {
            route.place(call, Some(node));
        }
    }

    /// A send is answered. `true`: something waits that may go now.
    pub fn finish(&self, chat_id: ChatId, call: u64) -> bool {
        let Entry::Occupied(mut found) = self.0.entry(chat_id) else {
            return false;
        };
        let route = found.get_mut();
        // Mostly the oldest.
        if let Some(place) = route.under_way.iter().position(|(one, _)| *one == call) {
            route.under_way.remove(place);
        }
        if route.at.is_none() {
            route.look();
        }
        if route.is_idle() {
            found.remove();
            return false;
        }
        !route.waiting.is_empty()
    }

    /// What waited, if it may go to this owner now. To be followed by [`released`](Self::released).
    pub fn release(&self, chat_id: ChatId, owner: Option<NodeId>) -> Option<VecDeque<ToChat>> {
        let mut route = self.0.get_mut(&chat_id)?;
        if route.is_releasing || route.waiting.is_empty() || !route.leads_to(owner) {
            return None;
        }
        route.is_releasing = true;
        Some(mem::take(&mut route.waiting))
    }

    pub fn released(&self, chat_id: ChatId) {
        if let Some(mut route) = self.0.get_mut(&chat_id) {
            route.is_releasing = false;
        }
        self.forget(chat_id);
    }

    fn forget(&self, chat_id: ChatId) {
        self.0.remove_if(&chat_id, |_, route| route.is_idle());
    }

    /// Chats for which something waits.
    pub fn crowded(&self) -> Vec<ChatId> {
        let crowded = self.0.iter().filter(|route| !route.waiting.is_empty());
        crowded.map(|route| *route.key()).collect()
    }
}
