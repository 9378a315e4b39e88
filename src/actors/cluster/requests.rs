//! What the cluster tells the groups of its own node, and what may be asked of it.

use std::time::Duration;

use actix::Message;

use crate::actors::group::{Group, GroupSet};
use crate::id::{ChatId, NodeId};

/// Nodes came or went: chats that are another node's now are to go there.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct OwnersChanged;

/// The processes of an installation, as one of them sees them.
pub trait Installation: Send + Sync {
    /// This one first.
    fn nodes(&self) -> Vec<SeenNode>;

    /// Whether the others can be reached; `None` where there can be no others.
    fn is_connected(&self) -> Option<bool>;

    /// The process that owns a chat; `None` where none runs chats.
    fn owner(&self, chat_id: ChatId) -> Option<NodeId>;

    /// Whether some process that takes requests runs a group.
    fn is_served(&self, group: Group) -> bool {
        let nodes = self.nodes();
        nodes
            .iter()
            .any(|node| !node.is_draining && node.groups.contains(group))
    }
}

/// One process.
#[derive(Clone, Debug)]
pub struct SeenNode {
    pub id: NodeId,
    pub is_me: bool,
    pub groups: GroupSet,
    pub is_draining: bool,
    /// Where it is reached over HTTP, as host:port.
    pub address: String,
    /// How long ago it last said that it is there; `None` of this one.
    pub silent: Option<Duration>,
}
