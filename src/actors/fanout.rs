//! From a chat to the sockets of its members: one message per arbiter, however many sockets it holds.
//!
//! Every arbiter that holds sessions is a lane. A frame is encoded once, WebSocket header included,
//! and shared by all; acks travel the same lane, so everything of one chat leaves in rev order.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering as Memory};
use std::sync::{Arc, OnceLock};

use actix::{Message, Recipient};
use dashmap::DashMap;
use parking_lot::{Mutex, MutexGuard, RwLock};
use tokio::time::Instant;

use super::announcer::{Announcer, HeardBy, PresenceChanged};
use super::elsewhere::Elsewhere;
use super::request::tell;
use super::told::{Status, Told};
use crate::id::{ConnectionId, NodeId, UserId};
use crate::trace::TraceContext;
use crate::wire::frame::Frame;

/// Most arbiters that may serve sockets: each is a bit of a user's places.
pub const LANES: usize = 64;

/// One arbiter's index among the lanes.
pub type Lane = u16;

/// Which socket a frame came in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SocketRef {
    pub node: NodeId,
    pub lane: Lane,
    pub connection: ConnectionId,
    /// What the socket's node calls the command that is to be answered, when another node does it;
    /// else 0.
    pub call: u64,
}

/// One frame for everyone in `to` who has a session.
#[derive(Clone, Debug)]
pub struct FanOut {
    pub frame: Frame,
    pub to: Arc<[UserId]>,
    /// The connection that caused it and gets an `ack` instead.
    pub except: Option<ConnectionId>,
    /// What it says, if it says how far someone has got.
    pub status: Option<Status>,
}

#[derive(Clone, Debug)]
pub enum Delivery {
    FanOut(FanOut),
    /// An answer to one socket.
    Answer {
        connection: ConnectionId,
        frame: Frame,
        /// That a message was sent.
        is_ack: bool,
    },
}

impl Delivery {
    /// Makes it part of a trace.
    pub fn trace(&mut self, trace: Option<TraceContext>) {
        let (Self::FanOut(FanOut { frame, .. }) | Self::Answer { frame, .. }) = self;
        frame.trace = trace.map(Arc::new);
    }
}

/// What a lane gets; handled in order.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Deliver {
    pub deliveries: Vec<Delivery>,
    /// Only for connections that were there by then, if it says so: a later one has asked what it missed.
    pub opened_by: Option<Instant>,
}

struct LaneDoor {
    recipient: Recipient<Deliver>,
    overflowed: Arc<AtomicBool>,
}

/// The lanes of this node and who has sessions on which. Cheap to clone.
#[derive(Clone)]
pub struct Fanout {
    inner: Arc<Inner>,
}

impl Default for Fanout {
    fn default() -> Self {
        Self::new(NodeId::new())
    }
}

struct Inner {
    me: NodeId,
    elsewhere: OnceLock<Arc<dyn Elsewhere>>,
    announcer: Announcer,
    lanes: RwLock<Vec<LaneDoor>>,
    /// Bit n: the user has a connection on lane n.
    places: DashMap<UserId, u64, ahash::RandomState>,
    /// Held while statuses are handed to lanes.
    told: Mutex<Told>,
    /// Bit n: what was handed to lane n may not have reached its sockets.
    doubted: AtomicU64,
}

impl std::fmt::Debug for Fanout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fanout")
            .field("lanes", &self.inner.lanes.read().len())
            .field("online", &self.count_here())
            .finish()
    }
}

impl Fanout {
    /// `me`: this node.
    pub fn new(me: NodeId) -> Self {
        Self {
            inner: Arc::new(Inner {
                me,
                elsewhere: OnceLock::new(),
                announcer: Announcer::default(),
                lanes: RwLock::default(),
                places: DashMap::default(),
                told: Mutex::default(),
                doubted: AtomicU64::new(0),
            }),
        }
    }

    pub fn me(&self) -> NodeId {
        self.inner.me
    }

    /// From here on other nodes are reached too.
    pub fn reach_elsewhere(&self, elsewhere: Arc<dyn Elsewhere>) {
        for user in self.users_here() {
            elsewhere.moved(user, true);
        }
        let _ = self.inner.elsewhere.set(elsewhere);
    }

    /// Someone is about to have a socket here: waits until other nodes know, so that what is sent
    /// from then on comes here too.
    pub async fn expect(&self, user: UserId) {
        if let Some(elsewhere) = self.inner.elsewhere.get()
            && !self.is_here(user)
        {
            elsewhere.expect(user).await;
        }
    }

    /// Tells other nodes that someone's presence changed.
    pub fn presence_changed(&self, changed: PresenceChanged) {
        if let Some(elsewhere) = self.inner.elsewhere.get() {
            elsewhere.presence_changed(changed);
        }
    }

    /// Tells whoever watches someone, here and elsewhere, what he may see of him now.
    pub fn sight_changed(&self, user: UserId, heard_by: HeardBy) {
        let changed = PresenceChanged { user, heard_by };
        self.inner.announcer.announce(changed);
        self.presence_changed(changed);
    }

    pub fn announcer(&self) -> &Announcer {
        &self.inner.announcer
    }

    /// Whether other nodes cannot be reached now, so that nothing comes from them.
    pub fn is_cut_off(&self) -> bool {
        let elsewhere = self.inner.elsewhere.get();
        elsewhere.is_some_and(|elsewhere| elsewhere.is_cut_off())
    }

    /// Adds an arbiter. The flag is raised when its mailbox overflowed and something was lost: its
    /// sessions must then be told their heads at once.
    pub fn register(&self, recipient: Recipient<Deliver>) -> (Lane, Arc<AtomicBool>) {
        let overflowed = Arc::new(AtomicBool::new(false));
        let mut lanes = self.inner.lanes.write();
        let lane = Lane::try_from(lanes.len()).unwrap_or(Lane::MAX);
        lanes.push(LaneDoor {
            recipient,
            overflowed: Arc::clone(&overflowed),
        });
        (lane, overflowed)
    }

    /// Says that a user now has a connection on a lane, or has none there any more.
    pub fn place(&self, user: UserId, lane: Lane, present: bool) {
        let bit = 1u64 << (lane % 64);
        let mut moved = None;
        match self.inner.places.entry(user) {
            dashmap::Entry::Occupied(mut entry) if present => *entry.get_mut() |= bit,
            dashmap::Entry::Occupied(mut entry) => {
                *entry.get_mut() &= !bit;
                if *entry.get() == 0 {
                    entry.remove();
                    moved = Some(false);
                }
            }
            dashmap::Entry::Vacant(entry) if present => {
                entry.insert(bit);
                moved = Some(true);
            }
            dashmap::Entry::Vacant(_) => {}
        }
        if let (Some(present), Some(elsewhere)) = (moved, self.inner.elsewhere.get()) {
            elsewhere.moved(user, present);
        }
    }

    /// Whether the user has any connection, on this node or another.
    pub fn is_online(&self, user: UserId) -> bool {
        let elsewhere = self.inner.elsewhere.get();
        self.is_here(user) || elsewhere.is_some_and(|elsewhere| elsewhere.is_elsewhere(user))
    }

    /// Whether the user may have a connection somewhere: where it is not known of every node who is
    /// there, anyone may.
    pub fn may_be_online(&self, user: UserId) -> bool {
        let elsewhere = self.inner.elsewhere.get();
        self.is_online(user) || elsewhere.is_some_and(|elsewhere| !elsewhere.knows_everyone())
    }

    /// Whether the user has any connection on this node.
    pub fn is_here(&self, user: UserId) -> bool {
        self.inner.places.contains_key(&user)
    }

    /// Everyone with at least one connection on this node.
    pub fn users_here(&self) -> Vec<UserId> {
        self.inner.places.iter().map(|place| *place.key()).collect()
    }

    /// Users with at least one connection on this node.
    pub fn count_here(&self) -> usize {
        self.inner.places.len()
    }

    /// Sends frames to whoever they are for, in order, on whatever node.
    pub fn send(&self, deliveries: Vec<(Option<SocketRef>, Delivery)>) {
        if let Some(elsewhere) = self.inner.elsewhere.get() {
            elsewhere.deliver(&deliveries);
        }
        self.deliver_here(deliveries);
    }

    /// Sends frames to those of their receivers who are on this node, in order.
    pub fn deliver_here(&self, mut deliveries: Vec<(Option<SocketRef>, Delivery)>) {
        let _in_order = self.leave_news(&mut deliveries, 0);
        self.hand(deliveries, None);
    }

    /// Tells again, to those who were on this node when these statuses were read, what they were not told
    /// of them; on doubted lanes, what they may not have been told.
    pub fn repeat(&self, statuses: Vec<FanOut>, read_at: Instant, doubted: u64) {
        let mut deliveries = (statuses.into_iter())
            .map(|status| (None, Delivery::FanOut(status)))
            .collect();
        let _in_order = self.leave_news(&mut deliveries, doubted);
        metrics::counter!("troupe_statuses_repeated_total").increment(deliveries.len() as u64);
        self.hand(deliveries, Some(read_at));
    }

    /// What was handed to these lanes, a bit each, may be lost.
    pub fn doubt(&self, lanes: u64) {
        self.inner.doubted.fetch_or(lanes, Memory::AcqRel);
    }

    /// Of which lanes that was said since this was asked last.
    pub fn take_doubt(&self) -> u64 {
        self.inner.doubted.swap(0, Memory::AcqRel)
    }

    fn hand(&self, deliveries: Vec<(Option<SocketRef>, Delivery)>, opened_by: Option<Instant>) {
        let lanes = self.inner.lanes.read();
        let everywhere = u64::MAX >> (64 - lanes.len().clamp(1, 64));
        let waiting = deliveries.len();
        let mut per_lane: Vec<Vec<Delivery>> = Vec::with_capacity(lanes.len());
        per_lane.resize_with(lanes.len(), || Vec::with_capacity(waiting));
        for (socket, delivery) in deliveries {
            let bits = match (&socket, &delivery) {
                (Some(socket), _) if socket.node == self.inner.me => 1u64 << (socket.lane % 64),
                (Some(_), _) => 0,
                (None, Delivery::FanOut(fan_out)) => self.lanes_of(&fan_out.to, everywhere),
                (None, Delivery::Answer { .. }) => 0,
            };
            let mut chosen = (per_lane.iter_mut().enumerate())
                .filter(|(lane, _)| bits & (1u64 << (lane % 64)) != 0);
            let Some((_, first)) = chosen.next() else {
                continue;
            };
            for (_, queue) in chosen {
                queue.push(delivery.clone());
            }
            first.push(delivery);
        }
        for (lane, (door, deliveries)) in lanes.iter().zip(per_lane).enumerate() {
            if deliveries.is_empty() {
                continue;
            }
            let deliver = Deliver {
                deliveries,
                opened_by,
            };
            if tell(&door.recipient, deliver).is_err() {
                self.doubt(1u64 << (lane % 64));
                door.overflowed.store(true, Memory::Release);
                metrics::counter!("troupe_lane_overflow_total").increment(1);
            }
        }
    }

    /// Leaves of statuses only what says more to who is here than he was told before, or as much on a
    /// doubted lane; while the answer is held none is told by another thread.
    fn leave_news(
        &self,
        deliveries: &mut Vec<(Option<SocketRef>, Delivery)>,
        doubted: u64,
    ) -> Option<MutexGuard<'_, Told>> {
        let is_status = |delivery: &Delivery| match delivery {
            Delivery::FanOut(fan_out) => fan_out.status.is_some(),
            Delivery::Answer { .. } => false,
        };
        deliveries
            .iter()
            .find(|(_, delivery)| is_status(delivery))?;
        let mut told = self.inner.told.lock();
        let now = Instant::now();
        deliveries.retain_mut(|(_, delivery)| {
            let Delivery::FanOut(fan_out) = delivery else {
                return true;
            };
            let Some(status) = fan_out.status else {
                return true;
            };
            let is_news = |to: &UserId| {
                let lanes = self.lanes_of(&[*to], u64::MAX);
                lanes != 0
                    && match told.take(&status, *to, now) {
                        Ordering::Greater => true,
                        Ordering::Equal => lanes & doubted != 0,
                        Ordering::Less => false,
                    }
            };
            fan_out.to = fan_out.to.iter().copied().filter(is_news).collect();
            !fan_out.to.is_empty()
        });
        Some(told)
    }

    /// The lanes on which anyone of these is; looks no further once that is all of them.
    fn lanes_of(&self, users: &[UserId], everywhere: u64) -> u64 {
        let mut bits = 0;
        for user in users {
            bits |= self.inner.places.get(user).map_or(0, |bits| *bits);
            if bits == everywhere {
                break;
            }
        }
        bits
    }

    /// Frames may have been lost on every node: those who hold a receiver are to look at their heads.
    pub fn lost_everywhere(&self) {
        if let Some(elsewhere) = self.inner.elsewhere.get() {
            elsewhere.lost();
        }
        self.lost();
    }

    /// Frames may have been lost before they reached a lane: every lane is to look at its heads.
    pub fn lost(&self) {
        for door in self.inner.lanes.read().iter() {
            door.overflowed.store(true, Memory::Release);
        }
    }

    /// One frame to some users.
    pub fn fan_out(&self, fan_out: FanOut) {
        self.send(vec![(None, Delivery::FanOut(fan_out))]);
    }

    /// One frame to one socket.
    pub fn answer(&self, socket: SocketRef, frame: Frame) {
        let delivery = Delivery::Answer {
            connection: socket.connection,
            frame,
            is_ack: false,
        };
        self.send(vec![(Some(socket), delivery)]);
    }
}
