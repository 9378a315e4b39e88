//! Who is there: every node refreshes a key of its own, watches the bucket, and counts another out
//! on its own clock.
//!
//! A watch is not told of a key that expires, and a node that hangs does not delete its own. So
//! the last refresh of each node is kept with the time at which it was *heard*.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::jetstream::kv::{Config, Entry, Operation, Store};
use async_nats::jetstream::{self, stream::StorageType};
use bytes::Bytes;
use futures_util::StreamExt;
use prost::Message;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::Cluster;
use super::bus::{Bus, BusError};
use super::news::News;
use super::peers::Standing;
use super::proto::{self, Heartbeat};
use crate::actors::group::{Group, GroupSet};
use crate::id::NodeId;

const REFRESH: Duration = Duration::from_secs(2);
/// Without a refresh for so long a node is counted out.
const SILENCE: Duration = Duration::from_secs(6);
/// What a dead node leaves in the bucket goes by itself.
const KEPT: Duration = Duration::from_secs(60);

struct Heard {
    standing: Standing,
    places: u64,
}

/// What this node knows of the others.
pub struct Membership {
    cluster: Cluster,
    store: Store,
    /// Of this node's own key.
    revision: u64,
    heard: HashMap<NodeId, Heard>,
    news: News,
    suspects: mpsc::Receiver<NodeId>,
}

impl Membership {
    /// Opens the bucket and says that this node is here.
    pub async fn join(cluster: Cluster) -> Result<Self, BusError> {
        let store = open_bucket(cluster.bus()).await?;
        let suspects = cluster.take_suspects();
        let mut membership = Self {
            suspects: suspects.ok_or_else(|| BusError("joined twice".to_owned()))?,
            cluster,
            store,
            revision: 0,
            heard: HashMap::new(),
            news: News::new(SILENCE),
        };
        membership.refresh().await?;
        Ok(membership)
    }

    /// Reads who is there before anything is decided.
    pub async fn read_all(&mut self) -> Result<(), BusError> {
        let mut keys = self.store.keys().await.map_err(BusError::of)?;
        let mut names = Vec::new();
        while let Some(name) = keys.next().await {
            names.push(name.map_err(BusError::of)?);
        }
        let mut entries = Vec::with_capacity(names.len());
        for name in names {
            let entry = self.store.entry(name).await.map_err(BusError::of)?;
            entries.extend(entry);
        }
        for entry in &entries {
            self.news.note(written_at(entry));
        }
        for entry in &entries {
            self.hear(entry);
        }
        self.review();
        Ok(())
    }

    /// Refreshes and watches until the cluster is left.
    pub async fn keep(mut self) {
        let mut refresh = interval(REFRESH);
        refresh.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let Ok(mut changes) = self.store.watch_with_history(">").await else {
                self.tick().await;
                tokio::time::sleep(REFRESH / 4).await;
                continue;
            };
            loop {
                tokio::select! {
                    change = changes.next() => match change {
                        Some(Ok(entry)) => {
                            self.hear(&entry);
                            self.review();
                        }
                        Some(Err(error)) => tracing::warn!(cause = %error, "the watch of nodes stumbled"),
                        None => break,
                    },
                    Some(node) = self.suspects.recv() => {
                        // Should it be there after all, its next refresh says so.
                        self.heard.remove(&node);
                        self.review();
                    }
                    _ = refresh.tick() => {
                        if self.tick().await == Bucket::Another {
                            break;
                        }
                    }
                    () = self.cluster.draining() => {
                        if self.tick().await == Bucket::Another {
                            break;
                        }
                    }
                    () = self.cluster.leaving() => {
                        self.leave().await;
                        return self.cluster.has_left();
                    }
                }
            }
        }
    }

    /// A bucket that was lost, with the memory of a server that was restarted, is made again by
    /// whoever finds it gone.
    async fn tick(&mut self) -> Bucket {
        self.review();
        self.cluster.sweep_calls();
        if !self.cluster.is_connected() {
            return Bucket::Same;
        }
        let is_unsure = self.revision == 0;
        // Who is silent is counted out in time only if nothing here takes long.
        let refreshed = timeout(REFRESH / 2, self.refresh()).await;
        let refreshed = refreshed.unwrap_or_else(|_| Err(BusError("no answer".to_owned())));
        let Err(error) = refreshed else {
            // Another node may have made the bucket again meanwhile. A watch of the lost one goes on
            // behind its last number, and would hear nothing until the new one gets there.
            return match is_unsure {
                true => Bucket::Another,
                false => Bucket::Same,
            };
        };
        tracing::warn!(cause = %error, "this node could not say that it is here");
        self.revision = 0;
        match timeout(REFRESH / 2, open_bucket(self.cluster.bus())).await {
            Ok(Ok(store)) => {
                self.store = store;
                Bucket::Another
            }
            _ => Bucket::Same,
        }
    }

    /// Says that this node is here, by compare-and-set: nobody else writes its key, so a lost
    /// answer is all that can make the revision wrong.
    async fn refresh(&mut self) -> Result<(), BusError> {
        let key = key(self.cluster.me());
        let body = Bytes::from(self.cluster.heartbeat().encode_to_vec());
        let written = if self.revision == 0 {
            self.store.put(&key, body).await.map_err(BusError::of)
        } else {
            let updated = self.store.update(&key, body, self.revision).await;
            updated.map_err(BusError::of)
        };
        // After a failure the next one writes whatever is there.
        self.revision = *written.as_ref().unwrap_or(&0);
        written.map(|_| ())
    }

    async fn leave(&self) {
        if let Err(error) = self.store.delete(key(self.cluster.me())).await {
            tracing::warn!(cause = %error, "this node could not say that it goes");
        }
    }

    fn hear(&mut self, entry: &Entry) {
        let Some(node) = node(&entry.key) else {
            return proto::skipped("nodes");
        };
        if node == self.cluster.me() {
            return;
        }
        if entry.operation != Operation::Put {
            self.heard.remove(&node);
            return;
        }
        if !self.news.is_sign_of_life(node, written_at(entry)) {
            return;
        }
        let Ok(heartbeat) = Heartbeat::decode(entry.value.clone()) else {
            return proto::skipped("nodes");
        };
        let heard = Heard {
            standing: Standing {
                node,
                is_draining: heartbeat.draining,
                address: heartbeat.address,
                groups: GroupSet::of_names(&heartbeat.groups),
                heard_at: Instant::now(),
            },
            places: heartbeat.places,
        };
        self.heard.insert(node, heard);
    }

    /// Counts out who is silent, and has the cluster look at who is there now. While NATS is away
    /// nobody can be heard: this node is then a cluster of one.
    fn review(&mut self) {
        let now = Instant::now();
        self.heard
            .retain(|_, heard| now.duration_since(heard.standing.heard_at) < SILENCE);
        let standings = self.heard.values().map(|heard| heard.standing.clone());
        self.cluster.take_view(standings.collect());
        let with_sockets = |heard: &&Heard| heard.standing.groups.contains(Group::Websocket);
        for heard in self.heard.values().filter(with_sockets) {
            self.cluster.check_places(heard.standing.node, heard.places);
        }
    }
}

/// Whether the bucket is for sure the one that was watched so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bucket {
    Same,
    Another,
}

/// The bucket, made when it is not there. It is kept in memory: what it holds is worth seconds.
async fn open_bucket(bus: &Bus) -> Result<Store, BusError> {
    let jetstream = jetstream::new(bus.client.clone());
    if let Ok(store) = jetstream.get_key_value(bus.nodes_bucket()).await {
        return Ok(store);
    }
    let config = Config {
        bucket: bus.nodes_bucket(),
        history: 1,
        max_age: KEPT,
        storage: StorageType::Memory,
        ..Config::default()
    };
    let made = jetstream.create_key_value(config).await;
    made.map_err(BusError::of)
}

/// On the server's clock, in ns.
fn written_at(entry: &Entry) -> i128 {
    entry.created.unix_timestamp_nanos()
}

fn key(node: NodeId) -> String {
    node.0.simple().to_string()
}

fn node(key: &str) -> Option<NodeId> {
    key.parse().ok()
}
