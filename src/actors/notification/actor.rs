//! The actor: takes events in, keeps what waits, has it decided when it is due.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, SpawnHandle, WrapFuture,
};
use tokio::time::Instant;
use tracing::Instrument;

use super::arrivals::{Arrival, Sorted};
use super::consumer;
use super::decide::Verdict;
use super::desk::Desk;
use super::hold::{Held, Hold, Ticket};
use super::requests::ListPushes;
use super::waiting::{Due, Entry, Matter, Place, Waiting};
use crate::event::Event;
use crate::handles;
use crate::id::{ChatId, DeviceId};
use crate::storage::StoreErrorKind;
use crate::trace;

const MAILBOX: usize = 1024;
/// Decisions of one round, and rounds that may be under way.
const ROUND: usize = 64;
const ROUNDS: usize = 4;
/// Decisions that may wait; while there are more no event is taken.
const MOST_WAITING: usize = 50_000;
/// How often events that are held are spoken for.
const SPEAK: Duration = Duration::from_secs(5);
/// Pauses while a store is away, doubled each time.
const AWAY: Duration = Duration::from_secs(1);
const LONGEST_AWAY: Duration = Duration::from_secs(10);

/// Events that came.
#[derive(Message)]
#[rtype(result = "()")]
pub struct EventsCame(pub Vec<Arrival>);

/// How much waits, for whoever reads events.
#[derive(Clone, Default)]
pub struct Load(Arc<AtomicUsize>);

impl Load {
    pub fn is_too_much(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= MOST_WAITING
    }
}

pub struct NotificationActor {
    desk: Arc<Desk>,
    waiting: Waiting,
    load: Load,
    held: Vec<Arc<Hold>>,
    rounds: usize,
    timer: Option<(Instant, SpawnHandle)>,
}

impl NotificationActor {
    pub fn new(desk: Arc<Desk>) -> Self {
        Self {
            desk,
            waiting: Waiting::default(),
            load: Load::default(),
            held: Vec::new(),
            rounds: 0,
            timer: None,
        }
    }

    /// Has events looked at; while a store is away they wait here, and count as held.
    fn sort(&mut self, arrivals: Vec<Arrival>, tries: u32, ctx: &mut Context<Self>) {
        let (events, held): (Vec<Event>, Vec<Held>) = arrivals
            .into_iter()
            .map(|Arrival { event, held }| (event, held))
            .unzip();
        let desk = Arc::clone(&self.desk);
        let trace = held.iter().find_map(|held| held.trace);
        let span = trace::child(
            trace,
            || tracing::debug_span!(parent: None, "notification.take", batch = events.len()),
        );
        let sorting = async move {
            let sorted = desk.sort(&events).await;
            (events, held, sorted)
        };
        let sorting = sorting.instrument(span).into_actor(self);
        ctx.spawn(sorting.map(move |(events, held, sorted), actor, ctx| {
            let error = match sorted {
                Ok(sorted) => return actor.take(held, sorted, ctx),
                Err(error) => error,
            };
            tracing::warn!(cause = %error, "events could not be looked at");
            if error.kind == StoreErrorKind::Internal {
                return held.into_iter().for_each(Held::failed);
            }
            for held in &held {
                let answer = Arc::clone(&held.answer);
                actix::spawn(async move { drop(answer.working().await) });
            }
            let arrivals = events.into_iter().zip(held);
            let arrivals = arrivals
                .map(|(event, held)| Arrival { event, held })
                .collect();
            ctx.run_later(away(tries), move |actor, ctx| {
                actor.sort(arrivals, tries + 1, ctx)
            });
        }));
    }

    fn take(&mut self, held: Vec<Held>, sorted: Sorted, ctx: &mut Context<Self>) {
        for (chat_id, user_id, up_to_seq) in sorted.acknowledged {
            self.waiting.acknowledged(chat_id, user_id, up_to_seq);
        }
        let now = Instant::now();
        for (held, calls) in held.into_iter().zip(sorted.calls) {
            if calls.is_empty() {
                held.done();
                continue;
            }
            let (hold, tickets) = held.tickets(calls.len());
            self.held.push(hold);
            for (call, ticket) in calls.into_iter().zip(tickets) {
                let entry = Entry::new(call.seq, now + call.wait, ticket);
                self.waiting.put(call.place, entry);
            }
        }
        self.look(ctx);
    }

    /// Has decided what is due, and sets the timer for the next.
    fn look(&mut self, ctx: &mut Context<Self>) {
        let now = Instant::now();
        while self.rounds < ROUNDS {
            let due = self.waiting.take_due(now, ROUND);
            if due.is_empty() {
                break;
            }
            self.decide(due, ctx);
        }
        self.load.0.store(self.waiting.len(), Ordering::Relaxed);
        metrics::gauge!("troupe_pushes_waiting").set(self.waiting.len() as f64);
        if let Some(next) = self.waiting.next_in(now).filter(|_| self.rounds < ROUNDS) {
            self.wake_at(now + next, ctx);
        }
    }

    fn wake_at(&mut self, at: Instant, ctx: &mut Context<Self>) {
        match self.timer {
            Some((earlier, _)) if earlier <= at => return,
            Some((_, later)) => {
                ctx.cancel_future(later);
            }
            None => {}
        }
        let wait = at.saturating_duration_since(Instant::now());
        let timer = ctx.run_later(wait, |actor, ctx| {
            actor.timer = None;
            actor.look(ctx);
        });
        self.timer = Some((at, timer));
    }

    fn decide(&mut self, due: Vec<Due>, ctx: &mut Context<Self>) {
        self.rounds += 1;
        let desk = Arc::clone(&self.desk);
        let tickets = due.iter().flat_map(|due| &due.entry.tickets);
        let trace = tickets.filter_map(|ticket| ticket.trace()).next();
        let span = trace::child(
            trace,
            || tracing::debug_span!(parent: None, "notification.decide", batch = due.len()),
        );
        let deciding = async move {
            let verdicts = desk.decide(&due).await;
            (due, verdicts)
        };
        let deciding = deciding.instrument(span).into_actor(self);
        ctx.spawn(deciding.map(|(due, verdicts), actor, ctx| {
            actor.rounds -= 1;
            for (due, verdict) in due.into_iter().zip(verdicts) {
                actor.settle(due, verdict);
            }
            actor.look(ctx);
        }));
    }

    fn settle(&mut self, due: Due, verdict: Verdict) {
        let Due { place, mut entry } = due;
        let now = Instant::now();
        match verdict {
            Verdict::Settled => entry.done(),
            Verdict::Later(wait) => {
                entry.due = now + wait;
                entry.last_due = entry.due;
                self.waiting.put(place, entry);
            }
            Verdict::Failed { wait, devices } => {
                entry.due = now + wait;
                entry.last_due = entry.due;
                entry.only = Some(devices);
                entry.has_window = true;
                entry.failing_since.get_or_insert(now);
                self.waiting.put(place, entry);
            }
            Verdict::Sync(devices) => self.sync_later(place, entry, devices),
            Verdict::Unread(error) if error.kind == StoreErrorKind::Internal => {
                tracing::error!(cause = %error, "a push could not be decided");
                entry.failed();
            }
            Verdict::Unread(error) => {
                tracing::warn!(cause = %error, "a push is decided later");
                entry.due = now + away(entry.unread);
                entry.unread += 1;
                self.waiting.put(place, entry);
            }
        }
    }

    /// The event's answer waits for the first of them: all of them tell a device the same.
    fn sync_later(&mut self, place: Place, entry: Entry, devices: Vec<(DeviceId, Duration)>) {
        let now = Instant::now();
        let mut tickets = entry.tickets;
        for (device, wait) in devices {
            let Some(ticket) = tickets.pop() else { break };
            let place = Place {
                chat_id: ChatId(uuid::Uuid::nil()),
                user_id: place.user_id,
                matter: Matter::Sync(device),
            };
            self.waiting.put(place, Entry::new(0, now + wait, ticket));
        }
        tickets.into_iter().for_each(Ticket::done);
    }

    fn speak(&mut self, _: &mut Context<Self>) {
        self.held.retain(|hold| !hold.is_answered());
        self.held.iter().for_each(Hold::speak);
    }
}

impl Actor for NotificationActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        if self.desk.sender.is_none() {
            return;
        }
        ctx.run_interval(SPEAK, Self::speak);
        let came = ctx.address().recipient();
        let reading = consumer::read(Arc::clone(&self.desk), self.load.clone(), came);
        ctx.spawn(reading.into_actor(self));
    }
}

impl Handler<EventsCame> for NotificationActor {
    type Result = ();

    fn handle(&mut self, came: EventsCame, ctx: &mut Self::Context) {
        self.sort(came.0, 0, ctx);
    }
}

handles! { NotificationActor.desk:
    ListPushes => list_pushes,
}

fn away(tries: u32) -> Duration {
    (AWAY * 2u32.pow(tries.min(4))).min(LONGEST_AWAY)
}
