//! What is still to be decided: one entry per member, chat and matter, by the time it is due.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use tokio::time::Instant;

use super::hold::Ticket;
use crate::id::{ChatId, DeviceId, MessageId, UserId};

/// What a decision is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Matter {
    Messages,
    Added,
    Clear,
    Revoke(MessageId),
    /// Of one device that would have got too much; the chat is none.
    Sync(DeviceId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub chat_id: ChatId,
    pub user_id: UserId,
    pub matter: Matter,
}

/// One pending decision.
pub struct Entry {
    /// The oldest and the newest seq it is about.
    pub first_seq: u64,
    pub seq: u64,
    /// When the newest has waited long enough; the oldest has when the entry is due.
    pub last_due: Instant,
    pub due: Instant,
    pub tickets: Vec<Ticket>,
    /// The devices that are left; `None`: all.
    pub only: Option<Vec<DeviceId>>,
    /// Its window was begun, and the push failed.
    pub has_window: bool,
    /// Since when it has failed.
    pub failing_since: Option<Instant>,
    /// How often the store could not be read.
    pub unread: u32,
}

impl Entry {
    pub fn new(seq: u64, due: Instant, ticket: Ticket) -> Self {
        Self {
            first_seq: seq,
            seq,
            last_due: due,
            due,
            tickets: vec![ticket],
            only: None,
            has_window: false,
            failing_since: None,
            unread: 0,
        }
    }

    /// Takes in another about the same. What is newer is for all devices and wants a window of its own.
    fn merge(&mut self, other: Self) {
        self.first_seq = self.first_seq.min(other.first_seq);
        if self.seq != other.seq || other.only.is_none() {
            self.only = None;
            self.has_window = false;
        }
        self.seq = self.seq.max(other.seq);
        self.last_due = self.last_due.max(other.last_due);
        self.due = self.due.min(other.due);
        self.tickets.extend(other.tickets);
        self.failing_since = self.failing_since.or(other.failing_since);
        self.unread = self.unread.max(other.unread);
    }

    pub fn done(self) {
        self.tickets.into_iter().for_each(Ticket::done);
    }

    pub fn failed(self) {
        self.tickets.into_iter().for_each(Ticket::failed);
    }
}

/// An entry whose time has come.
pub struct Due {
    pub place: Place,
    pub entry: Entry,
}

#[derive(Default)]
pub struct Waiting {
    entries: HashMap<Place, Entry, ahash::RandomState>,
    order: BTreeSet<(Instant, Place)>,
}

impl Waiting {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds an entry, to what waits at its place.
    pub fn put(&mut self, place: Place, entry: Entry) {
        let entry = match self.entries.remove(&place) {
            Some(mut waiting) => {
                self.order.remove(&(waiting.due, place));
                waiting.merge(entry);
                waiting
            }
            None => entry,
        };
        self.order.insert((entry.due, place));
        self.entries.insert(place, entry);
    }

    /// Someone has got everything up to a seq: what waited for that is decided.
    pub fn acknowledged(&mut self, chat_id: ChatId, user_id: UserId, up_to_seq: u64) {
        for matter in [Matter::Messages, Matter::Added] {
            let place = Place {
                chat_id,
                user_id,
                matter,
            };
            let Some(entry) = self.entries.get_mut(&place) else {
                continue;
            };
            if entry.seq > up_to_seq {
                continue;
            }
            self.order.remove(&(entry.due, place));
            if let Some(entry) = self.entries.remove(&place) {
                entry.done();
            }
        }
    }

    /// What is due, at most so much.
    pub fn take_due(&mut self, now: Instant, most: usize) -> Vec<Due> {
        let mut due = Vec::new();
        while due.len() < most {
            match self.order.first() {
                Some((at, _)) if *at <= now => {}
                _ => break,
            }
            let Some((_, place)) = self.order.pop_first() else {
                break;
            };
            if let Some(entry) = self.entries.remove(&place) {
                due.push(Due { place, entry });
            }
        }
        due
    }

    /// How long until something is due.
    pub fn next_in(&self, now: Instant) -> Option<Duration> {
        let (at, _) = self.order.first()?;
        Some(at.saturating_duration_since(now))
    }
}
