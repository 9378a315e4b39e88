//! A shard owns the ChatActors of its chats: it starts them, finds dead ones, lets idle ones go.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message, Recipient};
use tokio::time::Instant;

use super::actor::ChatActor;
use super::requests::ToChat;
use super::scope::ChatServices;
use super::vitals::{FindHot, Hot, LookAt, Vitals};
use crate::actors::cluster::requests::OwnersChanged;
use crate::actors::inspection::requests::ActorSeen;
use crate::actors::request::{Answer, Refused, tell};
use crate::error::Failure;
use crate::id::{ChatId, UserId};
use crate::request;

/// Commands that may wait for one shard.
const MAILBOX: usize = 65_536;
/// How often idle chats are looked for.
const SWEEP: Duration = Duration::from_secs(5);
/// Commands held for one chat while its old actor goes.
const HELD: usize = 1024;
/// How long they are held, about: an actor that has not gone by then serves them itself, before
/// their callers' patience ends.
const HELD_FOR: Duration = Duration::from_secs(3);

/// How many chats of a shard have an actor now.
#[derive(Clone, Copy, Debug)]
pub struct CountActive;

request!(CountActive => usize);

/// Asks a ChatActor to go once nothing is left to do.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Passivate;

/// A ChatActor is gone: passivated, given up or dead of a panic.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Departed {
    chat_id: ChatId,
    generation: u64,
    orderly: bool,
}

/// Held by a ChatActor; tells its shard when the actor is dropped.
pub struct Departure {
    shard: Recipient<Departed>,
    chat_id: ChatId,
    generation: u64,
    /// Set when the actor goes by its own decision; else it died.
    pub orderly: bool,
}

impl Drop for Departure {
    fn drop(&mut self) {
        let departed = Departed {
            chat_id: self.chat_id,
            generation: self.generation,
            orderly: self.orderly,
        };
        // A shard that cannot take it notices the closed mailbox on its next sweep or command.
        let _ = tell(&self.shard, departed);
    }
}

struct Resident {
    actor: Addr<ChatActor>,
    commands: Recipient<ToChat>,
    generation: u64,
    used_at: Instant,
    vitals: Rc<Vitals>,
    /// `Some`: on its way out.
    held: Option<Held>,
}

/// What came since an actor was asked to go; it waits for the successor.
struct Held {
    since: Instant,
    commands: Vec<ToChat>,
}

impl Resident {
    /// Asks the actor to go; what comes meanwhile is held.
    fn let_go(&mut self, now: Instant) {
        if self.held.is_none() && tell(&self.actor.clone().recipient(), Passivate).is_ok() {
            self.held = Some(Held {
                since: now,
                commands: Vec::new(),
            });
        }
    }
}

pub struct ChatShard {
    services: Arc<ChatServices>,
    idle_after: Duration,
    residents: HashMap<ChatId, Resident>,
    generation: u64,
}

impl ChatShard {
    /// `idle_after`: how long a chat without commands keeps its actor.
    pub fn new(services: ChatServices, idle_after: Duration) -> Self {
        Self {
            services: Arc::new(services),
            idle_after,
            residents: HashMap::new(),
            generation: 0,
        }
    }

    fn deliver(&mut self, mut message: ToChat, ctx: &mut Context<Self>) {
        let chat_id = message.chat_id;
        if !self.residents.contains_key(&chat_id) {
            if message.detained {
                let Some(own) = self.services.send_on(message) else {
                    return;
                };
                message = own;
            }
            self.start(chat_id, ctx);
        }
        let Some(resident) = self.residents.get_mut(&chat_id) else {
            return;
        };
        resident.used_at = Instant::now();
        if message.detained {
            resident.let_go(Instant::now());
        }
        if let Some(held) = &mut resident.held {
            if held.commands.len() < HELD {
                held.commands.push(message);
            } else {
                message.command.refuse(&full());
            }
            return;
        }
        match tell(&resident.commands, message) {
            Ok(()) => resident.vitals.deliver(resident.used_at),
            Err(Refused::Full(message)) => {
                message.command.refuse(&full());
            }
            Err(Refused::Closed(message)) => {
                self.start(chat_id, ctx);
                self.deliver(message, ctx);
            }
        }
    }

    fn start(&mut self, chat_id: ChatId, ctx: &mut Context<Self>) {
        self.generation += 1;
        let departure = Departure {
            shard: ctx.address().recipient(),
            chat_id,
            generation: self.generation,
            orderly: false,
        };
        if let Some(remote) = &self.services.remote {
            remote.arrived(chat_id);
        }
        let (services, vitals) = (Arc::clone(&self.services), Rc::new(Vitals::default()));
        let actor = ChatActor::start_here(chat_id, services, departure, Rc::clone(&vitals));
        self.residents.insert(
            chat_id,
            Resident {
                commands: actor.clone().recipient(),
                actor,
                generation: self.generation,
                used_at: Instant::now(),
                vitals,
                held: None,
            },
        );
    }

    fn sweep(&mut self, ctx: &mut Context<Self>) {
        let now = Instant::now();
        let (mut gone, mut staying) = (Vec::new(), Vec::new());
        for (chat_id, resident) in &mut self.residents {
            if !resident.actor.connected() {
                gone.push(*chat_id);
            } else if let Some(held) = &resident.held {
                if !held.commands.is_empty() && now - held.since >= HELD_FOR {
                    staying.push(*chat_id);
                }
            } else if now - resident.used_at >= self.idle_after {
                resident.let_go(now);
            }
        }
        for chat_id in gone {
            self.depart(chat_id, ctx);
        }
        for chat_id in staying {
            self.keep(chat_id, ctx);
        }
    }

    /// An actor does not go, as when its store does not answer: what was held goes to it.
    fn keep(&mut self, chat_id: ChatId, ctx: &mut Context<Self>) {
        let resident = self.residents.get_mut(&chat_id);
        let held = resident.and_then(|resident| resident.held.take());
        tracing::warn!(chat.id = %chat_id, "an idle chat does not go");
        for mut message in held.map(|held| held.commands).unwrap_or_default() {
            message.detained = false;
            self.deliver(message, ctx);
        }
    }

    /// The old actor is gone: what was held goes to its successor.
    fn depart(&mut self, chat_id: ChatId, ctx: &mut Context<Self>) {
        let Some(resident) = self.residents.remove(&chat_id) else {
            return;
        };
        for message in resident.held.map(|held| held.commands).unwrap_or_default() {
            // The chat may be another node's by now.
            if let Some(message) = self.services.send_on(message) {
                self.deliver(message, ctx);
            }
        }
        if let Some(remote) = &self.services.remote
            && !self.residents.contains_key(&chat_id)
        {
            remote.left(chat_id);
        }
    }
}

fn full() -> Failure {
    Failure::unavailable("too much is waiting in this chat, try again")
}

impl Actor for ChatShard {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        ctx.run_interval(SWEEP, Self::sweep);
    }
}

impl Handler<ToChat> for ChatShard {
    type Result = ();

    fn handle(&mut self, message: ToChat, ctx: &mut Self::Context) {
        let chat_id = message.chat_id;
        self.deliver(message, ctx);
        if let Some(remote) = &self.services.remote {
            remote.handled(chat_id);
        }
    }
}

impl Handler<Departed> for ChatShard {
    type Result = ();

    fn handle(&mut self, departed: Departed, ctx: &mut Self::Context) {
        if !departed.orderly {
            // Frames between its last commit and its death may be lost.
            metrics::counter!("troupe_chat_deaths_total").increment(1);
            tracing::error!(chat.id = %departed.chat_id, "chat actor died");
            self.services.fanout.lost_everywhere();
        }
        let current = self.residents.get(&departed.chat_id);
        if current.is_some_and(|resident| resident.generation == departed.generation) {
            self.depart(departed.chat_id, ctx);
        }
    }
}

impl Handler<OwnersChanged> for ChatShard {
    type Result = ();

    fn handle(&mut self, _: OwnersChanged, _: &mut Self::Context) {
        let now = Instant::now();
        for (chat_id, resident) in &mut self.residents {
            if !self.services.owns(*chat_id) {
                resident.let_go(now);
            }
        }
    }
}

impl Handler<CountActive> for ChatShard {
    type Result = Answer<usize>;

    fn handle(&mut self, _: CountActive, _: &mut Self::Context) -> Self::Result {
        Ok(self.residents.len())
    }
}

impl Handler<FindHot> for ChatShard {
    type Result = Answer<Vec<Hot>>;

    fn handle(&mut self, FindHot { by, limit }: FindHot, _: &mut Self::Context) -> Self::Result {
        let all = self.residents.iter();
        let mut hot: Vec<(f64, ChatId)> = all
            .map(|(chat_id, resident)| (resident.vitals.heat(by), *chat_id))
            .collect();
        let hotter = |one: &(f64, ChatId), other: &(f64, ChatId)| other.0.total_cmp(&one.0);
        if hot.len() > limit {
            hot.select_nth_unstable_by(limit, hotter);
            hot.truncate(limit);
        }
        hot.sort_unstable_by(hotter);
        let found = hot.into_iter().filter_map(|(_, chat_id)| {
            let resident = self.residents.get(&chat_id)?;
            let (vitals, used_at) = (&resident.vitals, resident.used_at);
            Some(vitals.hot(chat_id, used_at, &self.services))
        });
        Ok(found.collect())
    }
}

impl Handler<LookAt> for ChatShard {
    type Result = Answer<Option<(ActorSeen, Arc<[UserId]>)>>;

    fn handle(&mut self, LookAt { chat_id }: LookAt, _: &mut Self::Context) -> Self::Result {
        Ok(self.residents.get(&chat_id).map(|resident| {
            let (vitals, used_at) = (&resident.vitals, resident.used_at);
            vitals.seen(resident.held.is_some(), used_at, &self.services)
        }))
    }
}
