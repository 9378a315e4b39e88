//! One round of the relay: what is in the outbox, made into events, published, marked.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tracing::Span;

use super::facts::{self, Status};
use super::requests::ChatCommand;
use crate::actors::placement::{ChatDoor, Remote};
use crate::clock::Clock;
use crate::domain::chat::Roster;
use crate::event::{Envelope, Event};
use crate::id::ChatId;
use crate::storage::StoreResult;
use crate::storage::chats::ChatStore;
use crate::storage::events::{EventStream, RECENT};
use crate::storage::log::{Logged, LoggedChange};
use crate::storage::messages::{MessageStore, OutboxEntry};
use crate::trace;

/// Rows in one round; a full round is followed by the next at once.
const ROWS: usize = 4096;
/// Rows that are published, then marked.
const ROWS_AT_ONCE: usize = 512;
/// For so long a row is its owner's; then anyone's.
const OTHERS: Duration = Duration::from_secs(10);
/// Chats that are loaded at once because one of their entries did not act.
const SETTLED: usize = 64;

/// The way from the outbox to the stream.
pub struct Outbox {
    pub messages: Arc<dyn MessageStore>,
    pub chats: Arc<dyn ChatStore>,
    pub events: Arc<dyn EventStream>,
    pub door: ChatDoor,
    /// Other nodes, where there are any.
    pub remote: Option<Arc<dyn Remote>>,
    pub clock: Clock,
    /// How many regressions of the stream were made good. Held while a round runs.
    pub replayed: Mutex<u64>,
}

/// An event, and which entry of which log it was made of.
struct Made {
    number: (u128, u64),
    event: Event,
}

/// What a round did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Round {
    pub published: usize,
    /// There may be more.
    pub is_full: bool,
}

impl Outbox {
    pub async fn round(&self, statuses: Vec<Status>) -> StoreResult<Round> {
        let mut replayed = self.replayed.lock().await;
        let rows = self.messages.outbox_unpublished(ROWS).await?;
        metrics::gauge!("troupe_outbox_waiting").set(rows.len() as f64);
        let regressions = self.events.regressions().await?;
        if *replayed < regressions {
            self.replay().await?;
            *replayed = regressions;
        }
        let mut round = Round::default();
        if !statuses.is_empty() {
            let events = statuses.iter().map(|status| status.event().envelope());
            round.published += self.publish(events.collect()).await?;
        }
        let found = rows.len();
        let rows: Vec<OutboxEntry> = rows.into_iter().filter(|row| self.is_ours(row)).collect();
        round.is_full = found == ROWS && !rows.is_empty();
        for rows in rows.chunks(ROWS_AT_ONCE) {
            round.published += self.relay(rows.to_vec()).await?;
        }
        Ok(round)
    }

    fn is_ours(&self, row: &OutboxEntry) -> bool {
        let owner = self.remote.as_ref();
        owner.is_none_or(|remote| remote.owns(row.chat_id))
            || self.clock.now().since(row.at) >= OTHERS
    }

    /// Publishes what rows name, then marks them.
    async fn relay(&self, rows: Vec<OutboxEntry>) -> StoreResult<usize> {
        if !self.events.is_heard() {
            let at = self.clock.now();
            self.messages.outbox_published(rows, at).await?;
            return Ok(0);
        }
        let (rows, events) = self.events_of(rows).await?;
        // They end once the stream has them.
        let (events, _spans) = traced(events);
        let published = self.publish(events).await?;
        if !rows.is_empty() {
            crate::failpoint::reached("published");
            let at = self.clock.now();
            self.messages.outbox_published(rows, at).await?;
        }
        Ok(published)
    }

    /// The events of rows, and those rows all of whose numbers are taken and can be told of; the
    /// others wait.
    async fn events_of(
        &self,
        rows: Vec<OutboxEntry>,
    ) -> StoreResult<(Vec<OutboxEntry>, Vec<Made>)> {
        let log = self.messages.outbox_log(rows.clone()).await?;
        let rosters = self.rosters(&log).await;
        let mut told = HashSet::with_capacity(log.len());
        let mut events = Vec::with_capacity(log.len());
        for entry in &log {
            if let Some(some) = facts::events(entry, &rosters) {
                let number = (entry.chat_id.0.as_u128(), entry.rev);
                told.insert((entry.chat_id, entry.rev));
                events.extend(some.into_iter().map(|event| Made { number, event }));
            }
        }
        let is_whole = |row: &OutboxEntry| {
            (row.first_rev..=row.last_rev).all(|rev| told.contains(&(row.chat_id, rev)))
        };
        let rows = rows.into_iter().filter(is_whole).collect();
        Ok((rows, events))
    }

    /// Who is in the chats that were made. While these cannot be read, chats made wait, not messages.
    async fn rosters(&self, log: &[Logged]) -> HashMap<ChatId, Roster> {
        let made = log
            .iter()
            .filter(|entry| matches!(entry.what, LoggedChange::Created));
        let made: Vec<ChatId> = made.map(|entry| entry.chat_id).collect();
        if made.is_empty() {
            return HashMap::new();
        }
        match self.chats.find_all(made).await {
            Ok(rosters) => rosters
                .into_iter()
                .map(|roster| (roster.chat.id, roster))
                .collect(),
            Err(error) => {
                tracing::warn!(cause = %error, "chats that were made are told of later");
                HashMap::new()
            }
        }
    }

    async fn publish(&self, events: Vec<Envelope>) -> StoreResult<usize> {
        if events.is_empty() {
            return Ok(0);
        }
        let subjects: Vec<_> = events.iter().map(|one| one.subject.clone()).collect();
        let count = events.len();
        self.events.publish(events).await?;
        for subject in subjects {
            metrics::counter!("troupe_events_published_total", "subject" => subject).increment(1);
        }
        Ok(count)
    }

    /// Publishes everything again that was published lately. Every node that finds the stream gone
    /// backwards does so: what is kept already is not kept twice.
    async fn replay(&self) -> StoreResult<()> {
        let since = self.clock.now().minus(RECENT);
        let rows = self.messages.outbox_since(since).await?;
        let mut count = 0;
        for rows in rows.chunks(ROWS_AT_ONCE) {
            let (_, events) = self.events_of(rows.to_vec()).await?;
            let events = events.iter().map(|made| made.event.envelope());
            count += self.publish(events.collect()).await?;
        }
        metrics::counter!("troupe_events_replayed_total").increment(count as u64);
        tracing::info!(count, "the recent past was published again");
        Ok(())
    }

    /// Has chats loaded whose entries wait for their effect though their node had time: loading
    /// applies them.
    pub async fn settle(&self) -> StoreResult<()> {
        let before = self.clock.now().minus(OTHERS);
        let chats = self.messages.outbox_unsettled(before, SETTLED).await?;
        for chat_id in chats {
            let loaded = self.door.ask(chat_id, ChatCommand::Refresh).await;
            if let Err(failure) = loaded {
                tracing::warn!(chat.id = %chat_id, cause = %failure, "a chat could not be settled");
            }
        }
        Ok(())
    }
}

/// Events that go on with the trace of what they tell of, each with a span of its own.
fn traced(events: Vec<Made>) -> (Vec<Envelope>, Vec<Span>) {
    let mut spans = Vec::new();
    let events = events.into_iter().map(|Made { number, event }| {
        let mut envelope = event.envelope();
        if let Some(parent) = trace::take_up(number) {
            let span = trace::child(
                Some(parent),
                || tracing::debug_span!(parent: None, "event.publish", subject = event.subject()),
            );
            envelope.trace = trace::of(&span);
            spans.push(span);
        }
        envelope
    });
    (events.collect(), spans)
}
