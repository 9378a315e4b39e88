//! A keeper of an actor that is only told things, or does them of its own accord: rebuilds it after a
//! panic. What it was told before is lost with it; each finds that again by itself.

use actix::{Actor, AsyncContext, Context, Handler, Message};

use super::child::{Child, RestartBudget};
use super::guardian::{GroupState, WATCH_EVERY};
use super::request::tell;

/// Messages that may wait here. They are passed on at once: kept actors do not wait while they handle one.
const MAILBOX: usize = 4096;

pub struct Keeper<A: Actor<Context = Context<A>>> {
    name: &'static str,
    child: Child<A>,
}

impl<A: Actor<Context = Context<A>>> Keeper<A> {
    /// `name`: as metrics and the log call it. The actor lives on the keeper's arbiter.
    pub fn new(name: &'static str, factory: impl FnMut() -> A + Send + 'static) -> Self {
        let state = GroupState::new(name);
        Self {
            name,
            child: Child::new(state, RestartBudget::default(), factory),
        }
    }
}

impl<A: Actor<Context = Context<A>>> Actor for Keeper<A> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        self.child.address();
        ctx.run_interval(WATCH_EVERY, |keeper, _| {
            keeper.child.address();
        });
    }
}

impl<A, M> Handler<M> for Keeper<A>
where
    A: Actor<Context = Context<A>> + Handler<M>,
    M: Message<Result = ()> + Send + 'static,
{
    type Result = ();

    fn handle(&mut self, message: M, _: &mut Self::Context) {
        let child = self.child.address();
        let told = child.is_some_and(|child| tell(&child.recipient(), message).is_ok());
        if !told {
            metrics::counter!("troupe_actor_refused_total", "group" => self.name).increment(1);
        }
    }
}
