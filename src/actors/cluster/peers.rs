//! The other nodes as this one sees them, and which node owns a chat.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::RwLock;
use prost::Message;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::bus::Bus;
use super::proto;
use crate::actors::group::{Group, GroupSet};
use crate::actors::placement::rendezvous;
use crate::id::{ChatId, NodeId};

/// Messages that may wait on their way to one node; beyond it frames are lost, and that is told.
const WAITING: usize = 16_384;
/// How often it is looked whether there is a connection again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Nodes of one installation: each has a bit in the places of a user.
const NODES: u32 = 63;

/// What a node said of itself last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub node: NodeId,
    /// It finishes what it has and takes no new chats.
    pub is_draining: bool,
    /// Where it is reached over HTTP, as host:port.
    pub address: String,
    pub groups: GroupSet,
    /// When it last said that it is there.
    pub heard_at: Instant,
}

/// A message on its way to another node.
pub struct Outgoing {
    /// The connection after which sends were repeated last, when it was handed over.
    connection: u64,
    /// The subject.
    pub to: String,
    /// The number under which it comes back when it cannot be sent, or nobody listens there; 0: it
    /// does not.
    pub call: u64,
    /// Frames, which heads make up for.
    pub is_dispensable: bool,
    pub body: Bytes,
}

impl Outgoing {
    pub fn new(to: String, message: &impl Message) -> Self {
        Self::of(to, Bytes::from(message.encode_to_vec()))
    }

    /// A message that is encoded.
    pub fn of(to: String, body: Bytes) -> Self {
        Self {
            connection: 0,
            to,
            call: 0,
            is_dispensable: false,
            body,
        }
    }

    /// Says that frames were lost.
    pub fn lost(bus: &Bus, node: NodeId) -> Self {
        let told = proto::Deliveries {
            lost: true,
            ..proto::Deliveries::default()
        };
        Self::new(bus.deliveries(node), &told)
    }

    #[must_use]
    pub fn dispensable(self) -> Self {
        Self {
            is_dispensable: true,
            ..self
        }
    }

    #[must_use]
    pub fn answered_as(self, call: u64) -> Self {
        Self { call, ..self }
    }
}

/// What messages to other nodes leave by.
#[derive(Clone)]
pub struct Road {
    pub me: NodeId,
    pub bus: Bus,
    /// The connection after which what the one before it may have lost was repeated.
    pub repeated: Arc<AtomicU64>,
    /// Takes where one that was not sent was to go, and its number.
    pub returned: Arc<dyn Fn(NodeId, u64) + Send + Sync>,
}

impl Road {
    async fn publish(&self, node: NodeId, outgoing: Outgoing) {
        let Outgoing { to, call, body, .. } = outgoing;
        let to = self.bus.marked(to, self.me);
        let published = if call == 0 {
            self.bus.client.publish(to, body).await
        } else {
            let bounce = self.bus.bounce(self.me, node, call);
            self.bus.client.publish_with_reply(to, bounce, body).await
        };
        if let Err(error) = published {
            tracing::warn!(cause = %error, "nothing can be sent to another node");
        }
    }
}

/// The way to one other node.
#[derive(Clone)]
pub struct Peer {
    pub standing: Standing,
    /// Its bit in the places of users.
    pub bit: u64,
    outgoing: mpsc::Sender<Outgoing>,
    repeated: Arc<AtomicU64>,
    lost: Arc<AtomicBool>,
}

impl Peer {
    fn start(standing: Standing, bit: u64, road: Road) -> Self {
        let (outgoing, waiting) = mpsc::channel::<Outgoing>(WAITING);
        let lost = Arc::<AtomicBool>::default();
        let repeated = Arc::clone(&road.repeated);
        // Ends when the last handle of this peer is gone.
        actix::spawn(publish(standing.node, waiting, road, Arc::clone(&lost)));
        Self {
            standing,
            bit,
            outgoing,
            repeated,
            lost,
        }
    }

    pub fn node(&self) -> NodeId {
        self.standing.node
    }

    /// Sends without waiting, in order. `false`: too much waits on the way there.
    pub fn send(&self, outgoing: Outgoing) -> bool {
        let outgoing = Outgoing {
            connection: self.repeated.load(Ordering::Acquire),
            ..outgoing
        };
        self.outgoing.try_send(outgoing).is_ok()
    }

    /// Remembers that frames were lost, until it is told.
    pub fn set_lost(&self) {
        metrics::counter!("troupe_bus_overflow_total").increment(1);
        self.lost.store(true, Ordering::Release);
    }

    pub fn take_lost(&self) -> bool {
        self.lost.swap(false, Ordering::AcqRel)
    }
}

/// Hands over what is to go to a node. What was handed over before the newest connection would come behind
/// what others did meanwhile, or before what is repeated: frames are lost then, which heads tell, and
/// commands go back.
async fn publish(
    node: NodeId,
    mut waiting: mpsc::Receiver<Outgoing>,
    road: Road,
    lost: Arc<AtomicBool>,
) {
    while let Some(outgoing) = waiting.recv().await {
        if !road.bus.is_connected() {
            while !road.bus.is_connected() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            // Its number moves a moment later.
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let is_old = outgoing.connection < road.bus.connection();
        if is_old && outgoing.is_dispensable {
            metrics::counter!("troupe_bus_stale_total").increment(1);
            lost.store(true, Ordering::Release);
        } else if is_old && outgoing.call != 0 {
            (road.returned)(node, outgoing.call);
        } else {
            road.publish(node, outgoing).await;
        }
        if waiting.is_empty() && lost.swap(false, Ordering::AcqRel) {
            road.publish(node, Outgoing::lost(&road.bus, node)).await;
        }
    }
}

/// Who is there: this node and the others.
pub struct Peers {
    me: NodeId,
    groups: GroupSet,
    draining: AtomicBool,
    others: RwLock<Arc<Vec<Peer>>>,
}

/// How a view differs from the one before.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    pub joined: Vec<NodeId>,
    pub left: Vec<(NodeId, u64)>,
    /// Chats may have other owners.
    pub has_moved: bool,
}

impl Peers {
    pub fn new(me: NodeId, groups: GroupSet) -> Self {
        Self {
            me,
            groups,
            draining: AtomicBool::new(false),
            others: RwLock::default(),
        }
    }

    pub fn others(&self) -> Arc<Vec<Peer>> {
        Arc::clone(&self.others.read())
    }

    pub fn find(&self, node: NodeId) -> Option<Peer> {
        let others = self.others.read();
        others.iter().find(|peer| peer.node() == node).cloned()
    }

    /// What this node runs.
    pub fn groups(&self) -> GroupSet {
        self.groups
    }

    /// This node takes no new chats from here on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// The other node that owns a chat; `None`: this one. The owner is the highest rendezvous hash
    /// among the nodes that run chats and are up; when none is, whoever is asked, and by a node without
    /// chats one of those that are on their way out.
    pub fn owner(&self, chat_id: ChatId) -> Option<Peer> {
        let others = self.others.read();
        let with_chats = || {
            others
                .iter()
                .filter(|peer| peer.standing.groups.contains(Group::Chat))
        };
        let up: Vec<&Peer> = with_chats()
            .filter(|peer| !peer.standing.is_draining)
            .collect();
        let here = self.groups.contains(Group::Chat);
        let own = (here && !self.is_draining()).then(|| name(self.me));
        let candidates = if up.is_empty() && !here {
            with_chats().collect()
        } else {
            up
        };
        let names = candidates.iter().map(|peer| name(peer.node())).chain(own);
        let highest = rendezvous(chat_id, names)?;
        candidates.get(highest).map(|peer| (*peer).clone())
    }

    /// Takes who is there now.
    pub fn update(&self, now: Vec<Standing>, road: &Road) -> Difference {
        let mut difference = Difference::default();
        let before = self.others();
        let mut after: Vec<Peer> = Vec::with_capacity(now.len());
        for peer in before.iter() {
            let bit = peer.bit;
            match now.iter().find(|standing| standing.node == peer.node()) {
                Some(standing) => {
                    difference.has_moved |= standing.is_draining != peer.standing.is_draining;
                    let mut peer = peer.clone();
                    peer.standing = standing.clone();
                    after.push(peer);
                }
                None => difference.left.push((peer.node(), bit)),
            }
        }
        for standing in now {
            if after.iter().any(|peer| peer.node() == standing.node) {
                continue;
            }
            let taken = after.iter().fold(0, |taken, peer| taken | peer.bit);
            let free = (0..NODES)
                .map(|place| 1u64 << place)
                .find(|bit| taken & bit == 0);
            let Some(bit) = free else {
                tracing::error!("more nodes than one installation may have");
                continue;
            };
            difference.joined.push(standing.node);
            after.push(Peer::start(standing, bit, road.clone()));
        }
        difference.has_moved |= !difference.joined.is_empty() || !difference.left.is_empty();
        *self.others.write() = Arc::new(after);
        difference
    }
}

/// What rendezvous hashing calls a node: the random half of its id.
fn name(node: NodeId) -> u64 {
    node.0.as_u64_pair().1
}
