//! This process as one of several: the connection to NATS.

use std::net::SocketAddr;

use super::{StartError, failed};
use crate::actors::cluster::Cluster;
use crate::actors::cluster::bus::{self, BusSettings, Looked};
use crate::actors::fanout::Fanout;
use crate::config::{Backend, Config};
use crate::id::NodeId;
use crate::storage::distributed::probe::{Outcome, Probed};

/// Connects where the storage is shared by several nodes.
pub async fn connect(
    config: &Config,
    me: NodeId,
    public: SocketAddr,
) -> Result<Option<Cluster>, StartError> {
    if config.storage.backend == Backend::Embedded {
        return Ok(None);
    }
    let settings = settings(config);
    let cluster = Cluster::connect(&settings, Fanout::new(me), public.to_string()).await;
    Ok(Some(cluster.map_err(failed)?))
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
