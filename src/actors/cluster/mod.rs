//! Several nodes over NATS: who is there, who owns a chat, where a user's sockets are, and what
//! travels between nodes.
//!
//! A chat belongs to one node (`peers`), commands for it go there (`commands`, `calls`), its frames
//! go once to each node that holds a member (`deliveries`, `directory`). Sends to one chat stay in order
//! while it moves (`routes`, `residents`, `detours`). Requests to a group that this
//! process does not run go to one that does (`asking`, `serving`). Everything may be lost when a
//! connection breaks: the log fences two owners (D3), heads find lost frames (D6).

mod asking;
pub mod bus;
pub mod calls;
mod carrying;
mod changes;
pub mod commands;
pub mod deliveries;
pub mod detours;
pub mod directory;
mod failed;
pub mod inbound;
pub mod lateness;
pub mod membership;
pub mod news;
pub mod peers;
mod places;
pub mod proto;
pub mod requests;
mod residents;
mod retrying;
pub mod routes;
mod seat;
pub mod serving;
pub mod travelling;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use actix::Recipient;
use dashmap::{DashMap, DashSet};
use parking_lot::{Mutex, RecursiveRwLock};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use self::asking::Asked;
use self::bus::{Broken, Bus, BusError, BusSettings};
use self::calls::Calls;
use self::detours::Detours;
use self::directory::Directory;
use self::lateness::FORGOTTEN;
use self::membership::Membership;
use self::peers::{Peer, Peers, Road, Standing};
use self::requests::OwnersChanged;
use self::residents::Residents;
use self::retrying::Back;
use self::routes::Routes;
pub use self::seat::Seat;
use self::serving::{Offer, Serving};
use self::travelling::Travelling;
use super::chat::requests::ToChat;
use super::fanout::Fanout;
use super::group::Group;
use super::placement::ChatDoor;
use super::remote::Serve;
use super::request::tell;
use crate::actors::announcer::PresenceChanged;
use crate::error::Failure;
use crate::id::{ChatId, NodeId};

/// This node among the others. Cheap to clone.
#[derive(Clone)]
pub struct Cluster(Arc<Inner>);

struct Inner {
    me: NodeId,
    address: String,
    bus: Bus,
    peers: Peers,
    directory: Directory,
    calls: Calls,
    routes: Routes,
    detours: Detours,
    /// The connection after which what the one before it may have lost was repeated.
    repeated: Arc<AtomicU64>,
    /// Held while a send is put on its way, and alone while all of them are taken back.
    placing: RecursiveRwLock<()>,
    /// Nodes that were counted out, and when; what they were to be told is lost, should they be there after
    /// all.
    counted_out: DashMap<NodeId, Instant>,
    /// Nodes whose answers may be lost.
    doubted: DashSet<NodeId>,
    residents: Residents,
    asked: Arc<Asked>,
    serving: Serving,
    fanout: Fanout,
    /// Nodes that are being asked for their list.
    asking: DashSet<NodeId>,
    suspects: mpsc::Sender<NodeId>,
    suspected: Mutex<Option<mpsc::Receiver<NodeId>>>,
    draining: Notify,
    leaving: Notify,
    left: Notify,
    local: OnceLock<Local>,
}

/// What of this node the others reach.
pub struct Local {
    pub door: ChatDoor,
    pub shards: Vec<Recipient<OwnersChanged>>,
    /// The groups that answer requests.
    pub offers: Vec<Offer>,
    /// What answers for this process itself.
    pub itself: Option<Arc<dyn Serve>>,
}

impl Cluster {
    /// Connects to NATS.
    pub async fn connect(
        settings: &BusSettings,
        fanout: Fanout,
        seat: Seat,
    ) -> Result<Self, BusError> {
        let (told, asked) = (fanout.clone(), Arc::new(Asked::default()));
        let waiting = Arc::clone(&asked);
        let (suspects, suspected) = mpsc::channel(64);
        let broken = move |what| {
            told.lost();
            if what == Broken::Gone {
                waiting.break_off();
            }
        };
        let bus = Bus::connect(settings, broken).await?;
        Ok(Self(Arc::new(Inner {
            me: fanout.me(),
            address: seat.address(&bus),
            bus,
            peers: Peers::new(fanout.me(), seat.groups),
            directory: Directory::default(),
            calls: Calls::default(),
            routes: Routes::default(),
            detours: Detours::default(),
            repeated: Arc::default(),
            placing: RecursiveRwLock::default(),
            counted_out: DashMap::new(),
            doubted: DashSet::new(),
            residents: Residents::default(),
            asked,
            serving: Serving::default(),
            fanout,
            asking: DashSet::new(),
            suspects,
            suspected: Mutex::new(Some(suspected)),
            draining: Notify::new(),
            leaving: Notify::new(),
            left: Notify::new(),
            local: OnceLock::new(),
        })))
    }

    /// Becomes a node like the others: listens, says that it is here, and learns who else is.
    pub async fn join(&self, mut local: Local) -> Result<(), BusError> {
        let (offers, itself) = (std::mem::take(&mut local.offers), local.itself.take());
        if self.0.local.set(local).is_err() {
            return Err(BusError("joined twice".to_owned()));
        }
        self.0.fanout.reach_elsewhere(Arc::new(self.clone()));
        inbound::listen(self).await?;
        self.serve(offers, itself).await?;
        let mut membership = Membership::join(self.clone()).await?;
        membership.read_all().await?;
        actix::spawn(membership.keep());
        actix::spawn(places::tell_places(self.clone()));
        actix::spawn(self.clone().repeat_when_connected());
        Ok(())
    }

    /// Takes no new chats, and says so; those it has go to the others.
    pub fn drain(&self) {
        self.0.peers.drain();
        self.0.draining.notify_one();
        self.owners_changed();
    }

    /// Takes no further requests of other processes, and waits for those that came.
    pub async fn stop_serving(&self) {
        self.0.serving.close().await;
    }

    /// Says that this node goes, and waits until it is said.
    pub async fn leave(&self) {
        self.0.leaving.notify_one();
        let said = self.0.left.notified();
        if tokio::time::timeout(self.0.bus.timeout(), said)
            .await
            .is_err()
        {
            tracing::warn!("that this node goes was not said in time");
        }
    }

    pub fn is_connected(&self) -> bool {
        self.0.bus.is_connected()
    }

    pub fn me(&self) -> NodeId {
        self.0.me
    }

    /// The other node that owns a chat; `None`: this one.
    pub fn owner(&self, chat_id: ChatId) -> Option<Peer> {
        self.0.peers.owner(chat_id)
    }

    /// Tells the other nodes that someone's presence changed.
    fn tell_presence(&self, changed: PresenceChanged) {
        let message = proto::presence(changed, self.0.me);
        let bus = self.0.bus.clone();
        actix::spawn(async move {
            if let Err(error) = bus.publish(bus.presence(), &message).await {
                tracing::warn!(cause = %error, "a presence was not told to other nodes");
            }
        });
    }

    /// Nodes that do not answer where they should.
    fn take_suspects(&self) -> Option<mpsc::Receiver<NodeId>> {
        self.0.suspected.lock().take()
    }

    pub fn bus(&self) -> &Bus {
        &self.0.bus
    }

    fn peers(&self) -> &Peers {
        &self.0.peers
    }

    fn directory(&self) -> &Directory {
        &self.0.directory
    }

    fn calls(&self) -> &Calls {
        &self.0.calls
    }

    fn asked(&self) -> &Arc<Asked> {
        &self.0.asked
    }

    fn serving(&self) -> &Serving {
        &self.0.serving
    }

    /// Whether a command for another node's chat has to wait for the actor that it still has here.
    fn is_resident(&self, chat_id: ChatId) -> bool {
        self.0.residents.is_here(chat_id)
    }

    /// Keeps a command of another node where others of its chat, which came back, are to go first.
    fn keep_behind(&self, chat_id: ChatId, command: Travelling) -> Option<Travelling> {
        let number = || self.0.calls.next();
        self.0.detours.keep(chat_id, number, command)
    }

    /// Whether chats can be here.
    fn has_chats(&self) -> bool {
        self.0.peers.groups().contains(Group::Chat)
    }

    /// The sockets of this node.
    pub fn fanout(&self) -> &Fanout {
        &self.0.fanout
    }

    fn tell_here(&self, message: ToChat) {
        match self.0.local.get() {
            Some(local) => {
                self.0.residents.comes(message.chat_id);
                local.door.tell_here(message);
            }
            None => message
                .command
                .refuse(&Failure::unavailable("this node is starting, try again")),
        }
    }

    async fn draining(&self) {
        self.0.draining.notified().await;
    }

    async fn leaving(&self) {
        self.0.leaving.notified().await;
    }

    fn has_left(&self) {
        self.0.left.notify_one();
    }

    /// Takes who is there now.
    fn take_view(&self, now: Vec<Standing>) {
        let difference = self.0.peers.update(now, &self.road());
        if !difference.left.is_empty() {
            self.0.counted_out.retain(|_, at| at.elapsed() < FORGOTTEN);
        }
        for (node, bit) in &difference.left {
            tracing::warn!(node.id = %node, "a node is gone");
            self.0.directory.remove(*node, *bit);
            self.0.counted_out.insert(*node, Instant::now());
        }
        for node in &difference.joined {
            tracing::info!(node.id = %node, "a node is here");
            if self.has_sockets(*node) {
                self.ask_places(*node);
            }
            if self.0.counted_out.remove(node).is_some() {
                self.tell_lost(|peer| peer == *node);
            }
        }
        if difference.has_moved {
            metrics::gauge!("troupe_nodes").set(self.0.peers.others().len() as f64 + 1.0);
            self.owners_changed();
        }
        for (node, _) in &difference.left {
            self.repeat_lost(*node);
        }
        if !difference.left.is_empty() {
            // Frames that a node had not sent yet are lost with it.
            self.0.fanout.lost();
        }
    }

    /// By which messages to other nodes leave.
    fn road(&self) -> Road {
        let cluster = Arc::downgrade(&self.0);
        Road {
            me: self.0.me,
            bus: self.0.bus.clone(),
            repeated: Arc::clone(&self.0.repeated),
            returned: Arc::new(move |node, call| {
                if let Some(inner) = cluster.upgrade() {
                    Self(inner).send_again(node, call, Back::NotSent);
                }
            }),
        }
    }

    fn owners_changed(&self) {
        let shards = self.0.local.get().map(|local| &local.shards);
        for shard in shards.into_iter().flatten() {
            if tell(shard, OwnersChanged).is_err() {
                tracing::warn!("a shard was not told that chats have other owners");
            }
        }
    }
}
