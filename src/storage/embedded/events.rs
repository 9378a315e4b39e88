//! The stream of events of one process: in memory, so it begins empty with each start. Whoever then
//! becomes its first listener has the recent past published again, out of the outbox.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::clock::Clock;
use crate::event::{Envelope, Event, Unreadable};
use crate::storage::StoreResult;
use crate::storage::events::{
    AnswerEvent, ConsumerSpec, DeadEvent, EventConsumer, EventStream, Received,
};

/// Events that are kept for consumers; beyond it the oldest go.
const KEPT: usize = 65_536;
/// Dead events that are remembered.
const DEAD: usize = 1_000;

/// The embedded [`EventStream`]. Cheap to clone.
#[derive(Clone)]
pub struct MemoryEvents(Arc<Shared>);

struct Shared {
    clock: Clock,
    state: Mutex<State>,
    /// Moves whenever there may be something to give out.
    news: watch::Sender<u64>,
    listeners: AtomicU64,
}

#[derive(Default)]
struct State {
    last: u64,
    log: VecDeque<(u64, Envelope)>,
    ids: HashSet<String>,
    consumers: HashMap<&'static str, Progress>,
    dead: VecDeque<DeadEvent>,
}

/// How far a consumer is.
#[derive(Default)]
struct Progress {
    given_up_to: u64,
    pending: HashMap<u64, Pending>,
    /// The pending ones by when they are given out again.
    order: BTreeSet<(Instant, u64)>,
}

impl Progress {
    fn hold(&mut self, place: u64, pending: Pending) {
        self.order.insert((pending.due, place));
        self.pending.insert(place, pending);
    }

    fn remove(&mut self, place: u64) -> Option<Pending> {
        let pending = self.pending.remove(&place)?;
        self.order.remove(&(pending.due, place));
        Some(pending)
    }

    /// The first that is due again, given out once more.
    fn give_again(&mut self, now: Instant, due: Instant) -> Option<Look> {
        let (at, place) = *self.order.first()?;
        if at > now {
            return None;
        }
        let mut pending = self.remove(place)?;
        pending.attempts += 1;
        pending.due = due;
        let found = Look::Found(place, pending.attempts, pending.envelope.clone());
        self.hold(place, pending);
        Some(found)
    }
}

struct Pending {
    envelope: Envelope,
    attempts: u32,
    /// When it is given out again.
    due: Instant,
}

/// What a look for the next event found.
enum Look {
    Found(u64, u32, Envelope),
    /// Nothing before this moment, if there is one.
    Nothing(Option<Instant>),
}

impl MemoryEvents {
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new(Shared {
            clock,
            state: Mutex::default(),
            news: watch::Sender::new(0),
            listeners: AtomicU64::new(0),
        }))
    }
}

impl Shared {
    fn told(&self) {
        self.news.send_modify(|count| *count += 1);
    }

    /// The next event for a consumer: one that is due again, else the next of the stream.
    fn look(&self, spec: &ConsumerSpec) -> Look {
        let mut state = self.state.lock();
        let state = &mut *state;
        let Some(progress) = state.consumers.get_mut(spec.name) else {
            return Look::Nothing(None);
        };
        let now = Instant::now();
        let due = now + spec.patience;
        if let Some(again) = progress.give_again(now, due) {
            return again;
        }
        let first = state.log.front().map_or(0, |(place, _)| *place);
        let skipped = (progress.given_up_to + 1).saturating_sub(first);
        let fresh = state.log.iter().skip(usize::try_from(skipped).unwrap_or(0));
        for (place, envelope) in fresh {
            if progress.pending.len() >= spec.most_pending {
                break;
            }
            progress.given_up_to = *place;
            if spec.subjects.contains(&envelope.subject.as_ref()) {
                let pending = Pending {
                    envelope: envelope.clone(),
                    attempts: 1,
                    due,
                };
                progress.hold(*place, pending);
                return Look::Found(*place, 1, envelope.clone());
            }
        }
        Look::Nothing(progress.order.first().map(|(due, _)| *due))
    }

    fn settle(&self, consumer: &str, place: u64) -> Option<Envelope> {
        let mut state = self.state.lock();
        let progress = state.consumers.get_mut(consumer)?;
        let pending = progress.remove(place);
        drop(state);
        self.told();
        pending.map(|pending| pending.envelope)
    }

    fn bury(&self, consumer: &'static str, place: u64, reason: &str) {
        let Some(envelope) = self.settle(consumer, place) else {
            return;
        };
        metrics::counter!("troupe_events_dead_total", "consumer" => consumer).increment(1);
        tracing::error!(consumer, subject = %envelope.subject, reason, "an event is dead");
        let dead = DeadEvent {
            subject: envelope.subject.into_owned(),
            consumer: consumer.to_owned(),
            reason: reason.to_owned(),
            at: self.clock.now(),
        };
        let mut state = self.state.lock();
        state.dead.push_front(dead);
        state.dead.truncate(DEAD);
    }
}

#[async_trait]
impl EventStream for MemoryEvents {
    async fn publish(&self, events: Vec<Envelope>) -> StoreResult<()> {
        let mut state = self.0.state.lock();
        for event in events {
            if !state.ids.insert(event.id.clone()) {
                continue;
            }
            state.last += 1;
            let place = state.last;
            state.log.push_back((place, event));
        }
        while state.log.len() > KEPT {
            if let Some((_, gone)) = state.log.pop_front() {
                state.ids.remove(&gone.id);
            }
        }
        drop(state);
        self.0.told();
        Ok(())
    }

    fn is_heard(&self) -> bool {
        self.0.listeners.load(Ordering::Acquire) > 0
    }

    async fn regressions(&self) -> StoreResult<u64> {
        Ok(self.0.listeners.load(Ordering::Acquire))
    }

    async fn consume(&self, spec: ConsumerSpec) -> StoreResult<Box<dyn EventConsumer>> {
        let mut state = self.0.state.lock();
        if !state.consumers.contains_key(spec.name) {
            state.consumers.insert(spec.name, Progress::default());
            self.0.listeners.fetch_add(1, Ordering::AcqRel);
        }
        drop(state);
        Ok(Box::new(MemoryConsumer {
            shared: Arc::clone(&self.0),
            news: self.0.news.subscribe(),
            spec,
        }))
    }

    async fn dead(&self, limit: usize) -> StoreResult<Vec<DeadEvent>> {
        Ok(self
            .0
            .state
            .lock()
            .dead
            .iter()
            .take(limit)
            .cloned()
            .collect())
    }
}

struct MemoryConsumer {
    shared: Arc<Shared>,
    news: watch::Receiver<u64>,
    spec: ConsumerSpec,
}

#[async_trait]
impl EventConsumer for MemoryConsumer {
    async fn next(&mut self) -> Received {
        loop {
            self.news.mark_unchanged();
            match self.shared.look(&self.spec) {
                Look::Found(place, attempt, envelope) => {
                    if let Some(received) = self.take(place, attempt, &envelope) {
                        return received;
                    }
                }
                Look::Nothing(Some(due)) => tokio::select! {
                    _ = self.news.changed() => {}
                    () = sleep_until(due) => {}
                },
                // The sender lives in what this consumer holds.
                Look::Nothing(None) => drop(self.news.changed().await),
            }
        }
    }
}

impl MemoryConsumer {
    fn take(&self, place: u64, attempt: u32, envelope: &Envelope) -> Option<Received> {
        let name = self.spec.name;
        if attempt > self.spec.attempts {
            let reason = format!("not taken {} times", self.spec.attempts);
            self.shared.bury(name, place, &reason);
            return None;
        }
        match Event::read(&envelope.subject, &envelope.body) {
            Ok(event) => {
                let answer = MemoryAnswer {
                    shared: Arc::clone(&self.shared),
                    consumer: name,
                    patience: self.spec.patience,
                    place,
                };
                let received = Received::new(event, attempt, Arc::new(answer));
                Some(received.traced(envelope.trace))
            }
            Err(Unreadable::UnknownSubject) => {
                metrics::counter!("troupe_events_skipped_total", "consumer" => name).increment(1);
                self.shared.settle(name, place);
                None
            }
            Err(malformed) => {
                self.shared.bury(name, place, &malformed.to_string());
                None
            }
        }
    }
}

struct MemoryAnswer {
    shared: Arc<Shared>,
    consumer: &'static str,
    patience: Duration,
    place: u64,
}

#[async_trait]
impl AnswerEvent for MemoryAnswer {
    async fn working(&self) -> StoreResult<()> {
        self.again(self.patience).await
    }

    async fn done(&self) -> StoreResult<()> {
        self.shared.settle(self.consumer, self.place);
        Ok(())
    }

    async fn again(&self, after: Duration) -> StoreResult<()> {
        let mut state = self.shared.state.lock();
        let progress = state.consumers.get_mut(self.consumer);
        if let Some(progress) = progress
            && let Some(mut pending) = progress.remove(self.place)
        {
            pending.due = Instant::now() + after;
            progress.hold(self.place, pending);
        }
        drop(state);
        self.shared.told();
        Ok(())
    }

    async fn dead(&self, reason: &str) -> StoreResult<()> {
        self.shared.bury(self.consumer, self.place, reason);
        Ok(())
    }
}
