//! A stream that keeps what it is given, for looking at what the relay publishes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use troupe::actors::chat::publishing::Outbox;
use troupe::actors::chat::requests::ToChat;
use troupe::actors::placement::{ChatDoor, Remote};
use troupe::clock::Clock;
use troupe::event::{Envelope, Event};
use troupe::id::ChatId;
use troupe::storage::events::{ConsumerSpec, DeadEvent, EventConsumer, EventStream};
use troupe::storage::{StoreError, StoreErrorKind, StoreResult};

use super::backend::Opened;

/// Keeps what it is given, and can be away.
#[derive(Default)]
pub struct Kept {
    pub envelopes: Mutex<Vec<Envelope>>,
    pub away: AtomicBool,
    pub regressions: AtomicUsize,
}

#[async_trait]
impl EventStream for Kept {
    async fn publish(&self, events: Vec<Envelope>) -> StoreResult<()> {
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError {
                kind: StoreErrorKind::Unavailable,
                store: "kept",
                message: "away".to_owned(),
            });
        }
        self.envelopes.lock().extend(events);
        Ok(())
    }

    async fn regressions(&self) -> StoreResult<u64> {
        Ok(self.regressions.load(Ordering::SeqCst) as u64)
    }

    async fn consume(&self, _: ConsumerSpec) -> StoreResult<Box<dyn EventConsumer>> {
        unreachable!("nobody consumes here")
    }

    async fn dead(&self, _: usize) -> StoreResult<Vec<DeadEvent>> {
        Ok(Vec::new())
    }
}

impl Kept {
    /// What came since the last look.
    pub fn take(&self) -> Vec<Event> {
        let envelopes = std::mem::take(&mut *self.envelopes.lock());
        let read = |envelope: &Envelope| Event::read(&envelope.subject, &envelope.body);
        envelopes
            .iter()
            .map(|envelope| read(envelope).expect("readable"))
            .collect()
    }
}

/// Says of every chat that it is another node's.
pub struct Elsewhere;

impl Remote for Elsewhere {
    fn carry(&self, message: ToChat) -> Option<ToChat> {
        Some(message)
    }

    fn send_on(&self, message: ToChat) -> Option<ToChat> {
        Some(message)
    }

    fn owns(&self, _: ChatId) -> bool {
        false
    }

    fn arrived(&self, _: ChatId) {}

    fn left(&self, _: ChatId) {}

    fn handled(&self, _: ChatId) {}
}

pub fn outbox(
    stores: &Opened,
    kept: &Arc<Kept>,
    clock: Clock,
    remote: Option<Arc<dyn Remote>>,
) -> Outbox {
    Outbox {
        messages: Arc::clone(&stores.messages),
        chats: Arc::clone(&stores.chats),
        events: Arc::clone(kept) as Arc<dyn EventStream>,
        door: ChatDoor::new(Vec::new()),
        remote,
        clock,
        replayed: Default::default(),
    }
}
