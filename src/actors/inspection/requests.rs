//! What one process of an installation may be asked about itself, and how it answers. No answer says
//! what people wrote, what they are called or how they are reached.

use serde::{Deserialize, Serialize};

pub use super::desk::{Asked, NodeDesk, Silent};
use crate::clock::Timestamp;
use crate::domain::chat::ChatKind;
pub use crate::fault::{Fault, FaultKind};
use crate::id::{ChatId, ConnectionId, NodeId, SessionId, UserId};
use crate::request;

/// What makes a chat hot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HotBy {
    /// Messages a second, of late.
    #[default]
    Rate,
    /// Commands that wait.
    Mailbox,
    Members,
}

/// The hottest chats that have an actor here, the hottest first.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ListHotChats {
    pub by: HotBy,
    pub limit: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HotChat {
    pub chat_id: ChatId,
    pub node: NodeId,
    /// `null` until it is loaded.
    #[serde(rename = "type")]
    pub kind: Option<ChatKind>,
    pub members: usize,
    /// Members with a socket, on any node.
    pub online: usize,
    /// Messages written, of about the last ten seconds.
    pub rate_per_second: f64,
    /// Commands that nobody has begun with.
    pub mailbox: u64,
    /// What is being written.
    pub in_flight: usize,
    pub head_seq: u64,
    pub head_rev: u64,
    /// How long a command waited lately, or has waited by now.
    pub mailbox_wait_ms: Option<f64>,
    pub last_active_at: Timestamp,
}

impl HotChat {
    /// Whether it goes before another; whatever they are hot by, the busier one.
    pub fn order(&self, other: &Self, by: HotBy) -> std::cmp::Ordering {
        let rates = || other.rate_per_second.total_cmp(&self.rate_per_second);
        let mailboxes = || other.mailbox.cmp(&self.mailbox);
        let members = || other.members.cmp(&self.members);
        let first = match by {
            HotBy::Rate => rates().then_with(mailboxes),
            HotBy::Mailbox => mailboxes().then_with(rates),
            HotBy::Members => members().then_with(rates),
        };
        first.then_with(|| self.chat_id.cmp(&other.chat_id))
    }
}

/// The actor of one chat, if it has one here; it is not made to have one.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct InspectChat {
    pub chat_id: ChatId,
}

/// How the life of an actor stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorState {
    Loading,
    Active,
    /// It was asked to go and finishes what it has.
    Leaving,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActorSeen {
    pub state: ActorState,
    pub loaded_at: Option<Timestamp>,
    pub last_active_at: Timestamp,
    pub head_seq: u64,
    pub head_rev: u64,
    /// The newest seq that anyone was told of.
    pub announced_seq: u64,
    pub members: usize,
    pub online: usize,
    pub roster_read_at: Option<Timestamp>,
    pub rate_per_second: f64,
    /// Commands in the mailbox, not taken yet.
    pub mailbox: u64,
    /// Commands taken that wait for the work before them.
    pub queued: usize,
    /// Sends being written together, or 1 for another change.
    pub in_flight: usize,
    /// How long that has been under way.
    pub working_ms: Option<f64>,
    pub mailbox_wait_ms: Option<f64>,
    /// Batches and messages since it was loaded.
    pub batches: u64,
    pub sends: u64,
    pub last_batch: Option<BatchSeen>,
    pub receipts_waiting: usize,
    pub receipts_storing: bool,
    pub typing: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchSeen {
    pub messages: usize,
    /// From the first look at it until all of it was acked.
    pub ms: f64,
}

/// The sockets of one person here.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct InspectSockets {
    pub user: UserId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SocketSeen {
    pub connection_id: ConnectionId,
    pub session_id: SessionId,
    pub node: NodeId,
    /// The thread that serves it.
    pub lane: u16,
    pub since: Timestamp,
    pub token_expires_at: Timestamp,
    /// It is being closed.
    pub is_closing: bool,
    /// What the client said of itself last.
    pub is_foreground: bool,
    pub queue_frames: usize,
    pub queue_bytes: usize,
    /// How long the peer has taken nothing of what waits.
    pub stalled_ms: u64,
    /// The last sign of life, and the last answer to a ping.
    pub heard_at: Timestamp,
    pub pong_at: Option<Timestamp>,
    /// Chats whose heads are to be said next, and how far his own log was told.
    pub cursors: usize,
    pub me_rev: u64,
}

/// The trace in which an entry of a chat's log was written, if that was sampled lately.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct FindTrace {
    pub chat_id: ChatId,
    pub rev: u64,
}

/// How this process is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct InspectNode;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeSeen {
    pub groups: Vec<GroupSeen>,
    pub people: usize,
    pub connections: usize,
    #[serde(flatten)]
    pub done: ChatsDone,
}

/// A group that runs here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupSeen {
    pub name: String,
    /// Its restart budget is spent, for now.
    pub is_down: bool,
    pub in_flight: usize,
    pub restarts: usize,
}

/// What the chats of a process did since it started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatsDone {
    /// How many have an actor now.
    pub chat_actors: u64,
    /// Messages written.
    pub messages: u64,
    /// By how long their batches took until they were acked.
    pub send_ms: Vec<SendsWithin>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendsWithin {
    /// In milliseconds; `null`: longer than all of these.
    pub up_to: Option<f64>,
    /// And above the bound before.
    pub count: u64,
}

/// What goes wrong here because an operator asked for it, and how the clock stands.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ListFaults;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Faults {
    pub items: Vec<Fault>,
    pub clock: ClockSeen,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClockSeen {
    pub now: Timestamp,
    /// How far it was moved on.
    pub ahead_seconds: u64,
    /// Whether it can be: not where servers with clocks of their own share the work.
    pub is_movable: bool,
}

/// Has something go wrong here.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SetFault {
    pub fault: Fault,
}

/// Ends faults here: one kind, or all.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ClearFaults {
    pub kind: Option<FaultKind>,
}

/// Moves the clock of this process on; refused where it is not movable.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct AdvanceClock {
    pub seconds: u64,
}

request!(
    ListHotChats => Vec<HotChat>,
    InspectChat => Option<ActorSeen>,
    InspectSockets => Vec<SocketSeen>,
    FindTrace => Option<String>,
    InspectNode => NodeSeen,
    ListFaults => Faults,
    SetFault => (),
    ClearFaults => (),
    AdvanceClock => (),
);

crate::peers! {
    /// What one process may be asked about itself.
    NodePeers {
        list_hot_chats: ListHotChats,
        inspect_chat: InspectChat,
        inspect_sockets: InspectSockets,
        find_trace: FindTrace,
        inspect_node: InspectNode,
        list_faults: ListFaults,
        set_fault: SetFault,
        clear_faults: ClearFaults,
        advance_clock: AdvanceClock,
    }
}
