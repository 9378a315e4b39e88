//! Facts that other groups may consume, and the bus that carries them inside one process.

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::clock::Timestamp;
use crate::id::ChatId;

/// Events that may wait for a slow subscriber; beyond it he misses the oldest and reads the store.
const WAITING: usize = 4096;

/// `ChatAdvanced`: revs `first_rev..=last_rev` of a chat are durable. Subscribers read what they
/// need from the store, which is the truth; taking the same event twice must change nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatAdvanced {
    pub chat_id: ChatId,
    pub first_rev: u64,
    pub last_rev: u64,
    pub head_seq: u64,
    pub at: Timestamp,
}

/// The bus of one process. Cheap to clone.
#[derive(Clone)]
pub struct EventBus {
    sender: Arc<broadcast::Sender<ChatAdvanced>>,
}

impl Default for EventBus {
    fn default() -> Self {
        let (sender, _) = broadcast::channel(WAITING);
        Self {
            sender: Arc::new(sender),
        }
    }
}

impl EventBus {
    /// Hands an event to whoever listens; none listening is fine.
    pub fn publish(&self, event: ChatAdvanced) {
        let _ = self.sender.send(event);
    }

    pub fn subscribe(&self) -> broadcast::Receiver<ChatAdvanced> {
        self.sender.subscribe()
    }
}
