//! The outbox relay (D7): makes events of what is durable, publishes them, then marks.
//!
//! Every node's entries lie in one place. A node publishes those of its own chats at once, and those
//! of anyone that nobody has marked for some time: their node is dead, or cannot reach the stream.
//! While the stream is away the outbox keeps everything, and sends go on.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, ResponseFuture, WrapFuture,
};
use tokio::time::Instant;

use super::facts::Status;
use super::publishing::{Outbox, Round};
use crate::clock::Clock;
use crate::domain::receipts::ReceiptKind;
use crate::id::{ChatId, UserId};
use crate::storage::StoreResult;

/// How often the outbox is looked at.
const ROUND: Duration = Duration::from_millis(250);
/// A published entry stays as long as consumers may want it again.
const KEPT: Duration = crate::storage::events::RECENT;
const SWEEP: Duration = Duration::from_secs(60);
/// How often entries are looked for whose effect nobody brought about.
const SETTLE: Duration = Duration::from_secs(10);
/// Pauses after failures, doubled each time.
const PAUSES: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(500)..=Duration::from_secs(10);
/// Messages that may wait for this actor.
const MAILBOX: usize = 4096;
/// Watermarks whose last move is still to be told; beyond it the newcomers are not.
const STATUSES: usize = 50_000;

/// Watermarks were stored; their moves are events of their own, for receipts are not in the log.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct ReceiptsStored(pub Vec<Status>);

/// Runs one round now and answers how it went; for tests.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "StoreResult<usize>")]
pub struct RelayNow;

pub struct Relay {
    outbox: Arc<Outbox>,
    clock: Clock,
    busy: bool,
    /// Of the pause after the last failure.
    pause: Duration,
    not_before: Instant,
    /// The furthest of each: what is told late tells of all before it.
    statuses: HashMap<(ChatId, UserId, ReceiptKind), Status>,
}

impl Relay {
    pub fn new(outbox: Arc<Outbox>, clock: Clock) -> Self {
        Self {
            outbox,
            clock,
            busy: false,
            pause: Duration::ZERO,
            not_before: Instant::now(),
            statuses: HashMap::new(),
        }
    }

    fn round(&mut self, ctx: &mut Context<Self>) {
        if self.busy || Instant::now() < self.not_before {
            return;
        }
        self.busy = true;
        let statuses: Vec<Status> = self.statuses.drain().map(|(_, status)| status).collect();
        let (outbox, kept) = (Arc::clone(&self.outbox), statuses.clone());
        let round = async move { outbox.round(statuses).await };
        ctx.spawn(round.into_actor(self).map(move |round, relay, ctx| {
            relay.busy = false;
            match round {
                Ok(round) => relay.rested(round, ctx),
                Err(error) => {
                    relay.remember(kept);
                    relay.failed(&error);
                }
            }
        }));
    }

    fn rested(&mut self, round: Round, ctx: &mut Context<Self>) {
        self.pause = Duration::ZERO;
        if round.is_full {
            self.round(ctx);
        }
    }

    fn failed(&mut self, error: &crate::storage::StoreError) {
        metrics::counter!("troupe_events_failures_total").increment(1);
        if self.pause.is_zero() {
            tracing::warn!(cause = %error, "outbox not relayed, it is kept and tried again");
        }
        self.pause = (self.pause * 2).clamp(*PAUSES.start(), *PAUSES.end());
        self.not_before = Instant::now() + self.pause;
    }

    fn remember(&mut self, statuses: Vec<Status>) {
        for status in statuses {
            let place = (status.chat_id, status.user_id, status.kind);
            if self.statuses.len() >= STATUSES && !self.statuses.contains_key(&place) {
                metrics::counter!("troupe_events_statuses_dropped_total").increment(1);
                continue;
            }
            let told = self.statuses.entry(place).or_insert(status);
            let after_seq = told.after_seq.min(status.after_seq);
            if status.up_to_seq > told.up_to_seq {
                *told = status;
            }
            told.after_seq = after_seq;
        }
    }

    fn sweep(&mut self, ctx: &mut Context<Self>) {
        let (outbox, before) = (Arc::clone(&self.outbox), self.clock.now().minus(KEPT));
        let swept = async move { outbox.messages.outbox_remove(before).await };
        ctx.spawn(swept.into_actor(self).map(|swept, _, _| {
            if let Err(error) = swept {
                tracing::warn!(cause = %error, "outbox not swept");
            }
        }));
    }

    fn settle(&mut self, ctx: &mut Context<Self>) {
        let outbox = Arc::clone(&self.outbox);
        let settled = async move { outbox.settle().await };
        ctx.spawn(settled.into_actor(self).map(|settled, _, _| {
            if let Err(error) = settled {
                tracing::warn!(cause = %error, "no look at entries that wait for their effect");
            }
        }));
    }
}

impl Actor for Relay {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        ctx.run_interval(ROUND, Self::round);
        ctx.run_interval(SWEEP, Self::sweep);
        ctx.run_interval(SETTLE, Self::settle);
    }
}

impl Handler<ReceiptsStored> for Relay {
    type Result = ();

    fn handle(&mut self, stored: ReceiptsStored, _: &mut Self::Context) {
        if self.outbox.events.is_heard() {
            self.remember(stored.0);
        }
    }
}

impl Handler<RelayNow> for Relay {
    type Result = ResponseFuture<StoreResult<usize>>;

    fn handle(&mut self, _: RelayNow, _: &mut Self::Context) -> Self::Result {
        let statuses = self.statuses.drain().map(|(_, status)| status).collect();
        let outbox = Arc::clone(&self.outbox);
        Box::pin(async move { Ok(outbox.round(statuses).await?.published) })
    }
}
