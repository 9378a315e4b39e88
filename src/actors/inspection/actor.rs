//! Answers for this process.

use std::cmp::Ordering;
use std::sync::Arc;

use actix::{Actor, Context, Recipient};
use futures_util::future::join_all;

use super::requests::{
    ActorSeen, AdvanceClock, ClearFaults, FindTrace, GroupSeen, HotBy, HotChat, InspectChat,
    InspectNode, InspectSockets, ListFaults, ListHotChats, NodeSeen, SetFault, SocketSeen,
};
use crate::actors::chat::vitals::{self, FindHot, Hot, LookAt};
use crate::actors::fanout::Fanout;
use crate::actors::guardian::GroupState;
use crate::actors::request::{Answer, ask};
use crate::actors::websocket::Websocket;
use crate::clock::Clock;
use crate::handles;
use crate::id::UserId;
use crate::trace;

const MAILBOX: usize = 256;
/// Most chats of one answer.
const MOST_CHATS: usize = 200;

/// The ways to what this process runs.
pub struct Inspector {
    /// Those to the shards of the chats, by their place.
    pub hot: Vec<Recipient<FindHot>>,
    pub actors: Vec<Recipient<LookAt>>,
    pub fanout: Fanout,
    /// Where there are sockets.
    pub sockets: Option<Websocket>,
    /// Of the groups that run here.
    pub groups: Vec<GroupState>,
    pub clock: Clock,
    pub faults: FaultRules,
}

/// What an operator may have go wrong here.
#[derive(Clone, Copy, Debug)]
pub struct FaultRules {
    pub are_allowed: bool,
    /// Whether the clock may be moved on.
    pub moves_clock: bool,
}

impl Inspector {
    async fn list_hot_chats(
        &self,
        ListHotChats { by, limit }: ListHotChats,
    ) -> Answer<Vec<HotChat>> {
        let limit = limit.min(MOST_CHATS);
        let found = self
            .hot
            .iter()
            .map(|shard| ask(shard, FindHot { by, limit }));
        let mut all: Vec<Hot> = Vec::new();
        for of_shard in join_all(found).await {
            all.extend(of_shard?);
        }
        all.sort_by(|one, other| order(one, other, by));
        all.truncate(limit);
        let named = all.into_iter().map(|hot| HotChat {
            online: self.online(&hot.active),
            ..hot.chat
        });
        Ok(named.collect())
    }

    async fn inspect_chat(
        &self,
        InspectChat { chat_id }: InspectChat,
    ) -> Answer<Option<ActorSeen>> {
        for shard in &self.actors {
            // All but one have never heard of it, and say so at once.
            if let Some((seen, active)) = ask(shard, LookAt { chat_id }).await? {
                let online = self.online(&active);
                return Ok(Some(ActorSeen { online, ..seen }));
            }
        }
        Ok(None)
    }

    async fn inspect_sockets(
        &self,
        InspectSockets { user }: InspectSockets,
    ) -> Answer<Vec<SocketSeen>> {
        match &self.sockets {
            Some(sockets) => sockets.look_at(user).await,
            None => Ok(Vec::new()),
        }
    }

    async fn find_trace(&self, FindTrace { chat_id, rev }: FindTrace) -> Answer<Option<String>> {
        let found = trace::remembered((chat_id.0.as_u128(), rev));
        Ok(found.map(|context| format!("{:032x}", context.trace_id)))
    }

    async fn inspect_node(&self, _: InspectNode) -> Answer<NodeSeen> {
        let groups = self.groups.iter().map(|group| GroupSeen {
            name: group.name().to_owned(),
            is_down: group.is_down(),
            in_flight: group.in_flight(),
            restarts: group.restarts(),
        });
        Ok(NodeSeen {
            groups: groups.collect(),
            people: self.fanout.count_here(),
            connections: self.sockets.as_ref().map_or(0, Websocket::open),
            done: vitals::done(),
        })
    }

    fn online(&self, active: &[UserId]) -> usize {
        let online = active.iter().filter(|user| self.fanout.is_online(**user));
        online.count()
    }
}

fn order(one: &Hot, other: &Hot, by: HotBy) -> Ordering {
    one.chat.order(&other.chat, by)
}

/// Takes the requests of [`NodePeers`](super::requests::NodePeers).
pub struct InspectorActor {
    inspector: Arc<Inspector>,
}

impl InspectorActor {
    pub fn new(inspector: Arc<Inspector>) -> Self {
        Self { inspector }
    }
}

impl Actor for InspectorActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

handles! { InspectorActor.inspector:
    ListHotChats => list_hot_chats,
    InspectChat => inspect_chat,
    InspectSockets => inspect_sockets,
    FindTrace => find_trace,
    InspectNode => inspect_node,
    ListFaults => list_faults,
    SetFault => set_fault,
    ClearFaults => clear_faults,
    AdvanceClock => advance_clock,
}
