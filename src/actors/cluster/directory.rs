//! Which other nodes have sessions of whom: numbered changes, and a list for who missed some.

use std::collections::{HashMap, HashSet};

use dashmap::DashMap;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::proto;
use crate::id::{NodeId, UserId};

/// Most changes that may wait to be told; beyond it the others are made to ask for the list.
const WAITING: usize = 100_000;
/// People in one answer of a list.
pub const PAGE: usize = 20_000;

#[derive(Default)]
pub struct Directory {
    /// A bit for each other node on which someone is.
    elsewhere: DashMap<UserId, u64, ahash::RandomState>,
    /// How many changes each node has told of, as far as this one followed.
    followed: Mutex<HashMap<NodeId, u64>>,
    own: Mutex<OwnPlaces>,
    has_changes: Notify,
}

/// What this node tells the others.
#[derive(Default)]
struct OwnPlaces {
    told: u64,
    waiting: Vec<(UserId, bool)>,
}

/// Whether a node's changes could be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    Yes,
    /// Some were missed: its list is to be asked for.
    Missed,
}

impl Directory {
    /// The bits of the other nodes on which anyone of these is.
    pub fn of(&self, users: &[UserId]) -> u64 {
        users.iter().fold(0, |bits, user| bits | self.bits(*user))
    }

    pub fn bits(&self, user: UserId) -> u64 {
        self.elsewhere.get(&user).map_or(0, |bits| *bits)
    }

    /// Someone came to this node or left it.
    pub fn moved(&self, user: UserId, present: bool) {
        let mut own = self.own.lock();
        if own.waiting.len() < WAITING {
            own.waiting.push((user, present));
        } else {
            // A number that nobody has seen: whoever hears the next one asks for the list.
            own.told += 1;
        }
        self.has_changes.notify_one();
    }

    /// Waits until there may be something to tell.
    pub async fn changed(&self) {
        self.has_changes.notified().await;
    }

    /// What is to be told now.
    pub fn take_changes(&self, me: NodeId) -> Option<proto::Places> {
        let mut own = self.own.lock();
        if own.waiting.is_empty() {
            return None;
        }
        let waiting = std::mem::take(&mut own.waiting);
        let first = own.told + 1;
        own.told += waiting.len() as u64;
        Some(proto::Places {
            node: proto::bytes(me.0),
            first,
            places: waiting
                .into_iter()
                .map(|(user, present)| proto::Place {
                    user_id: proto::bytes(user.0),
                    present,
                })
                .collect(),
        })
    }

    /// How many changes this node has told of.
    pub fn told(&self) -> u64 {
        self.own.lock().told
    }

    /// Follows the changes of another node, whose bit is given.
    pub fn follow(
        &self,
        node: NodeId,
        bit: u64,
        first: u64,
        changes: &[(UserId, bool)],
    ) -> Followed {
        let mut followed = self.followed.lock();
        let Some(number) = followed.get_mut(&node) else {
            return Followed::Missed;
        };
        if first > *number + 1 {
            return Followed::Missed;
        }
        for (place, (user, present)) in (first..).zip(changes) {
            if place > *number {
                self.set(*user, bit, *present);
                *number = place;
            }
        }
        Followed::Yes
    }

    /// Someone is about to be on another node; the numbered change follows.
    pub fn arrives(&self, user: UserId, bit: u64) {
        self.set(user, bit, true);
    }

    /// Whether a node's changes up to this number are known.
    pub fn is_followed(&self, node: NodeId, number: u64) -> bool {
        self.followed
            .lock()
            .get(&node)
            .is_some_and(|known| *known >= number)
    }

    /// Everyone on another node, as of a number. What came later and was told meanwhile is missed
    /// here and found by the next heartbeat.
    pub fn replace(&self, node: NodeId, bit: u64, number: u64, users: &[UserId]) {
        let here: HashSet<UserId, ahash::RandomState> = users.iter().copied().collect();
        self.elsewhere.retain(|user, bits| {
            if !here.contains(user) {
                *bits &= !bit;
            }
            *bits != 0
        });
        for user in users {
            self.set(*user, bit, true);
        }
        self.followed.lock().insert(node, number);
    }

    /// A node is gone, and whoever was there.
    pub fn remove(&self, node: NodeId, bit: u64) {
        self.followed.lock().remove(&node);
        self.forget(bit);
    }

    fn set(&self, user: UserId, bit: u64, present: bool) {
        if present {
            *self.elsewhere.entry(user).or_insert(0) |= bit;
        } else if let dashmap::Entry::Occupied(mut entry) = self.elsewhere.entry(user) {
            *entry.get_mut() &= !bit;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }

    fn forget(&self, bit: u64) {
        self.elsewhere.retain(|_, bits| {
            *bits &= !bit;
            *bits != 0
        });
    }
}
