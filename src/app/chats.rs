//! The chats of this process: a shard and its writer per processor.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, Arbiter, Recipient};

use super::ground::remote;
use crate::actors::chat::indexer::Indexer;
use crate::actors::chat::relay::ReceiptsStored;
use crate::actors::chat::scope::ChatServices;
use crate::actors::chat::shard::ChatShard;
use crate::actors::chat::vitals::{FindHot, LookAt};
use crate::actors::chat::writer::Writer;
use crate::actors::cluster::Cluster;
use crate::actors::cluster::requests::OwnersChanged;
use crate::actors::fanout::Fanout;
use crate::actors::keeper::Keeper;
use crate::actors::media::requests::MediaDesk;
use crate::actors::placement::ChatDoor;
use crate::actors::vital::Vital;
use crate::clock::Clock;
use crate::storage::Stores;

/// How long a chat without commands keeps its actor.
const CHAT_IDLE: Duration = Duration::from_secs(5 * 60);

/// A shard and its writer per processor, each pair on an arbiter of its own.
pub fn start_chats(
    stores: &Stores,
    fanout: &Fanout,
    clock: Clock,
    nodes: Option<&Cluster>,
    (relay, media): (&Recipient<ReceiptsStored>, &MediaDesk),
    vital: &Vital,
) -> StartedChats {
    let (indexed, elsewhere) = (stores.clone(), remote(nodes));
    let indexer = Keeper::new("search indexer", move || {
        Indexer::new(&indexed, elsewhere.clone())
    });
    let indexer = indexer.start().recipient();
    let shards = std::thread::available_parallelism().map_or(2, usize::from);
    let started = (0..shards).map(|_| {
        let arbiter = Arbiter::new().handle();
        let (messages, chats) = (Arc::clone(&stores.messages), Arc::clone(&stores.chats));
        let indexer = Some(indexer.clone());
        let writer = Writer::start_in_arbiter(&arbiter, |_| Writer::new(messages, chats, indexer));
        let writing = writer.clone();
        vital.watch("chat writer", move || writing.connected());
        let services = ChatServices {
            stores: stores.clone(),
            fanout: fanout.clone(),
            clock,
            writer: writer.recipient(),
            media: media.clone(),
            relay: Some(relay.clone()),
            remote: remote(nodes),
        };
        let shard = ChatShard::start_in_arbiter(&arbiter, |_| ChatShard::new(services, CHAT_IDLE));
        let keeping = shard.clone();
        vital.watch("chat shard", move || keeping.connected());
        shard
    });
    StartedChats::of(&started.collect::<Vec<_>>())
}

/// The ways to the shards of the chats.
pub struct StartedChats {
    pub door: ChatDoor,
    pub moving: Vec<Recipient<OwnersChanged>>,
    pub hot: Vec<Recipient<FindHot>>,
    pub actors: Vec<Recipient<LookAt>>,
}

impl StartedChats {
    pub fn of(shards: &[Addr<ChatShard>]) -> Self {
        let shards = || shards.iter().cloned();
        Self {
            door: ChatDoor::new(shards().map(Addr::recipient).collect()),
            moving: shards().map(Addr::recipient).collect(),
            hot: shards().map(Addr::recipient).collect(),
            actors: shards().map(Addr::recipient).collect(),
        }
    }
}
