//! Which sessions are over, known at once on this node and within a second elsewhere (D10).

use std::sync::Arc;

use actix::{Message, Recipient};
use dashmap::DashMap;
use parking_lot::Mutex;

use crate::actors::request::{Refused, tell};
use crate::clock::Timestamp;
use crate::id::SessionId;

/// These sessions are over: close their sockets with 4401.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct SessionsRevoked {
    pub sessions: Arc<[SessionId]>,
}

/// What this node knows of revoked sessions. Cheap to clone.
#[derive(Clone, Default)]
pub struct Revocations {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    /// With the time at which this node heard of it.
    revoked: DashMap<SessionId, Timestamp, ahash::RandomState>,
    subscribers: Mutex<Vec<Subscriber>>,
}

struct Subscriber {
    recipient: Recipient<SessionsRevoked>,
    /// What its mailbox had no room for; it goes with the next telling.
    waiting: Vec<SessionId>,
}

impl Revocations {
    pub fn is_revoked(&self, session: SessionId) -> bool {
        self.inner.revoked.contains_key(&session)
    }

    /// Tells this recipient of every session that is revoked from now on.
    pub fn subscribe(&self, recipient: Recipient<SessionsRevoked>) {
        self.inner.subscribers.lock().push(Subscriber {
            recipient,
            waiting: Vec::new(),
        });
    }

    /// Marks sessions as over; subscribers hear of those that were not known. Told again is harmless.
    /// Called with an empty list it repeats what a full mailbox refused.
    pub fn announce(&self, sessions: &[SessionId], now: Timestamp) {
        let fresh: Vec<SessionId> = sessions
            .iter()
            .copied()
            .filter(|session| self.inner.revoked.insert(*session, now).is_none())
            .collect();
        self.inner.subscribers.lock().retain_mut(|subscriber| {
            subscriber.waiting.extend(&fresh);
            subscriber.tell()
        });
    }

    /// Forgets what was heard of before a time: its access tokens have ended.
    pub fn forget(&self, before: Timestamp) {
        self.inner.revoked.retain(|_, heard| *heard >= before);
    }
}

impl Subscriber {
    /// Answers whether the subscriber is still there.
    fn tell(&mut self) -> bool {
        if self.waiting.is_empty() {
            return self.recipient.connected();
        }
        let sessions = self.waiting.as_slice().into();
        match tell(&self.recipient, SessionsRevoked { sessions }) {
            Ok(()) => {
                self.waiting.clear();
                true
            }
            Err(Refused::Full(_)) => true,
            Err(Refused::Closed(_)) => false,
        }
    }
}
