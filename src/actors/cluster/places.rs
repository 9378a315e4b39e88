//! Telling other nodes who is here, and asking who is there.

use std::time::Duration;

use futures_util::future::join_all;

use super::bus::BusError;
use super::peers::Peer;
use super::{Cluster, proto};
use crate::actors::group::Group;
use crate::id::{NodeId, UserId};

/// How long the others may take to learn of someone before he is let in. One that is dead is not waited for.
const ARRIVAL: Duration = Duration::from_secs(1);
/// Who was announced and is not here after so long does not come.
const COMING: Duration = Duration::from_secs(15);
/// How often at most the others are told who came and went.
const TOLD: Duration = Duration::from_millis(20);

impl Cluster {
    /// Tells every other node that someone is about to have his first socket here, and waits until
    /// they know, so that nothing that is sent once he is here passes him by.
    pub(super) async fn announce_arrival(&self, user: UserId) {
        if !self.is_connected() {
            return;
        }
        let arrival = proto::Arrival {
            node: proto::bytes(self.0.me.0),
            user_id: proto::bytes(user.0),
        };
        let peers = self.0.peers.others();
        let told = peers.iter().filter(|peer| sends_frames(peer)).map(|peer| {
            let subject = self.0.bus.arrivals(peer.node());
            self.0.bus.request::<proto::Arrived>(subject, &arrival)
        });
        if tokio::time::timeout(ARRIVAL, join_all(told)).await.is_err() {
            // What a node that does not answer sends past him is found by heads.
            self.0.fanout.lost();
        }
        let cluster = self.clone();
        actix::spawn(async move {
            tokio::time::sleep(COMING).await;
            if !cluster.0.fanout.is_here(user) {
                cluster.0.directory.moved(user, false);
            }
        });
    }

    /// Whether people can be on another node.
    pub(super) fn has_sockets(&self, node: NodeId) -> bool {
        let peer = self.0.peers.find(node);
        peer.is_some_and(|peer| peer.standing.groups.contains(Group::Websocket))
    }

    /// Asks for a node's list when it has told of more than is known.
    pub(super) fn check_places(&self, node: NodeId, number: u64) {
        if !self.0.directory.is_followed(node, number) {
            self.ask_places(node);
        }
    }

    /// Asks a node for everyone who is there, one asking at a time.
    pub(super) fn ask_places(&self, node: NodeId) {
        if !self.0.asking.insert(node) {
            return;
        }
        let cluster = self.clone();
        actix::spawn(async move {
            if let Err(error) = cluster.read_places(node).await {
                tracing::warn!(node.id = %node, cause = %error, "who is there was not answered");
            }
            cluster.0.asking.remove(&node);
        });
    }

    async fn read_places(&self, node: NodeId) -> Result<(), BusError> {
        let (mut users, mut first, mut after) = (Vec::new(), None, Vec::new());
        loop {
            let request = proto::PlaceListRequest { after };
            let subject = self.0.bus.place_list(node);
            let page: proto::PlaceList = self.0.bus.request(subject, &request).await?;
            // The number of the first page: what came later is told again.
            first.get_or_insert(page.number);
            users.extend(proto::ids::<UserId>(&page.user_ids).map_err(BusError::of)?);
            match page.user_ids.last() {
                Some(last) if page.more => after = last.clone(),
                _ => break,
            }
        }
        if let Some(peer) = self.0.peers.find(node) {
            let number = first.unwrap_or_default();
            self.0.directory.replace(node, peer.bit, number, &users);
        }
        Ok(())
    }
}

/// Whether a node sends frames of its own accord: the others need not be waited for.
fn sends_frames(peer: &Peer) -> bool {
    const SENDERS: [Group; 3] = [Group::User, Group::Chat, Group::Websocket];
    peer.standing.groups.has_any(&SENDERS)
}

/// Tells the others who came and went, a little at a time.
pub async fn tell_places(cluster: Cluster) {
    loop {
        cluster.directory().changed().await;
        let bus = cluster.bus();
        if let Some(changes) = cluster.directory().take_changes(cluster.me())
            && let Err(error) = bus.publish(bus.places(), &changes).await
        {
            tracing::warn!(cause = %error, "who came and went was not told");
        }
        tokio::time::sleep(TOLD).await;
    }
}
