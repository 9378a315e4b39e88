//! Starts the groups and hands their peers to the workers.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Arbiter, ArbiterHandle, Context, Recipient};
use actix_web::web::{Data, ServiceConfig};

use super::{StartError, failed};
use crate::actors::auth::access_token::TokenRules;
use crate::actors::auth::actor::{Auth, AuthActor};
use crate::actors::auth::keyring::Keyring;
use crate::actors::auth::requests::{AuthPeers, Revocations};
use crate::actors::auth::sender::Sender;
use crate::actors::chat::group::{ChatGroup, Desk};
use crate::actors::chat::relay::Relay;
use crate::actors::chat::requests::{ChatPeers, RosterPeers};
use crate::actors::chat::scope::ChatServices;
use crate::actors::chat::shard::ChatShard;
use crate::actors::chat::writer::Writer;
use crate::actors::cluster::requests::OwnersChanged;
use crate::actors::cluster::{Cluster, Local};
use crate::actors::fanout::Fanout;
use crate::actors::guardian::{GroupState, Guardian};
use crate::actors::message::actor::{MessageActor, Reader};
use crate::actors::message::requests::MessagePeers;
use crate::actors::placement::{ChatDoor, Remote};
use crate::actors::user::actor::{UserActor, Users};
use crate::actors::user::requests::UserPeers;
use crate::actors::websocket::{SocketNeeds, Websocket};
use crate::clock::Clock;
use crate::config::{AuthConfig, Config};
use crate::event::EventBus;
use crate::http::extract::Gate;
use crate::storage::Stores;

/// How long a chat without commands keeps its actor.
const CHAT_IDLE: Duration = Duration::from_secs(5 * 60);

/// The ways into every group. Cheap to clone; each worker gets one.
#[derive(Clone)]
pub struct Groups {
    states: Vec<GroupState>,
    pub(super) auth: AuthPeers,
    pub(super) user: UserPeers,
    pub(super) chat: ChatPeers,
    pub(super) roster: RosterPeers,
    pub(super) message: MessagePeers,
    pub(super) door: ChatDoor,
    fanout: Fanout,
    sockets: Websocket,
    gate: Gate,
    cluster: Option<Cluster>,
}

impl Groups {
    pub async fn start(
        config: &Arc<Config>,
        stores: &Stores,
        clock: Clock,
        nodes: Option<Cluster>,
    ) -> Result<Self, StartError> {
        let fanout = match &nodes {
            Some(cluster) => cluster.fanout().clone(),
            None => Fanout::default(),
        };
        let (door, shards) = start_chats(stores, &fanout, clock, nodes.as_ref());
        Relay::new(Arc::clone(&stores.messages), EventBus::default(), clock).start();

        let ground = Ground {
            config: Arc::clone(config),
            stores: stores.clone(),
            clock,
            fanout,
            door,
            revocations: Revocations::default(),
        };
        let mut guarded = Guarded::default();
        let (auth, user) = ground.start_accounts(&mut guarded).await?;
        let (chat, roster, message) = ground.start_chat_desks(&mut guarded);
        let sockets = ground.start_sockets(&auth, &user, &message);
        let gate = ground.gate(&auth);
        if let Some(cluster) = &nodes {
            join(cluster, &ground.door, shards, &sockets).await?;
        }
        Ok(Self {
            states: guarded.states,
            auth,
            user,
            chat,
            roster,
            message,
            door: ground.door,
            fanout: ground.fanout,
            sockets,
            gate,
            cluster: nodes,
        })
    }

    pub fn states(&self) -> Vec<GroupState> {
        self.states.clone()
    }

    /// Gives a public worker what its handlers take; runs on the worker's own arbiter.
    pub fn equip(&self, worker: &mut ServiceConfig) {
        worker
            .app_data(Data::new(self.auth.clone()))
            .app_data(Data::new(self.user.clone()))
            .app_data(Data::new(self.chat.clone()))
            .app_data(Data::new(self.message.clone()))
            .app_data(Data::new(self.door.clone()))
            .app_data(Data::new(self.fanout.clone()))
            .app_data(Data::new(self.gate.clone()))
            .app_data(Data::new(self.sockets.doorway()));
    }

    /// The same for the admin listener.
    pub fn equip_admin(&self, worker: &mut ServiceConfig) {
        worker
            .app_data(Data::new(self.auth.clone()))
            .app_data(Data::new(self.fanout.clone()));
    }

    /// Gives this node's chats to the others.
    pub fn drain_chats(&self) {
        if let Some(cluster) = &self.cluster {
            cluster.drain();
        }
    }

    /// Says that this node goes; the last thing that is said.
    pub async fn leave(&self) {
        if let Some(cluster) = &self.cluster {
            cluster.leave().await;
        }
    }

    /// Tells sockets to go and waits until they have gone.
    pub async fn drain_sockets(&self, patience: Duration) {
        self.sockets.drain(patience).await;
    }
}

/// From here on this node is one of several.
async fn join(
    cluster: &Cluster,
    door: &ChatDoor,
    shards: Vec<Recipient<OwnersChanged>>,
    sockets: &Websocket,
) -> Result<(), StartError> {
    door.reach_elsewhere(Arc::new(cluster.clone()));
    let local = Local {
        door: door.clone(),
        shards,
        presence: sockets.presence_door(),
    };
    cluster.join(local).await.map_err(failed)
}

/// What every group stands on.
struct Ground {
    config: Arc<Config>,
    stores: Stores,
    clock: Clock,
    fanout: Fanout,
    door: ChatDoor,
    revocations: Revocations,
}

impl Ground {
    async fn start_accounts(
        &self,
        guarded: &mut Guarded,
    ) -> Result<(AuthPeers, UserPeers), StartError> {
        let accounts = Arbiter::new().handle();
        let auth = open_auth(&self.config, &self.stores, self.clock, &self.revocations).await?;
        let limits = &self.config.limits;
        let users = Arc::new(Users {
            stores: self.stores.clone(),
            clock: self.clock,
            fanout: self.fanout.clone(),
            chats: self.door.clone(),
            keyring: Arc::clone(&auth.keyring),
            contact_budget: (!limits.unlimited).then(|| limits.contacts.bucket()),
        });
        let auth = guarded.start("auth", &accounts, move || AuthActor::new(Arc::clone(&auth)));
        let user = guarded.start("user", &accounts, move || {
            UserActor::new(Arc::clone(&users))
        });
        Ok((AuthPeers::of(&auth), UserPeers::of(&user)))
    }

    fn start_chat_desks(&self, guarded: &mut Guarded) -> (ChatPeers, RosterPeers, MessagePeers) {
        let reading = Arbiter::new().handle();
        let desk = Desk::new(self.stores.clone(), self.fanout.clone(), self.clock);
        let chat = guarded.start("chat", &reading, move || ChatGroup::new(desk.clone()));
        let reader = Reader::new(self.stores.clone(), self.clock);
        let message = guarded.start("message", &reading, move || {
            MessageActor::new(reader.clone())
        });
        let peers = (ChatPeers::of(&chat), RosterPeers::of(&chat));
        (peers.0, peers.1, MessagePeers::of(&message))
    }

    fn start_sockets(
        &self,
        auth: &AuthPeers,
        user: &UserPeers,
        message: &MessagePeers,
    ) -> Websocket {
        let config = &self.config;
        Websocket::start(SocketNeeds {
            settings: config.websocket.settings(config.limits.unlimited),
            clock: self.clock,
            tail: Arc::new(self.stores.clone()),
            presence: Arc::clone(&self.stores.presence),
            fanout: self.fanout.clone(),
            door: self.door.clone(),
            revocations: self.revocations.clone(),
            validate_token: auth.validate_token.clone(),
            get_presence: user.get_presence.clone(),
            find_presence: user.find_presence.clone(),
            sync_chats: message.sync_chats.clone(),
        })
    }

    fn gate(&self, auth: &AuthPeers) -> Gate {
        let budget = self.config.limits.user.bucket();
        let limits = Arc::clone(&self.stores.limits);
        let revocations = self.revocations.clone();
        Gate::new(auth.clone(), revocations, self.clock, limits, budget)
    }
}

/// Starts groups behind guardians and keeps what these show.
#[derive(Default)]
struct Guarded {
    states: Vec<GroupState>,
}

impl Guarded {
    fn start<A: Actor<Context = Context<A>>>(
        &mut self,
        name: &'static str,
        arbiter: &ArbiterHandle,
        factory: impl FnMut() -> A + Send + 'static,
    ) -> actix::Addr<Guardian<A>> {
        let state = GroupState::new(name);
        self.states.push(state.clone());
        Guardian::start_in(arbiter, state, factory)
    }
}

/// What this installation's access tokens say.
pub fn token_rules(config: &AuthConfig) -> TokenRules {
    TokenRules {
        issuer: config.issuer.clone(),
        audience: config.audience.clone(),
        lifetime: config.access_lifetime,
    }
}

async fn open_auth(
    config: &Arc<Config>,
    stores: &Stores,
    clock: Clock,
    revocations: &Revocations,
) -> Result<Arc<Auth>, StartError> {
    let rules = token_rules(&config.auth);
    let keyring = Keyring::open(
        Arc::clone(&stores.keys),
        rules,
        config.auth.renew_keys_after,
        clock.now(),
    );
    Ok(Arc::new(Auth {
        config: config.auth.clone(),
        is_unlimited: config.limits.unlimited,
        stores: stores.clone(),
        clock,
        keyring: Arc::new(keyring.await.map_err(failed)?),
        sender: Sender::new(&config.auth.otp).map_err(failed)?,
        revocations: revocations.clone(),
    }))
}

/// A shard and its writer per processor, each pair on an arbiter of its own.
fn start_chats(
    stores: &Stores,
    fanout: &Fanout,
    clock: Clock,
    nodes: Option<&Cluster>,
) -> (ChatDoor, Vec<Recipient<OwnersChanged>>) {
    let shards = std::thread::available_parallelism().map_or(2, usize::from);
    let started = (0..shards).map(|_| {
        let arbiter = Arbiter::new().handle();
        let (messages, chats) = (Arc::clone(&stores.messages), Arc::clone(&stores.chats));
        let writer = Writer::start_in_arbiter(&arbiter, |_| Writer::new(messages, chats));
        let services = ChatServices {
            stores: stores.clone(),
            fanout: fanout.clone(),
            clock,
            writer: writer.recipient(),
            remote: nodes.map(|cluster| Arc::new(cluster.clone()) as Arc<dyn Remote>),
        };
        ChatShard::start_in_arbiter(&arbiter, |_| ChatShard::new(services, CHAT_IDLE))
    });
    let started: Vec<_> = started.collect();
    let doors = started.iter().map(|shard| shard.clone().recipient());
    let shards = started.iter().map(|shard| shard.clone().recipient());
    (ChatDoor::new(doors.collect()), shards.collect())
}
