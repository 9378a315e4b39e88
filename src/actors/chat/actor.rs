//! ChatActor: one per active chat. It holds the roster, the heads and what waits; it numbers,
//! hands to the writer, and never waits for a socket.
//!
//! Sends gather while a batch is under way and go as the next one; other changes go alone, in the
//! order they came. Receipts and typing pass them by.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, SpawnHandle,
    WrapFuture,
};

use super::change::carry_out;
use super::receipts::{self, Passed, WaitingMarks};
use super::requests::ToChat;
use super::requests::{Acknowledge, ChatCommand};
use super::scope::{Cast, ChatScope, ChatServices};
use super::send::{PendingSend, send_batch};
use super::shard::{Departure, Passivate};
use super::vitals::{Vitals, Waiting};
use crate::error::Failure;
use crate::id::{ChatId, UserId};
use crate::storage::messages::Heads;

/// Sends in one batch of one chat.
const BATCH: usize = 256;
/// What may wait in one chat; beyond it senders are told to try again.
const QUEUE: usize = 2048;
/// Newest messages whose senders are remembered for receipts.
const RECENT: usize = 512;

/// What waits for its turn at the log.
enum Work {
    Send(PendingSend),
    Change(ChatCommand),
}

struct Loaded {
    cast: Arc<Cast>,
    heads: Heads,
    announced: Arc<AtomicU64>,
}

pub struct ChatActor {
    pub(super) chat_id: ChatId,
    pub(super) services: Arc<ChatServices>,
    loaded: Option<Loaded>,
    /// Came before the chat was loaded.
    early: Vec<ChatCommand>,
    queue: VecDeque<Work>,
    /// Something that writes the log, or loads it, is under way.
    busy: bool,
    receipts: WaitingMarks,
    receipts_busy: bool,
    /// Stored and not told yet.
    passed: Vec<Passed>,
    recent: VecDeque<(u64, UserId)>,
    pub(super) typing: HashMap<UserId, SpawnHandle>,
    stopping: bool,
    vitals: Rc<Vitals>,
    /// Tells the shard that this actor is gone, however it went.
    departure: Departure,
}

impl ChatActor {
    /// Starts on this arbiter. The mailbox has its size at once: a chat that was cold gets all that
    /// came for it before it first runs.
    pub fn start_here(
        chat_id: ChatId,
        services: Arc<ChatServices>,
        departure: Departure,
        vitals: Rc<Vitals>,
    ) -> Addr<Self> {
        Self::create(|ctx| {
            ctx.set_mailbox_capacity(QUEUE);
            Self::new(chat_id, services, departure, vitals)
        })
    }

    fn new(
        chat_id: ChatId,
        services: Arc<ChatServices>,
        departure: Departure,
        vitals: Rc<Vitals>,
    ) -> Self {
        Self {
            chat_id,
            services,
            loaded: None,
            early: Vec::new(),
            queue: VecDeque::new(),
            busy: false,
            receipts: WaitingMarks::new(),
            receipts_busy: false,
            passed: Vec::new(),
            recent: VecDeque::new(),
            typing: HashMap::new(),
            stopping: false,
            vitals,
            departure,
        }
    }

    pub(super) fn scope(&self) -> Option<ChatScope> {
        self.loaded.as_ref().map(|loaded| ChatScope {
            chat_id: self.chat_id,
            services: Arc::clone(&self.services),
            cast: Arc::clone(&loaded.cast),
            heads: loaded.heads,
            announced: Arc::clone(&loaded.announced),
        })
    }

    /// Says how it is to whoever looks.
    pub(super) fn note(&self) {
        self.vitals.waiting.set(Waiting {
            queued: self.queue.len() + self.early.len(),
            receipts: self.receipts.len(),
            is_storing: self.receipts_busy,
            typing: self.typing.len(),
        });
        if let Some(loaded) = &self.loaded {
            let vitals = &self.vitals;
            vitals.place(loaded.heads, &loaded.announced, &loaded.cast);
        }
    }

    /// Heads first, then rows: no roster is older than the heads it is used with.
    fn load(&mut self, ctx: &mut Context<Self>) {
        self.busy = true;
        self.vitals.load();
        let (services, chat_id) = (Arc::clone(&self.services), self.chat_id);
        let load = async move {
            let heads = services.stores.messages.heads(chat_id).await?;
            let read_at = services.clock.now();
            let roster = services.stores.chats.find(chat_id).await?;
            let cast = Cast::new(roster.ok_or_else(Failure::not_found)?, read_at);
            Ok::<_, Failure>((heads, cast))
        };
        ctx.spawn(load.into_actor(self).map(|loaded, actor, ctx| {
            actor.busy = false;
            match loaded {
                Ok((heads, cast)) => {
                    actor.loaded = Some(Loaded {
                        cast,
                        heads,
                        announced: Arc::new(AtomicU64::new(heads.seq)),
                    });
                    for command in std::mem::take(&mut actor.early) {
                        actor.take(command, ctx);
                    }
                    actor.advance(ctx);
                    actor.note();
                    // Marks that were gathered while it was loaded again.
                    actor.tell_receipts();
                    actor.flush_receipts(ctx);
                }
                Err(failure) => actor.give_up(&failure, ctx),
            }
        }));
    }

    /// Could not be loaded: everyone who waits is told, and the next command starts afresh.
    fn give_up(&mut self, failure: &Failure, ctx: &mut Context<Self>) {
        for command in std::mem::take(&mut self.early) {
            command.refuse(failure);
        }
        for work in std::mem::take(&mut self.queue) {
            match work {
                Work::Send(send) => send.answer.refuse(failure),
                Work::Change(command) => command.refuse(failure),
            }
        }
        self.departure.orderly = true;
        ctx.stop();
    }

    fn take(&mut self, command: ChatCommand, ctx: &mut Context<Self>) {
        match command {
            ChatCommand::Acknowledge(marks) => self.acknowledge(marks, ctx),
            ChatCommand::Typing(typing) => self.typing(typing, ctx),
            command if self.queue.len() >= QUEUE => {
                let failure = Failure::unavailable("too much is waiting in this chat, try again");
                command.refuse(&failure);
            }
            ChatCommand::Send(send) => {
                self.stop_typing(send.sender, ctx);
                self.queue.push_back(Work::Send(PendingSend {
                    sender: send.sender,
                    client_message_id: send.client_message_id,
                    is_named: send.is_named,
                    draft: send.draft,
                    forwarded: send.forwarded,
                    answer: send.reply,
                }));
            }
            change => self.queue.push_back(Work::Change(change)),
        }
    }

    /// Starts the next piece of work at the log, if none is under way.
    fn advance(&mut self, ctx: &mut Context<Self>) {
        let Some(scope) = self.scope().filter(|_| !self.busy) else {
            return;
        };
        match self.queue.pop_front() {
            Some(Work::Send(first)) => {
                let mut batch = vec![first];
                while batch.len() < BATCH && matches!(self.queue.front(), Some(Work::Send(_))) {
                    if let Some(Work::Send(next)) = self.queue.pop_front() {
                        batch.push(next);
                    }
                }
                self.busy = true;
                self.vitals.begin(batch.len());
                let sent = send_batch(scope, batch).into_actor(self);
                ctx.spawn(sent.map(|done, actor, ctx| {
                    actor.vitals.end(done.written.len());
                    actor.recent.extend(done.written);
                    let excess = actor.recent.len().saturating_sub(RECENT);
                    actor.recent.drain(..excess);
                    actor.finished(done.scope, done.lost, ctx);
                }));
            }
            Some(Work::Change(command)) => {
                self.busy = true;
                self.vitals.begin(1);
                let changed = carry_out(scope, command).into_actor(self);
                ctx.spawn(changed.map(|(scope, lost), actor, ctx| {
                    actor.vitals.end(0);
                    actor.finished(scope, lost, ctx);
                }));
            }
            None => self.stop_when_idle(ctx),
        }
    }

    fn finished(&mut self, scope: ChatScope, lost: bool, ctx: &mut Context<Self>) {
        self.busy = false;
        if lost {
            self.loaded = None;
            self.recent.clear();
            self.load(ctx);
            return;
        }
        self.loaded = Some(Loaded {
            cast: scope.cast,
            heads: scope.heads,
            announced: scope.announced,
        });
        self.advance(ctx);
        self.note();
    }

    fn acknowledge(&mut self, marks: Vec<Acknowledge>, ctx: &mut Context<Self>) {
        let Some(scope) = self.scope() else {
            return;
        };
        let (plain, doubtful) = receipts::sort(&scope, marks);
        for mark in plain {
            receipts::gather(&mut self.receipts, mark);
        }
        self.flush_receipts(ctx);
        if doubtful.is_empty() {
            return;
        }
        let checked = async move { receipts::check(&scope, doubtful).await }.into_actor(self);
        ctx.spawn(checked.map(|good, actor, ctx| {
            for mark in good {
                receipts::gather(&mut actor.receipts, mark);
            }
            actor.flush_receipts(ctx);
        }));
    }

    fn flush_receipts(&mut self, ctx: &mut Context<Self>) {
        let Some(scope) = self.scope() else {
            return;
        };
        if self.receipts_busy || self.receipts.is_empty() {
            return;
        }
        self.receipts_busy = true;
        let waiting = std::mem::take(&mut self.receipts);
        let recent = self.recent.iter().copied().collect();
        let stored = receipts::store(scope, waiting, recent).into_actor(self);
        ctx.spawn(stored.map(|mut stored, actor, ctx| {
            receipts::publish(&actor.services, &stored.passed);
            actor.passed.append(&mut stored.passed);
            actor.tell_receipts();
            if stored.settle(&mut actor.receipts) {
                ctx.run_later(receipts::RETRY, Self::receipts_written);
            } else {
                actor.receipts_written(ctx);
            }
        }));
    }

    fn receipts_written(&mut self, ctx: &mut Context<Self>) {
        self.receipts_busy = false;
        self.flush_receipts(ctx);
        self.note();
        self.stop_when_idle(ctx);
    }

    /// With the roster as it is now, not as it was before the store was asked; a chat that is being
    /// loaded tells when it is.
    fn tell_receipts(&mut self) {
        let Some(scope) = self.scope() else {
            return;
        };
        let passed = std::mem::take(&mut self.passed);
        let outgoing = receipts::announce(&scope, &passed);
        scope.services.fanout.send(outgoing);
    }

    fn stop_when_idle(&mut self, ctx: &mut Context<Self>) {
        let idle = !self.busy
            && !self.receipts_busy
            && self.queue.is_empty()
            && self.early.is_empty()
            && self.receipts.is_empty();
        if self.stopping && idle {
            self.departure.orderly = true;
            ctx.stop();
        }
    }
}

impl Actor for ChatActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.load(ctx);
    }
}

impl Handler<ToChat> for ChatActor {
    type Result = ();

    fn handle(&mut self, message: ToChat, ctx: &mut Self::Context) {
        crate::failpoint::reached("chat.handle");
        // Its shard sends nothing to one that is to go, unless it is to stay after all.
        self.stopping = false;
        self.vitals.take();
        if self.loaded.is_none() {
            if self.early.len() < QUEUE {
                self.early.push(message.command);
            } else {
                let failure = Failure::unavailable("too much is waiting in this chat, try again");
                message.command.refuse(&failure);
            }
            return self.note();
        }
        self.take(message.command, ctx);
        self.advance(ctx);
        self.note();
    }
}

impl Handler<Passivate> for ChatActor {
    type Result = ();

    fn handle(&mut self, _: Passivate, ctx: &mut Self::Context) {
        self.stopping = true;
        self.stop_when_idle(ctx);
    }
}
