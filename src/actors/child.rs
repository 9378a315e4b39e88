//! The actor of a guardian or a keeper: built again after a panic, so often and no oftener.

use std::collections::VecDeque;
use std::time::Duration;

use actix::{Actor, Addr, Context};
use tokio::time::Instant;

use super::guardian::GroupState;

/// An actor may die this often within [`RESTART_WINDOW`].
pub const RESTARTS: usize = 5;
pub const RESTART_WINDOW: Duration = Duration::from_secs(60);

/// How often an actor may die within a time; then it is left dead for a while, so that the fault is seen
/// instead of hidden.
#[derive(Clone, Copy, Debug)]
pub struct RestartBudget {
    pub restarts: usize,
    pub window: Duration,
}

impl Default for RestartBudget {
    fn default() -> Self {
        Self {
            restarts: RESTARTS,
            window: RESTART_WINDOW,
        }
    }
}

pub struct Child<A: Actor<Context = Context<A>>> {
    state: GroupState,
    budget: RestartBudget,
    factory: Box<dyn FnMut() -> A + Send>,
    address: Option<Addr<A>>,
    restarted: VecDeque<Instant>,
}

impl<A: Actor<Context = Context<A>>> Child<A> {
    /// Nothing is built yet.
    pub fn new(
        state: GroupState,
        budget: RestartBudget,
        factory: impl FnMut() -> A + Send + 'static,
    ) -> Self {
        Self {
            state,
            budget,
            factory: Box::new(factory),
            address: None,
            restarted: VecDeque::new(),
        }
    }

    /// The actor, rebuilt on this arbiter if it died and the budget allows.
    pub fn address(&mut self) -> Option<Addr<A>> {
        if let Some(address) = self.address.as_ref().filter(|one| one.connected()) {
            return Some(address.clone());
        }
        let first = self.address.is_none() && self.restarted.is_empty();
        if !first && !self.may_restart() {
            self.address = None;
            return None;
        }
        let address = (self.factory)().start();
        self.address = Some(address.clone());
        Some(address)
    }

    /// Lets go of it; what is in flight is still answered.
    pub fn retire(&mut self) {
        self.address = None;
    }

    fn may_restart(&mut self) -> bool {
        let now = Instant::now();
        let is_over = |at: &Instant| now.duration_since(*at) >= self.budget.window;
        while self.restarted.front().is_some_and(is_over) {
            self.restarted.pop_front();
        }
        let group = self.state.name();
        let spent = self.restarted.len() >= self.budget.restarts;
        if self.state.set_down(spent) != spent && spent {
            tracing::error!(group, "actor keeps dying, restart budget spent");
        }
        if spent {
            return false;
        }
        self.restarted.push_back(now);
        self.state.count_restart();
        metrics::counter!("troupe_actor_restarts_total", "group" => group).increment(1);
        tracing::warn!(group, "actor died, rebuilt");
        true
    }
}
