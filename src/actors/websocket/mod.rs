//! Sockets: a lane per HTTP worker, a session per signed-in user, a connection per WebSocket.
//!
//! `http/ws.rs` admits, [`connection`] speaks, [`lane`] delivers, [`session`] keeps what a user's
//! sockets have in common, [`heads`] and `missed` find what was lost.

pub mod close;
pub mod connection;
pub mod fields;
pub mod frame;
pub mod heads;
pub mod inbound;
pub mod lane;
pub mod link;
mod missed;
pub mod presence;
pub mod queue;
pub mod session;
mod speech;
mod sync;
pub mod tail;
pub mod transport;
mod unanswered;
pub mod wheel;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use actix::{Actor, Recipient};
use futures_util::future::join_all;
use parking_lot::RwLock;

use self::close::CloseReason;
use self::heads::{HeadsActor, RoundDue};
use self::lane::{LaneActor, LaneOrder, Room};
use self::presence::{PresenceActor, Watches};
use self::session::Sessions;
use self::tail::Tail;
use super::auth::requests::{Revocations, ValidateToken};
use super::fanout::Fanout;
use super::inspection::requests::{InspectSockets, SocketSeen};
use super::keeper::Keeper;
use super::message::requests::SyncChats;
use super::placement::ChatDoor;
use super::request::{Answer, Way, ask, tell};
use super::user::requests::{FindPresence, GetPresence};
use crate::clock::Clock;
use crate::domain::chat::GROUP_MEMBERS;
use crate::domain::flood::FrameRate;
use crate::domain::message::TEXT_CHARS;
use crate::id::UserId;
use crate::storage::presence::PresenceStore;
use crate::wire::socket::{LimitsView, MediaBytesView};

/// What an operator may set about sockets.
#[derive(Clone, Debug)]
pub struct SocketSettings {
    /// More than these: the oldest is closed with 4409.
    pub sockets_per_user: usize,
    /// What may wait for one peer before it counts as too slow.
    pub queue_bytes: usize,
    pub frames_per_second: u16,
    /// No budget of frames; for load tests.
    pub unlimited: bool,
    /// Said in `hello`.
    pub media_bytes: MediaBytesView,
}

impl Default for SocketSettings {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            sockets_per_user: 10,
            queue_bytes: 1024 * 1024,
            frames_per_second: 50,
            unlimited: false,
            media_bytes: MediaBytesView {
                image: 16 * MIB,
                video: 64 * MIB,
                audio: 64 * MIB,
                document: 100 * MIB,
            },
        }
    }
}

/// What sockets need of the rest of the node; `tail` is its `Stores`.
pub struct SocketNeeds {
    pub settings: SocketSettings,
    pub clock: Clock,
    pub tail: Arc<dyn Tail>,
    pub presence: Arc<dyn PresenceStore>,
    pub fanout: Fanout,
    pub door: ChatDoor,
    pub revocations: Revocations,
    pub validate_token: Way<ValidateToken>,
    pub get_presence: Way<GetPresence>,
    pub find_presence: Way<FindPresence>,
    pub sync_chats: Way<SyncChats>,
}

/// What all sockets of a node share.
pub struct Node {
    pub settings: SocketSettings,
    pub clock: Clock,
    pub tail: Arc<dyn Tail>,
    pub presence: Arc<dyn PresenceStore>,
    pub fanout: Fanout,
    pub door: ChatDoor,
    pub revocations: Revocations,
    pub validate_token: Way<ValidateToken>,
    pub get_presence: Way<GetPresence>,
    pub find_presence: Way<FindPresence>,
    pub sync_chats: Way<SyncChats>,
    pub sessions: Sessions,
    pub watches: Watches,
    limits: LimitsView,
    rate: FrameRate,
    /// Comings and goings that are being kept.
    moving: AtomicUsize,
    draining: AtomicBool,
    /// Sockets on this node.
    open: AtomicUsize,
    lanes: RwLock<Vec<Recipient<LaneOrder>>>,
    /// The same lanes, to be asked how sockets are.
    lookouts: RwLock<Vec<Recipient<InspectSockets>>>,
    /// Rounds of heads begun that told everything again.
    whole_rounds: AtomicU64,
    heads: RwLock<Option<Recipient<RoundDue>>>,
}

impl Node {
    /// Has heads read and told now.
    pub fn ask_round(&self) {
        if let Some(heads) = self.heads.read().as_ref() {
            // Refused means that a reading is asked for already and has not begun.
            let _ = tell(heads, RoundDue);
        }
    }

    fn whole_rounds(&self) -> u64 {
        self.whole_rounds.load(Ordering::Acquire)
    }

    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Nobody is here, and when each was last seen is kept.
    fn is_empty(&self) -> bool {
        self.fanout.count_here() == 0
            && self.sessions.count() == 0
            && self.moving.load(Ordering::Acquire) == 0
    }

    fn order(&self, order: &LaneOrder) {
        for lane in self.lanes.read().iter() {
            if tell(lane, order.clone()).is_err() {
                tracing::warn!("a lane did not take an order");
            }
        }
    }
}

/// The sockets of a node. Cheap to clone; `app.rs` holds it.
#[derive(Clone)]
pub struct Websocket(Arc<Node>);

/// The way in for the requests of one HTTP worker; made on its own arbiter.
#[derive(Clone)]
pub struct Doorway(pub Rc<Room>);

impl Doorway {
    /// Someone is about to be let in.
    pub async fn expect(&self, user: UserId) {
        self.0.node.fanout.expect(user).await;
    }
}

impl Websocket {
    /// Starts what a node has once.
    pub fn start(needs: SocketNeeds) -> Self {
        let limits = LimitsView {
            frame_bytes: inbound::CLIENT_FRAME_BYTES,
            frames_per_second: needs.settings.frames_per_second,
            text_chars: TEXT_CHARS,
            group_members: GROUP_MEMBERS,
            media_bytes: needs.settings.media_bytes,
        };
        let node = Arc::new(Node {
            rate: FrameRate::of(needs.settings.frames_per_second),
            limits,
            settings: needs.settings,
            clock: needs.clock,
            tail: needs.tail,
            presence: needs.presence,
            fanout: needs.fanout,
            door: needs.door,
            revocations: needs.revocations,
            validate_token: needs.validate_token,
            get_presence: needs.get_presence,
            find_presence: needs.find_presence,
            sync_chats: needs.sync_chats,
            sessions: Sessions::default(),
            watches: Watches::default(),
            moving: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            open: AtomicUsize::new(0),
            lanes: RwLock::default(),
            lookouts: RwLock::default(),
            whole_rounds: AtomicU64::new(0),
            heads: RwLock::default(),
        });
        let told = Arc::clone(&node);
        let heads = Keeper::new("heads", move || HeadsActor::new(Arc::clone(&told)));
        *node.heads.write() = Some(heads.start().recipient());
        let watched = Arc::clone(&node);
        let presence = Keeper::new("presence", move || PresenceActor(Arc::clone(&watched)));
        node.fanout.announcer().set(presence.start().recipient());
        Self(node)
    }

    /// Starts a lane on this arbiter; call it in the `App` factory, which runs on the worker's own.
    pub fn doorway(&self) -> Doorway {
        Doorway(LaneActor::start_here(&self.0))
    }

    /// How the sockets of a user are, the oldest first.
    pub async fn look_at(&self, user: UserId) -> Answer<Vec<SocketSeen>> {
        let lanes = self.0.lookouts.read().clone();
        let asked = lanes.iter().map(|lane| ask(lane, InspectSockets { user }));
        let mut all = Vec::new();
        for of_lane in join_all(asked).await {
            all.extend(of_lane?);
        }
        all.sort_by_key(|socket: &SocketSeen| (socket.since, socket.connection_id));
        Ok(all)
    }

    /// Sockets on this node.
    pub fn open(&self) -> usize {
        self.0.open.load(Ordering::Relaxed)
    }

    /// Users with a session on this node.
    pub fn sessions(&self) -> usize {
        self.0.sessions.count()
    }

    /// Tells every socket to go, closes them with 1001, and waits until they have gone, at most
    /// `patience`.
    pub async fn drain(&self, patience: Duration) {
        const NOTICE: Duration = Duration::from_millis(500);
        self.0.draining.store(true, Ordering::Release);
        self.0.order(&LaneOrder::GoAway);
        self.0.sessions.drain();
        let deadline = tokio::time::Instant::now() + patience;
        tokio::time::sleep(NOTICE.min(patience)).await;
        self.0.order(&LaneOrder::CloseAll(CloseReason::GoingAway));
        while !self.0.is_empty() && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
