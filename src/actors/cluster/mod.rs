//! Several nodes over NATS: who is there, who owns a chat, where a user's sockets are, and what
//! travels between nodes.
//!
//! A chat belongs to one node (`peers`), commands for it go there (`commands`, `calls`), its frames
//! go once to each node that holds a member (`deliveries`, `directory`). Requests to a group that this
//! process does not run go to one that does (`asking`, `serving`). Everything may be lost when a
//! connection breaks: the log fences two owners (D3), heads find lost frames (D6).

mod asking;
pub mod bus;
pub mod calls;
mod carrying;
mod changes;
pub mod commands;
pub mod deliveries;
pub mod directory;
mod failed;
pub mod inbound;
pub mod membership;
pub mod peers;
mod places;
pub mod proto;
pub mod requests;
pub mod serving;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use actix::Recipient;
use dashmap::DashSet;
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};

use self::asking::Asked;
use self::bus::{Broken, Bus, BusError, BusSettings};
use self::calls::Calls;
use self::directory::Directory;
use self::membership::Membership;
use self::peers::{Peer, Peers, Standing};
use self::requests::{Installation, OwnersChanged, PresenceChanged, SeenNode};
use self::serving::{Offer, Serving};
use super::chat::requests::ToChat;
use super::fanout::Fanout;
use super::group::{Group, GroupSet};
use super::placement::ChatDoor;
use super::remote::Serve;
use super::request::tell;
use crate::error::Failure;
use crate::id::{ChatId, NodeId, UserId};

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
    asked: Arc<Asked>,
    serving: Serving,
    fanout: Fanout,
    /// Nodes that are being asked for their list.
    asking: DashSet<NodeId>,
    suspects: mpsc::Sender<NodeId>,
    suspected: Mutex<Option<mpsc::Receiver<NodeId>>>,
    leaving: Notify,
    left: Notify,
    local: OnceLock<Local>,
}

/// What of this node the others reach.
pub struct Local {
    pub door: ChatDoor,
    pub shards: Vec<Recipient<OwnersChanged>>,
    /// Where there are sockets.
    pub presence: Option<Recipient<PresenceChanged>>,
    /// The groups that answer requests.
    pub offers: Vec<Offer>,
    /// What answers for this process itself.
    pub itself: Option<Arc<dyn Serve>>,
}

/// What this node says of itself.
#[derive(Clone, Debug)]
pub struct Seat {
    pub groups: GroupSet,
    /// What it listens on.
    pub bound: SocketAddr,
    /// Where others reach it, if that was set.
    pub advertised: Option<String>,
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
            asked,
            serving: Serving::default(),
            fanout,
            asking: DashSet::new(),
            suspects,
            suspected: Mutex::new(Some(suspected)),
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
        Ok(())
    }

    /// Takes no new chats, and says so; those it has go to the others.
    pub fn drain(&self) {
        self.0.peers.drain();
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
    fn tell_presence(&self, user: UserId) {
        let message = proto::Presence {
            user_id: proto::bytes(user.0),
            node: proto::bytes(self.0.me.0),
        };
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
            Some(local) => local.door.tell_here(message),
            None => message
                .command
                .refuse(&Failure::unavailable("this node is starting, try again")),
        }
    }

    async fn leaving(&self) {
        self.0.leaving.notified().await;
    }

    fn has_left(&self) {
        self.0.left.notify_one();
    }

    fn heartbeat(&self) -> proto::Heartbeat {
        proto::Heartbeat {
            node: proto::bytes(self.0.me.0),
            draining: self.0.peers.is_draining(),
            places: self.0.directory.told(),
            address: self.0.address.clone(),
            groups: self
                .0
                .peers
                .groups()
                .iter()
                .map(|group| group.name().to_owned())
                .collect(),
        }
    }

    /// Takes who is there now.
    fn take_view(&self, now: Vec<Standing>) {
        let difference = self.0.peers.update(now, &self.0.bus.client);
        for (node, bit) in &difference.left {
            tracing::warn!(node.id = %node, "a node is gone");
            self.0.directory.remove(*node, *bit);
        }
        for node in &difference.joined {
            tracing::info!(node.id = %node, "a node is here");
            if self.has_sockets(*node) {
                self.ask_places(*node);
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

    fn owners_changed(&self) {
        let shards = self.0.local.get().map(|local| &local.shards);
        for shard in shards.into_iter().flatten() {
            if tell(shard, OwnersChanged).is_err() {
                tracing::warn!("a shard was not told that chats have other owners");
            }
        }
    }

    fn announce_presence(&self, user: UserId) {
        let local = self.0.local.get();
        if let Some(presence) = local.and_then(|local| local.presence.as_ref()) {
            // One that is not told is found by whoever asks again.
            let _ = tell(presence, PresenceChanged(user));
        }
    }
}

impl Installation for Cluster {
    fn nodes(&self) -> Vec<SeenNode> {
        let inner = &self.0;
        let me = SeenNode {
            id: inner.me,
            is_me: true,
            groups: inner.peers.groups(),
            is_draining: inner.peers.is_draining(),
            address: inner.address.clone(),
            silent: None,
        };
        let others = inner.peers.others();
        let others = others.iter().map(|peer| SeenNode {
            id: peer.node(),
            is_me: false,
            groups: peer.standing.groups,
            is_draining: peer.standing.is_draining,
            address: peer.standing.address.clone(),
            silent: Some(peer.standing.heard_at.elapsed()),
        });
        [me].into_iter().chain(others).collect()
    }

    fn is_connected(&self) -> Option<bool> {
        Some(self.0.bus.is_connected())
    }

    fn owner(&self, chat_id: ChatId) -> Option<NodeId> {
        let other = Self::owner(self, chat_id).map(|peer| peer.node());
        other.or_else(|| self.has_chats().then_some(self.0.me))
    }
}

impl Seat {
    /// Where others reach this node over HTTP, as host:port.
    fn address(&self, bus: &Bus) -> String {
        if let Some(advertised) = &self.advertised {
            return advertised.clone();
        }
        let mut address = self.bound;
        if address.ip().is_unspecified()
            && let Some(seen) = bus.own_address()
        {
            address.set_ip(seen);
        }
        address.to_string()
    }
}
