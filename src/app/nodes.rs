//! This process as one of several: the connection to NATS.

use std::net::SocketAddr;
use std::sync::Arc;

use super::{StartError, failed};
use crate::actors::cluster::bus::{self, BusSettings, Looked};
use crate::actors::cluster::requests::{Installation, SeenNode};
use crate::actors::cluster::{Cluster, Seat};
use crate::actors::fanout::Fanout;
use crate::actors::group::GroupSet;
use crate::config::{Backend, Config};
use crate::id::{ChatId, NodeId};
use crate::storage::distributed::probe::{Outcome, Probed};

/// Connects where the storage is shared by several nodes.
pub async fn connect(
    config: &Config,
    me: NodeId,
    bound: SocketAddr,
) -> Result<Option<Cluster>, StartError> {
    if config.storage.backend == Backend::Embedded {
        return Ok(None);
    }
    let settings = settings(config);
    let advertised = &config.http.advertised;
    let seat = Seat {
        groups: config.groups,
        bound,
        advertised: (!advertised.is_empty()).then(|| advertised.clone()),
    };
    let cluster = Cluster::connect(&settings, Fanout::new(me), seat).await;
    Ok(Some(cluster.map_err(failed)?))
}

/// What this process sees of the others.
pub fn installation(
    cluster: Option<&Cluster>,
    me: NodeId,
    address: SocketAddr,
) -> Arc<dyn Installation> {
    match cluster.cloned() {
        Some(cluster) => Arc::new(cluster),
        None => Arc::new(Alone { me, address }),
    }
}

/// Looks at NATS as at the other servers.
pub async fn probe(config: &Config) -> Probed {
    let outcome = match bus::look(&settings(config)).await {
        Looked::Fine(version) => Outcome::Fine(version),
        Looked::Away(what) => Outcome::Away(what),
        Looked::Wrong(what, cure) => Outcome::Wrong {
            what,
            cure: cure.to_owned(),
        },
    };
    Probed {
        server: "nats",
        setting: "nats.url",
        outcome,
    }
}

pub fn settings(config: &Config) -> BusSettings {
    BusSettings {
        url: config.nats.url.clone(),
        prefix: config.nats.prefix.clone(),
        timeout: config.nats.timeout,
    }
}

/// A process that can have no others.
struct Alone {
    me: NodeId,
    address: SocketAddr,
}

impl Installation for Alone {
    fn nodes(&self) -> Vec<SeenNode> {
        vec![SeenNode {
            id: self.me,
            is_me: true,
            groups: GroupSet::ALL,
            is_draining: false,
            address: self.address.to_string(),
            silent: None,
        }]
    }

    fn is_connected(&self) -> Option<bool> {
        None
    }

    fn owner(&self, _: ChatId) -> Option<NodeId> {
        Some(self.me)
    }
}
