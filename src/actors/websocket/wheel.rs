//! One coarse timer for every socket of an arbiter: a wheel of one-second slots.

use crate::id::ConnectionId;

/// More than the longest wait, which is a heartbeat.
const SLOTS: usize = 64;

#[derive(Debug)]
pub struct Wheel {
    slots: Vec<Vec<ConnectionId>>,
    at: usize,
}

impl Default for Wheel {
    fn default() -> Self {
        Self {
            slots: vec![Vec::new(); SLOTS],
            at: 0,
        }
    }
}

impl Wheel {
    /// Has a socket come up after this many seconds, at least one; far ones come up early.
    pub fn schedule(&mut self, connection: ConnectionId, seconds: u64) {
        let ahead = usize::try_from(seconds)
            .unwrap_or(SLOTS)
            .clamp(1, SLOTS - 1);
        let slot = (self.at + ahead) % SLOTS;
        self.slots[slot].push(connection);
    }

    /// A second has passed: who is due. Those gone meanwhile are among them.
    pub fn turn(&mut self) -> Vec<ConnectionId> {
        self.at = (self.at + 1) % SLOTS;
        std::mem::take(&mut self.slots[self.at])
    }
}
