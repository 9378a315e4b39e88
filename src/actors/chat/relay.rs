//! The outbox relay: publishes what is durable, then marks it; sweeps what was marked long ago (D7).

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, WrapFuture};

use crate::clock::Clock;
use crate::event::{ChatAdvanced, EventBus};
use crate::storage::StoreResult;
use crate::storage::messages::MessageStore;

/// How often the outbox is looked at.
const ROUND: Duration = Duration::from_millis(250);
/// Entries in one round; a full round is followed by the next at once.
const ENTRIES: usize = 4096;
/// How long a published entry stays: replay and heads read the recent past from it.
const KEPT: Duration = Duration::from_secs(15 * 60);
const SWEEP: Duration = Duration::from_secs(60);

pub struct Relay {
    messages: Arc<dyn MessageStore>,
    bus: EventBus,
    clock: Clock,
    busy: bool,
}

impl Relay {
    pub fn new(messages: Arc<dyn MessageStore>, bus: EventBus, clock: Clock) -> Self {
        Self {
            messages,
            bus,
            clock,
            busy: false,
        }
    }

    fn round(&mut self, ctx: &mut Context<Self>) {
        if self.busy {
            return;
        }
        self.busy = true;
        let relayed = relay(Arc::clone(&self.messages), self.bus.clone(), self.clock);
        ctx.spawn(relayed.into_actor(self).map(|relayed, relay, ctx| {
            relay.busy = false;
            match relayed {
                Ok(count) if count == ENTRIES => relay.round(ctx),
                Ok(_) => {}
                Err(error) => tracing::warn!(cause = %error, "outbox not relayed"),
            }
        }));
    }

    fn sweep(&mut self, ctx: &mut Context<Self>) {
        let (messages, before) = (Arc::clone(&self.messages), self.clock.now().minus(KEPT));
        let swept = async move { messages.outbox_remove(before).await };
        ctx.spawn(swept.into_actor(self).map(|swept, _, _| {
            if let Err(error) = swept {
                tracing::warn!(cause = %error, "outbox not swept");
            }
        }));
    }
}

/// Publishes one round; an entry is marked only after it was published.
async fn relay(messages: Arc<dyn MessageStore>, bus: EventBus, clock: Clock) -> StoreResult<usize> {
    let entries = messages.outbox_unpublished(ENTRIES).await?;
    if entries.is_empty() {
        return Ok(0);
    }
    for entry in &entries {
        bus.publish(ChatAdvanced {
            chat_id: entry.chat_id,
            first_rev: entry.first_rev,
            last_rev: entry.last_rev,
            head_seq: entry.head_seq,
            at: entry.at,
        });
    }
    metrics::counter!("troupe_events_published_total").increment(entries.len() as u64);
    let count = entries.len();
    messages.outbox_published(entries, clock.now()).await?;
    Ok(count)
}

impl Actor for Relay {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(ROUND, Self::round);
        ctx.run_interval(SWEEP, Self::sweep);
    }
}
