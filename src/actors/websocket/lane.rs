//! The sockets of one arbiter: deliveries in, frames into their queues; one clock for all of them.

use std::cell::{Cell, RefCell};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message};
use ahash::{AHashMap, AHashSet};
use tokio::time::Instant;
use tracing::Span;

use super::Node;
use super::close::CloseReason;
use super::heads::HeadsRound;
use super::link::{Beat, Link};
use super::wheel::Wheel;
use crate::actors::auth::requests::SessionsRevoked;
use crate::actors::fanout::{Deliver, Delivery, FanOut, Lane, SocketRef};
use crate::actors::inspection::requests::{InspectSockets, SocketSeen};
use crate::actors::request::Answer;
use crate::fault;
use crate::id::{ConnectionId, UserId};
use crate::trace;
use crate::wire::frame::{Frame, FrameClass};
use crate::wire::socket::SocketEvent;

/// Deliveries that may wait for an arbiter; beyond it they are lost and heads are said at once.
const DELIVERIES_WAITING: usize = 16 * 1024;
const TICK: Duration = Duration::from_secs(1);
/// How long a peer may take nothing of what waits before it counts as too slow.
const STALL: Duration = Duration::from_secs(15);

/// The sockets of one arbiter. Shared by its lane actor and its connections, on that arbiter.
pub struct Room {
    pub node: Arc<Node>,
    pub lane: Lane,
    /// Raised from outside: frames were lost on the way here.
    overflowed: Arc<AtomicBool>,
    /// Frames were lost: the whole round with which heads are said at once. One that had begun
    /// before may not know of them.
    owed: Cell<Option<u64>>,
    sockets: RefCell<Sockets>,
}

#[derive(Default)]
struct Sockets {
    by_id: AHashMap<ConnectionId, Rc<Link>>,
    by_user: AHashMap<UserId, Local>,
    wheel: Wheel,
}

/// A user's sockets here, and the rev of his own log as last read.
#[derive(Default)]
struct Local {
    links: Vec<Rc<Link>>,
    me: u64,
}

impl Room {
    /// Takes a socket in: from here on it gets what its user is sent.
    pub fn join(&self, link: &Rc<Link>) {
        if self.node.is_draining() {
            // Admitted a moment ago, too late to hear what the others were told.
            link.push(goaway());
            return link.close(CloseReason::GoingAway);
        }
        if self.node.revocations.is_revoked(link.session) {
            return link.close(CloseReason::SessionGone);
        }
        let first_wait = match link.beat(self.node.clock.now()) {
            Beat::Gone => return,
            Beat::Wait(wait) | Beat::Pinged(wait) => wait,
        };
        let mut sockets = self.sockets.borrow_mut();
        sockets.by_id.insert(link.id, Rc::clone(link));
        let local = sockets.by_user.entry(link.user).or_default();
        local.links.push(Rc::clone(link));
        if local.links.len() == 1 {
            self.node.fanout.place(link.user, self.lane, true);
        }
        sockets.wheel.schedule(link.id, seconds(first_wait));
        self.node.open.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!("troupe_sockets").increment(1.0);
    }

    /// Lets a socket go.
    pub fn leave(&self, link: &Link) {
        let mut sockets = self.sockets.borrow_mut();
        if sockets.by_id.remove(&link.id).is_none() {
            return;
        }
        self.node.open.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!("troupe_sockets").decrement(1.0);
        if let Some(local) = sockets.by_user.get_mut(&link.user) {
            local.links.retain(|other| other.id != link.id);
            if local.links.is_empty() {
                sockets.by_user.remove(&link.user);
                self.node.fanout.place(link.user, self.lane, false);
            }
        }
    }

    pub fn socket(&self, link: &Link) -> SocketRef {
        SocketRef {
            node: self.node.fanout.me(),
            lane: self.lane,
            connection: link.id,
            call: 0,
        }
    }

    /// Remembers the rev of a user's own log.
    pub fn set_me(&self, user: UserId, rev: u64) {
        if let Some(local) = self.sockets.borrow_mut().by_user.get_mut(&user) {
            local.me = local.me.max(rev);
        }
    }

    fn deliver(&self, deliver: Deliver) {
        let sockets = self.sockets.borrow();
        for delivery in deliver.deliveries {
            let _span = self.traced(&delivery);
            match delivery {
                Delivery::FanOut(fan_out) => sockets.fan_out(&fan_out, deliver.opened_by),
                Delivery::Answer {
                    connection,
                    frame,
                    is_ack,
                } => {
                    if let Some(link) = sockets.by_id.get(&connection) {
                        if frame.class == FrameClass::Message {
                            link.answered();
                        }
                        if !is_ack || !fault::loses_ack(link.user) {
                            link.push(frame);
                        }
                    }
                }
            }
        }
    }

    /// Only of what is traced.
    fn traced(&self, delivery: &Delivery) -> Span {
        let (Delivery::FanOut(FanOut { frame, .. }) | Delivery::Answer { frame, .. }) = delivery;
        trace::child(frame.trace.as_deref().copied(), || {
            let is_ack = matches!(delivery, Delivery::Answer { .. });
            let node = self.node.fanout.me();
            tracing::debug_span!(parent: None, "session.deliver", is_ack, lane = self.lane, node.id = %node)
        })
    }

    fn tick(&self) {
        let now = self.node.clock.now();
        let mut sockets = self.sockets.borrow_mut();
        for id in sockets.wheel.turn() {
            let Some(link) = sockets.by_id.get(&id).map(Rc::clone) else {
                continue;
            };
            let wait = match link.beat(now) {
                Beat::Gone => continue,
                Beat::Wait(wait) => wait,
                Beat::Pinged(wait) => {
                    sockets.say_heads(&link);
                    wait
                }
            };
            sockets.wheel.schedule(id, seconds(wait));
        }
        if fault::cuts_any() {
            for link in sockets.by_id.values() {
                if fault::cuts(link.user) {
                    link.cut();
                }
            }
        }
        for link in sockets.by_id.values() {
            link.let_speak();
            if link.stalled() >= STALL {
                link.close(CloseReason::TooSlow);
            }
        }
    }

    /// Notes what changed; says it at once when frames were lost on the way here.
    fn take_round(&self, round: &HeadsRound) {
        let mut sockets = self.sockets.borrow_mut();
        let due = self
            .owed
            .get()
            .is_some_and(|owed| round.whole >= Some(owed));
        for (user, local) in &mut sockets.by_user {
            if let Some(rev) = round.me.get(user) {
                local.me = local.me.max(*rev);
            }
            let changed = round.chats.get(user).map(Vec::as_slice).unwrap_or_default();
            for (chat_id, head) in changed {
                for link in &local.links {
                    link.note(*chat_id, *head);
                }
            }
        }
        if due {
            self.owed.set(None);
            let links: Vec<_> = sockets.by_id.values().map(Rc::clone).collect();
            for link in links {
                sockets.say_heads(&link);
            }
        }
    }

    /// How the sockets of a user are that are here.
    fn look_at(&self, user: UserId) -> Vec<SocketSeen> {
        let (sockets, now) = (self.sockets.borrow(), self.node.clock.now());
        let local = sockets.by_user.get(&user);
        let seen = |local: &Local| {
            let links = local.links.iter();
            links
                .map(|link| link.look_at(now, &self.socket(link), local.me))
                .collect()
        };
        local.map(seen).unwrap_or_default()
    }

    fn every(&self, mut act: impl FnMut(&Rc<Link>)) {
        for link in self.sockets.borrow().by_id.values() {
            act(link);
        }
    }

    /// Asks for heads until those came that know of everything that was lost.
    fn chase_heads(&self) {
        if self.overflowed.swap(false, Ordering::AcqRel) {
            self.owed.set(Some(self.node.whole_rounds() + 1));
        }
        if self.owed.get().is_some() {
            self.node.ask_round();
        }
    }
}

impl Sockets {
    fn fan_out(&self, fan_out: &FanOut, opened_by: Option<Instant>) {
        for user in fan_out.to.iter() {
            let Some(local) = self.by_user.get(user) else {
                continue;
            };
            for link in &local.links {
                let is_meant = opened_by.is_none_or(|by| link.born <= by);
                if is_meant && fan_out.except != Some(link.id) {
                    link.push(fan_out.frame.clone());
                }
            }
        }
    }

    fn say_heads(&self, link: &Rc<Link>) {
        let me = self.by_user.get(&link.user).map_or(0, |local| local.me);
        let chats = link.take_changed();
        link.push(SocketEvent::Heads { chats: &chats, me }.frame());
    }
}

fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// What the node asks of every lane.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub enum LaneOrder {
    Heads(Arc<HeadsRound>),
    /// To every socket, each with another time to come back.
    GoAway,
    CloseAll(CloseReason),
}

/// One per arbiter that serves sockets; its mailbox is what `Fanout` calls a lane.
pub struct LaneActor {
    room: Rc<Room>,
}

impl LaneActor {
    /// Starts a lane on this arbiter.
    pub fn start_here(node: &Arc<Node>) -> Rc<Room> {
        let mut ctx = Context::new();
        ctx.set_mailbox_capacity(DELIVERIES_WAITING);
        let address: Addr<Self> = ctx.address();
        let (lane, overflowed) = node.fanout.register(address.clone().recipient());
        node.lanes.write().push(address.clone().recipient());
        node.lookouts.write().push(address.clone().recipient());
        node.revocations.subscribe(address.recipient());
        let room = Rc::new(Room {
            node: Arc::clone(node),
            lane,
            overflowed,
            owed: Cell::new(None),
            sockets: RefCell::default(),
        });
        ctx.run(Self {
            room: Rc::clone(&room),
        });
        room
    }
}

impl LaneActor {
    /// A panic is one delivery's, not the end of every socket here: frames may be lost with it, so
    /// heads are said at once.
    fn guarded(&self, act: impl FnOnce(&Room)) {
        let done = std::panic::catch_unwind(AssertUnwindSafe(|| act(&self.room)));
        if done.is_err() {
            tracing::error!(lane = self.room.lane, "a delivery panicked");
            self.room.node.fanout.doubt(1u64 << (self.room.lane % 64));
            self.room.overflowed.store(true, Ordering::Release);
        }
    }
}

pub fn goaway() -> Frame {
    let reconnect_after_ms = rand::random_range(500..5000);
    SocketEvent::GoAway { reconnect_after_ms }.frame()
}

impl Actor for LaneActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(TICK, |lane, _| {
            lane.guarded(Room::tick);
            lane.room.chase_heads();
        });
    }
}

impl Handler<Deliver> for LaneActor {
    type Result = ();

    fn handle(&mut self, deliver: Deliver, _: &mut Self::Context) {
        self.guarded(|room| room.deliver(deliver));
    }
}

impl Handler<LaneOrder> for LaneActor {
    type Result = ();

    fn handle(&mut self, order: LaneOrder, _: &mut Self::Context) {
        self.guarded(|room| match order {
            LaneOrder::Heads(round) => room.take_round(&round),
            LaneOrder::GoAway => room.every(|link| link.push(goaway())),
            LaneOrder::CloseAll(reason) => room.every(|link| link.close(reason)),
        });
    }
}

impl Handler<InspectSockets> for LaneActor {
    type Result = Answer<Vec<SocketSeen>>;

    fn handle(&mut self, asked: InspectSockets, _: &mut Self::Context) -> Self::Result {
        Ok(self.room.look_at(asked.user))
    }
}

impl Handler<SessionsRevoked> for LaneActor {
    type Result = ();

    fn handle(&mut self, SessionsRevoked { sessions }: SessionsRevoked, _: &mut Self::Context) {
        let revoked: AHashSet<_> = sessions.iter().collect();
        self.guarded(|room| {
            room.every(|link| {
                if revoked.contains(&link.session) {
                    link.close(CloseReason::SessionGone);
                }
            })
        });
    }
}
