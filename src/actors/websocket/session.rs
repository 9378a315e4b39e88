//! SessionActor: one per signed-in user. It owns which sockets he has, gathers his receipts, and
//! says when he comes and goes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Message, Recipient};
use dashmap::DashMap;

use super::Node;
use super::close::CloseReason;
use super::presence;
use crate::actors::chat::requests::{Acknowledge, ChatCommand, MarkAnswer};
use crate::actors::fanout::SocketRef;
use crate::actors::request::{Refused, tell};
use crate::clock::Timestamp;
use crate::domain::receipts::ReceiptKind;
use crate::id::{ChatId, ConnectionId, UserId};

const ORDERS_WAITING: usize = 256;
/// Receipts that are gathered at most, and how long.
const MARKS: usize = 256;
const GATHER: Duration = Duration::from_millis(100);
/// How long someone without a socket still counts as here: a phone that changes networks.
const GRACE: Duration = Duration::from_secs(4);
/// A session that has ended still reads what was sent to it before it was struck off.
const LAST_READ: Duration = Duration::from_secs(1);

/// What connections tell the session of their user.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub enum SessionOrder {
    Open {
        socket: SocketRef,
        closer: Recipient<CloseConnection>,
    },
    Closed(ConnectionId),
    /// Delivered or read up to a seq.
    Mark {
        chat_id: ChatId,
        kind: ReceiptKind,
        mark: Mark,
    },
    /// The node goes: who is being waited for will not come back here.
    Drain,
}

/// A receipt on its way, with whom to tell when it is refused.
#[derive(Debug)]
pub struct Mark {
    pub seq: u64,
    pub reply: MarkAnswer,
}

/// Closes one socket.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct CloseConnection(pub CloseReason);

/// Who has a session on this node. Every order goes through here, so that none is sent to a session
/// that has been struck off.
#[derive(Default)]
pub struct Sessions {
    by_user: DashMap<UserId, Recipient<SessionOrder>, ahash::RandomState>,
}

impl Sessions {
    /// Tells a user's session of a new socket; starts the session here if he has none.
    pub fn open(&self, node: &Arc<Node>, user: UserId, order: SessionOrder) {
        let start = || {
            let session = SessionActor::new(Arc::clone(node), user);
            // Before it first runs it may be sent more than the usual 16.
            let started = SessionActor::create(|ctx| {
                ctx.set_mailbox_capacity(ORDERS_WAITING);
                session
            });
            started.recipient()
        };
        let mut entry = self.by_user.entry(user).or_insert_with(start);
        if !entry.connected() {
            *entry = start();
        }
        deliver(&entry, order);
    }

    /// Tells a user's session something; gives it back when it is not there (any more).
    pub fn tell(&self, user: UserId, order: SessionOrder) -> Result<(), SessionOrder> {
        match self.by_user.get(&user) {
            Some(session) if session.connected() => {
                deliver(&session, order);
                Ok(())
            }
            _ => Err(order),
        }
    }

    /// Tells every session that the node goes.
    pub fn drain(&self) {
        for session in &self.by_user {
            deliver(&session, SessionOrder::Drain);
        }
    }

    pub fn count(&self) -> usize {
        self.by_user.len()
    }
}

/// Waits for room in the mailbox if need be: a session must not miss an order.
fn deliver(session: &Recipient<SessionOrder>, order: SessionOrder) {
    if let Err(Refused::Full(order)) = tell(session, order) {
        let session = session.clone();
        actix::spawn(async move {
            let _ = session.send(order).await;
        });
    }
}

struct Socket {
    place: SocketRef,
    closer: Recipient<CloseConnection>,
}

pub struct SessionActor {
    node: Arc<Node>,
    user: UserId,
    /// Oldest first.
    sockets: Vec<Socket>,
    marks: BTreeMap<ChatId, Vec<Acknowledge>>,
    marks_waiting: usize,
    /// Which coming and going the latest timer belongs to.
    turn: u32,
    /// When the last socket ended, while that one or another is waited for.
    left_at: Option<Timestamp>,
    /// No longer in the directory.
    struck_off: bool,
}

impl SessionActor {
    fn new(node: Arc<Node>, user: UserId) -> Self {
        Self {
            node,
            user,
            sockets: Vec::new(),
            marks: BTreeMap::new(),
            marks_waiting: 0,
            turn: 0,
            left_at: None,
            struck_off: false,
        }
    }

    fn open(&mut self, socket: Socket) {
        self.turn = self.turn.wrapping_add(1);
        self.left_at = None;
        self.sockets
            .retain(|other| other.place.connection != socket.place.connection);
        self.sockets.push(socket);
        while self.sockets.len() > self.node.settings.sockets_per_user {
            let oldest = self.sockets.remove(0);
            // A closer that does not answer belongs to a socket that has gone.
            let _ = tell(
                &oldest.closer,
                CloseConnection(CloseReason::TooManyConnections),
            );
        }
        presence::come(&self.node, self.user);
    }

    fn closed(&mut self, connection: ConnectionId, ctx: &mut Context<Self>) {
        self.sockets
            .retain(|socket| socket.place.connection != connection);
        if !self.sockets.is_empty() {
            return;
        }
        self.flush();
        self.turn = self.turn.wrapping_add(1);
        let turn = self.turn;
        self.left_at = Some(self.node.clock.now());
        if self.node.is_draining() {
            return self.go(ctx);
        }
        ctx.run_later(GRACE, move |session, ctx| {
            if session.turn == turn {
                session.go(ctx);
            }
        });
    }

    /// Says that its user is gone, if nothing but a successor of his last socket was waited for.
    fn go(&mut self, ctx: &mut Context<Self>) {
        if let Some(left_at) = self.left_at.take() {
            presence::go(&self.node, self.user, left_at);
            self.strike_off(ctx);
        }
    }

    /// Leaves the directory, then stops once its mailbox has been read.
    fn strike_off(&mut self, ctx: &mut Context<Self>) {
        let own = ctx.address().recipient();
        let removed = self
            .node
            .sessions
            .by_user
            .remove_if(&self.user, |_, session| *session == own);
        self.struck_off = removed.is_some();
        let turn = self.turn;
        ctx.run_later(LAST_READ, move |session, ctx| {
            if session.turn == turn {
                ctx.stop();
            }
        });
    }

    /// An order that was on its way when the session was struck off: back into the directory, or
    /// on to whoever has taken its place, which is then answered.
    fn successor(&mut self, ctx: &Context<Self>) -> Option<Recipient<SessionOrder>> {
        if !self.struck_off {
            return None;
        }
        let own: Recipient<SessionOrder> = ctx.address().recipient();
        let entry = self.node.sessions.by_user.entry(self.user);
        let holder = entry.or_insert_with(|| own.clone()).clone();
        if holder == own {
            self.struck_off = false;
            self.turn = self.turn.wrapping_add(1);
            return None;
        }
        Some(holder)
    }

    /// Gathers without judging: what lies beyond the head only the chat's owner knows.
    fn mark(&mut self, chat_id: ChatId, kind: ReceiptKind, mark: Mark, ctx: &mut Context<Self>) {
        if self.marks.is_empty() {
            ctx.run_later(GATHER, |session, _| session.flush());
        }
        self.marks.entry(chat_id).or_default().push(Acknowledge {
            user: self.user,
            kind,
            up_to_seq: mark.seq,
            from: mark.reply.connection(),
            reply: mark.reply,
        });
        self.marks_waiting += 1;
        if self.marks_waiting >= MARKS {
            self.flush();
        }
    }

    /// Hands gathered receipts to the chats' owners.
    fn flush(&mut self) {
        self.marks_waiting = 0;
        for (chat_id, marks) in std::mem::take(&mut self.marks) {
            let command = ChatCommand::Acknowledge(marks);
            self.node.door.tell(chat_id, command);
        }
    }
}

impl Actor for SessionActor {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        metrics::gauge!("troupe_sessions").increment(1.0);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        metrics::gauge!("troupe_sessions").decrement(1.0);
    }
}

impl Handler<SessionOrder> for SessionActor {
    type Result = ();

    fn handle(&mut self, order: SessionOrder, ctx: &mut Self::Context) {
        crate::failpoint::reached("session.handle");
        if self.struck_off && matches!(order, SessionOrder::Drain) {
            return;
        }
        if let Some(successor) = self.successor(ctx) {
            return deliver(&successor, order);
        }
        match order {
            SessionOrder::Open { socket, closer } => self.open(Socket {
                place: socket,
                closer,
            }),
            SessionOrder::Closed(connection) => self.closed(connection, ctx),
            SessionOrder::Mark {
                chat_id,
                kind,
                mark,
            } => self.mark(chat_id, kind, mark, ctx),
            SessionOrder::Drain => self.go(ctx),
        }
    }
}
