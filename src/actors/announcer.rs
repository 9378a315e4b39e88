//! The way to whoever watches someone on this node.

use std::sync::OnceLock;

use actix::{Message, Recipient};

use super::request::tell;
use crate::id::UserId;

/// Someone came or went, or others may see it now or no longer: those who watch him are to hear of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct PresenceChanged {
    pub user: UserId,
    pub heard_by: HeardBy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeardBy {
    /// Who may see it; to others it would be telling that something changed.
    WhoSees,
    /// Everyone hears what he may see now.
    All,
    One(UserId),
}

/// Knows of nobody until it is set.
#[derive(Default)]
pub struct Announcer(OnceLock<Recipient<PresenceChanged>>);

impl Announcer {
    /// Where there are sockets.
    pub fn set(&self, to: Recipient<PresenceChanged>) {
        let _ = self.0.set(to);
    }

    pub fn announce(&self, changed: PresenceChanged) {
        if let Some(to) = self.0.get() {
            // One that is not told is found by whoever asks again.
            let _ = tell(to, changed);
        }
    }
}
