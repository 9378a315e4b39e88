//! What this node says of itself, and which others it sees.

use std::net::SocketAddr;

use super::bus::Bus;
use super::requests::{Installation, SeenNode};
use super::{Cluster, proto};
use crate::actors::group::GroupSet;
use crate::id::{ChatId, NodeId};

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
    /// What it says every two seconds.
    pub(super) fn heartbeat(&self) -> proto::Heartbeat {
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
    pub(super) fn address(&self, bus: &Bus) -> String {
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
