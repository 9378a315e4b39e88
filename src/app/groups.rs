//! Starts the groups and hands their peers to the workers.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Arbiter, ArbiterHandle, Context};
use actix_web::web::{Data, ServiceConfig};

use super::{StartError, failed};
use crate::actors::auth::access_token::TokenRules;
use crate::actors::auth::actor::{Auth, AuthActor};
use crate::actors::auth::keyring::Keyring;
use crate::actors::auth::requests::{AuthPeers, Revocations};
use crate::actors::auth::sender::Sender;
use crate::actors::chat::relay::Relay;
use crate::actors::chat::scope::ChatServices;
use crate::actors::chat::shard::ChatShard;
use crate::actors::chat::writer::Writer;
use crate::actors::fanout::Fanout;
use crate::actors::guardian::{GroupState, Guardian};
use crate::actors::message::actor::{MessageActor, Reader};
use crate::actors::message::requests::MessagePeers;
use crate::actors::placement::ChatDoor;
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
    auth: AuthPeers,
    message: MessagePeers,
    door: ChatDoor,
    fanout: Fanout,
    gate: Gate,
}

impl Groups {
    pub async fn start(
        config: &Arc<Config>,
        stores: &Stores,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let fanout = Fanout::default();
        let revocations = Revocations::default();
        let mut guarded = Guarded::default();

        let accounts = Arbiter::new().handle();
        let auth = auth(config, stores, clock, &revocations).await?;
        let auth = AuthPeers::of(
            &guarded.start("auth", &accounts, move || AuthActor::new(Arc::clone(&auth))),
        );

        let reading = Arbiter::new().handle();
        let reader = Reader::new(stores.clone(), clock);
        let message = MessagePeers::of(&guarded.start("message", &reading, move || {
            MessageActor::new(reader.clone())
        }));
        let door = start_chats(stores, &fanout, clock);
        Relay::new(Arc::clone(&stores.messages), EventBus::default(), clock).start();

        let gate = Gate::new(
            auth.clone(),
            revocations,
            clock,
            Arc::clone(&stores.limits),
            config.limits.user.bucket(),
        );
        Ok(Self {
            states: guarded.states,
            auth,
            message,
            door,
            fanout,
            gate,
        })
    }

    pub fn states(&self) -> Vec<GroupState> {
        self.states.clone()
    }

    /// Gives a public worker what its handlers take; runs on the worker's own arbiter.
    pub fn equip(&self, worker: &mut ServiceConfig) {
        worker
            .app_data(Data::new(self.auth.clone()))
            .app_data(Data::new(self.message.clone()))
            .app_data(Data::new(self.door.clone()))
            .app_data(Data::new(self.fanout.clone()))
            .app_data(Data::new(self.gate.clone()));
    }

    /// The same for the admin listener.
    pub fn equip_admin(&self, worker: &mut ServiceConfig) {
        worker
            .app_data(Data::new(self.auth.clone()))
            .app_data(Data::new(self.fanout.clone()));
    }

    /// Tells sockets to go and waits until they have gone.
    pub async fn drain_sockets(&self, _patience: Duration) {}
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

async fn auth(
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
fn start_chats(stores: &Stores, fanout: &Fanout, clock: Clock) -> ChatDoor {
    let shards = std::thread::available_parallelism().map_or(2, usize::from);
    let doors = (0..shards).map(|_| {
        let arbiter = Arbiter::new().handle();
        let messages = Arc::clone(&stores.messages);
        let writer = Writer::start_in_arbiter(&arbiter, |_| Writer::new(messages));
        let services = ChatServices {
            stores: stores.clone(),
            fanout: fanout.clone(),
            clock,
            writer: writer.recipient(),
        };
        ChatShard::start_in_arbiter(&arbiter, |_| ChatShard::new(services, CHAT_IDLE)).recipient()
    });
    ChatDoor::new(doors.collect())
}
