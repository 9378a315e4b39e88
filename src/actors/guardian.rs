//! A guardian per group: it rebuilds the group's actor after a panic and bounds what it works on.
//!
//! actix does not restart an actor that panicked: its mailbox stays closed. The guardian answers
//! `unavailable` while the group is down or has too much to do. What nobody asks and is only told has a
//! [`keeper`](super::keeper); whose death ends the process stands in [`vital`](super::vital).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use actix::{
    Actor, ActorContext, Addr, ArbiterHandle, AsyncContext, Context, Handler, MailboxError,
    Message, ResponseFuture,
};
use tokio::time::Instant;

use super::child::{Child, RestartBudget};
use super::request::{Answer, DEADLINE, Request, tell};
use crate::error::{ErrorCode, Failure};

/// Requests of one group that may be worked on at once.
pub const IN_FLIGHT: usize = 4096;
/// How often it is looked whether an actor died.
pub const WATCH_EVERY: Duration = Duration::from_millis(250);

const MAILBOX: usize = 1024;

/// What a guardian shows of its group. Cheap to clone.
#[derive(Clone, Debug)]
pub struct GroupState {
    name: &'static str,
    inner: Arc<StateInner>,
}

#[derive(Debug, Default)]
struct StateInner {
    in_flight: AtomicUsize,
    restarts: AtomicUsize,
    down: AtomicBool,
}

impl GroupState {
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            inner: Arc::default(),
        }
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn in_flight(&self) -> usize {
        self.inner.in_flight.load(Ordering::Relaxed)
    }

    /// How often the actor was rebuilt.
    pub fn restarts(&self) -> usize {
        self.inner.restarts.load(Ordering::Relaxed)
    }

    /// Whether the restart budget is spent, for now.
    pub fn is_down(&self) -> bool {
        self.inner.down.load(Ordering::Relaxed)
    }

    /// Answers whether it was down before.
    pub(super) fn set_down(&self, is_down: bool) -> bool {
        self.inner.down.swap(is_down, Ordering::Relaxed)
    }

    pub(super) fn count_restart(&self) {
        self.inner.restarts.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self) -> InFlight {
        self.inner.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(&self.inner))
    }
}

/// One request being worked on.
struct InFlight(Arc<StateInner>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Bounds of one guardian.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    pub in_flight: usize,
    pub restarts: RestartBudget,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            in_flight: IN_FLIGHT,
            restarts: RestartBudget::default(),
        }
    }
}

/// Stands before a group's actor; forwards any request the actor handles.
pub struct Guardian<A: Actor<Context = Context<A>>> {
    state: GroupState,
    in_flight: usize,
    child: Child<A>,
}

impl<A: Actor<Context = Context<A>>> Guardian<A> {
    /// Starts a guardian and its actor on the current arbiter.
    pub fn start(state: GroupState, factory: impl FnMut() -> A + Send + 'static) -> Addr<Self> {
        Self::start_within(state, Budget::default(), factory)
    }

    pub fn start_within(
        state: GroupState,
        budget: Budget,
        factory: impl FnMut() -> A + Send + 'static,
    ) -> Addr<Self> {
        Actor::start(Self::new(state, budget, factory))
    }

    /// Starts a guardian and its actor on another arbiter.
    pub fn start_in(
        arbiter: &ArbiterHandle,
        state: GroupState,
        factory: impl FnMut() -> A + Send + 'static,
    ) -> Addr<Self> {
        Self::start_in_arbiter(arbiter, |_| Self::new(state, Budget::default(), factory))
    }

    fn new(state: GroupState, budget: Budget, factory: impl FnMut() -> A + Send + 'static) -> Self {
        Self {
            child: Child::new(state.clone(), budget.restarts, factory),
            in_flight: budget.in_flight,
            state,
        }
    }
}

impl<A: Actor<Context = Context<A>>> Actor for Guardian<A> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        self.child.address();
        ctx.run_interval(WATCH_EVERY, |guardian, ctx| {
            guardian.child.address();
            let group = guardian.state.name;
            metrics::gauge!("troupe_actor_in_flight", "group" => group)
                .set(guardian.state.in_flight() as f64);
            let probe = Probe(Instant::now());
            if tell(&ctx.address().recipient(), probe).is_err() {
                metrics::counter!("troupe_actor_mailbox_full_total", "group" => group).increment(1);
            }
        });
    }
}

/// How long a message waits in the mailbox, measured by sending one.
#[derive(Message)]
#[rtype(result = "()")]
struct Probe(Instant);

impl<A: Actor<Context = Context<A>>> Handler<Probe> for Guardian<A> {
    type Result = ();

    fn handle(&mut self, probe: Probe, _: &mut Self::Context) {
        metrics::histogram!("troupe_actor_mailbox_wait_seconds", "group" => self.state.name)
            .record(probe.0.elapsed().as_secs_f64());
    }
}

/// Ends the group and its guardian; what is in flight is still answered.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Retire;

impl<A: Actor<Context = Context<A>>> Handler<Retire> for Guardian<A> {
    type Result = ();

    fn handle(&mut self, _: Retire, ctx: &mut Self::Context) {
        self.child.retire();
        ctx.stop();
    }
}

impl<A, R> Handler<R> for Guardian<A>
where
    A: Actor<Context = Context<A>> + Handler<R>,
    R: Request,
{
    type Result = ResponseFuture<Answer<R::Reply>>;

    fn handle(&mut self, request: R, _: &mut Self::Context) -> Self::Result {
        let group = self.state.name;
        if self.state.in_flight() >= self.in_flight {
            metrics::counter!("troupe_actor_refused_total", "group" => group).increment(1);
            let full = Failure::unavailable("too much is waiting here, try again");
            return Box::pin(async { Err(full) });
        }
        let Some(child) = self.child.address() else {
            let down = Failure::unavailable("this part is down, try again later");
            return Box::pin(async { Err(down) });
        };
        let in_flight = self.state.enter();
        Box::pin(async move {
            let began = Instant::now();
            let answer = match child.send(request).timeout(DEADLINE).await {
                Ok(answer) => answer,
                Err(MailboxError::Closed) => {
                    tracing::error!(group, request = R::NAME, "request died with its handler");
                    Err(Failure::internal())
                }
                Err(MailboxError::Timeout) => Err(Failure::new(
                    ErrorCode::Timeout,
                    "no answer in time; it may still have happened",
                )),
            };
            drop(in_flight);
            metrics::histogram!("troupe_request_seconds", "group" => group, "request" => R::NAME)
                .record(began.elapsed().as_secs_f64());
            answer
        })
    }
}
