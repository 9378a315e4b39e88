//! Starts the groups of this process, each behind its guardian, and a stand-in for each of the others.

use std::sync::Arc;

use actix::{Actor, Addr, Arbiter, ArbiterHandle, AsyncContext, Context, Recipient};

use super::chats::{StartedChats, start_chats};
use super::keys::open_keyring;
use super::{StartError, events, failed, pushes};
use crate::actors::auth::actor::{Auth, AuthActor};
use crate::actors::auth::keyring::Keyring;
use crate::actors::auth::requests::{AuthPeers, Revocations};
use crate::actors::auth::sender::Sender;
use crate::actors::auth::watch::RevocationWatch;
use crate::actors::chat::group::{ChatGroup, Desk};
use crate::actors::chat::publishing::Outbox;
use crate::actors::chat::relay::Relay;
use crate::actors::chat::requests::{ChatPeers, RosterPeers};
use crate::actors::chat::vitals::{FindHot, LookAt};
use crate::actors::cluster::Cluster;
use crate::actors::cluster::requests::OwnersChanged;
use crate::actors::fanout::Fanout;
use crate::actors::group::Group;
use crate::actors::guardian::{GroupState, Guardian};
use crate::actors::inspection::actor::{FaultRules, Inspector, InspectorActor};
use crate::actors::inspection::requests::NodePeers;
use crate::actors::keeper::Keeper;
use crate::actors::media::actor::{Media, MediaActor};
use crate::actors::media::requests::{MediaDesk, MediaPeers};
use crate::actors::message::actor::{MessageActor, Reader};
use crate::actors::message::requests::MessagePeers;
use crate::actors::notification::actor::NotificationActor;
use crate::actors::notification::requests::NotificationPeers;
use crate::actors::placement::{ChatDoor, Remote};
use crate::actors::remote::StandIn;
use crate::actors::user::actor::{UserActor, Users};
use crate::actors::user::requests::UserPeers;
use crate::actors::vital::Vital;
use crate::actors::websocket::{SocketNeeds, Websocket};
use crate::clock::Clock;
use crate::config::{Backend, Config};
use crate::http::extract::Gate;
use crate::storage::Stores;
use crate::storage::events::EventStream;

/// What every group stands on.
pub struct Ground {
    config: Arc<Config>,
    stores: Stores,
    clock: Clock,
    nodes: Option<Cluster>,
    pub fanout: Fanout,
    pub door: ChatDoor,
    pub shards: Vec<Recipient<OwnersChanged>>,
    hot: Vec<Recipient<FindHot>>,
    actors: Vec<Recipient<LookAt>>,
    pub media: MediaPeers,
    reading: ArbiterHandle,
    revocations: Revocations,
    /// Where events are made or heard.
    events: Option<Arc<dyn EventStream>>,
    /// Of the groups that run here.
    pub states: Vec<GroupState>,
    /// Without which this process cannot go on.
    pub vital: Vital,
}

impl Ground {
    /// Starts the chats, if they are here.
    pub async fn new(
        config: &Arc<Config>,
        stores: &Stores,
        clock: Clock,
        nodes: Option<Cluster>,
    ) -> Result<Self, StartError> {
        let fanout = match &nodes {
            Some(cluster) => cluster.fanout().clone(),
            None => Fanout::default(),
        };
        let events = match config.groups.has_any(&[Group::Chat, Group::Notification]) {
            true => Some(events::open(config, clock, nodes.as_ref()).await?),
            false => None,
        };
        let reading = Arbiter::new().handle();
        let (mut states, vital) = (Vec::new(), Vital::default());
        let media = start_media(
            config,
            stores,
            clock,
            nodes.as_ref(),
            (&reading, &mut states),
        )?;
        let made = events
            .clone()
            .filter(|_| config.groups.contains(Group::Chat));
        let started = if let Some(events) = made {
            let relay = Context::new();
            let told = relay.address().recipient();
            let desk = MediaDesk::new(&media);
            let peers = (&told, &desk);
            let started = start_chats(stores, &fanout, clock, nodes.as_ref(), peers, &vital);
            let outbox = Arc::new(Outbox {
                messages: Arc::clone(&stores.messages),
                chats: Arc::clone(&stores.chats),
                events,
                door: started.door.clone(),
                remote: remote(nodes.as_ref()),
                clock,
                replayed: Default::default(),
            });
            relay.run(keep_relay(outbox, clock));
            started
        } else {
            StartedChats::of(&[])
        };
        Ok(Self {
            config: Arc::clone(config),
            stores: stores.clone(),
            clock,
            nodes,
            fanout,
            door: started.door,
            shards: started.moving,
            hot: started.hot,
            actors: started.actors,
            media,
            reading,
            revocations: Revocations::default(),
            events,
            states,
            vital,
        })
    }

    fn runs(&self, group: Group) -> bool {
        self.config.groups.contains(group)
    }

    pub async fn start_accounts(&mut self) -> Result<(AuthPeers, UserPeers), StartError> {
        let accounts = Arbiter::new().handle();
        self.watch_revocations(&accounts);
        let keyring = if self.runs(Group::Auth) || self.runs(Group::User) {
            Some(Arc::new(
                open_keyring(&self.config, &self.stores, self.clock).await?,
            ))
        } else {
            None
        };
        let auth = match keyring.clone().filter(|_| self.runs(Group::Auth)) {
            Some(keyring) => {
                let auth = Arc::new(self.auth(keyring)?);
                let factory = move || AuthActor::new(Arc::clone(&auth));
                AuthPeers::of(&self.start(Group::Auth, &accounts, factory))
            }
            None => AuthPeers::elsewhere(&self.stand_in(Group::Auth, &accounts)?),
        };
        let user = match keyring.filter(|_| self.runs(Group::User)) {
            Some(keyring) => {
                let users = Arc::new(self.users(keyring));
                let factory = move || UserActor::new(Arc::clone(&users));
                UserPeers::of(&self.start(Group::User, &accounts, factory))
            }
            None => UserPeers::elsewhere(&self.stand_in(Group::User, &accounts)?),
        };
        Ok((auth, user))
    }

    pub fn start_chat_desks(
        &mut self,
    ) -> Result<(ChatPeers, Option<RosterPeers>, MessagePeers), StartError> {
        let reading = self.reading.clone();
        let (chat, roster) = if self.runs(Group::Chat) {
            let (stores, fanout) = (self.stores.clone(), self.fanout.clone());
            let door = self.door.clone();
            let desk = Desk::new(stores, fanout, self.clock, self.media_desk(), door);
            let factory = move || ChatGroup::new(desk.clone());
            let chat = self.start(Group::Chat, &reading, factory);
            (ChatPeers::of(&chat), Some(RosterPeers::of(&chat)))
        } else {
            (
                ChatPeers::elsewhere(&self.stand_in(Group::Chat, &reading)?),
                None,
            )
        };
        let message = if self.runs(Group::Message) {
            let reader = Reader::new(self.stores.clone(), self.clock);
            let factory = move || MessageActor::new(reader.clone());
            MessagePeers::of(&self.start(Group::Message, &reading, factory))
        } else {
            MessagePeers::elsewhere(&self.stand_in(Group::Message, &reading)?)
        };
        Ok((chat, roster, message))
    }

    pub fn start_pushes(&mut self) -> Result<NotificationPeers, StartError> {
        let arbiter = Arbiter::new().handle();
        let here = self.runs(Group::Notification);
        let Some(events) = self.events.clone().filter(|_| here) else {
            let stand_in = self.stand_in(Group::Notification, &arbiter)?;
            return Ok(NotificationPeers::elsewhere(&stand_in));
        };
        let desk = pushes::desk(&self.config, &self.stores, self.clock, &self.fanout, events)?;
        let desk = Arc::new(desk);
        let factory = move || NotificationActor::new(Arc::clone(&desk));
        let group = self.start(Group::Notification, &arbiter, factory);
        Ok(NotificationPeers::of(&group))
    }

    pub fn start_sockets(
        &self,
        auth: &AuthPeers,
        user: &UserPeers,
        message: &MessagePeers,
    ) -> Option<Websocket> {
        let config = &self.config;
        self.runs(Group::Websocket).then(|| {
            Websocket::start(SocketNeeds {
                settings: config
                    .websocket
                    .settings(config.limits.unlimited, &config.media),
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
        })
    }

    /// What answers for this process, behind a guardian of its own.
    pub fn start_inspector(&mut self, sockets: Option<Websocket>) -> NodePeers {
        let inspector = Arc::new(Inspector {
            hot: std::mem::take(&mut self.hot),
            actors: std::mem::take(&mut self.actors),
            fanout: self.fanout.clone(),
            sockets,
            groups: self.states.clone(),
            clock: self.clock,
            faults: FaultRules {
                are_allowed: self.config.admin.faults,
                moves_clock: self.config.storage.backend == Backend::Embedded,
            },
        });
        let factory = move || InspectorActor::new(Arc::clone(&inspector));
        let guardian = Guardian::start_in(&self.reading, GroupState::new("inspection"), factory);
        NodePeers::of(&guardian)
    }

    pub fn gate(&self, auth: &AuthPeers) -> Gate {
        let budget = self.config.limits.user.bucket();
        let limits = Arc::clone(&self.stores.limits);
        let revocations = self.revocations.clone();
        Gate::new(auth.clone(), revocations, self.clock, limits, budget)
    }

    /// Wherever tokens are checked.
    fn watch_revocations(&self, arbiter: &ArbiterHandle) {
        let checking = [Group::Gateway, Group::Auth, Group::Websocket, Group::Media];
        if !self.config.groups.has_any(&checking) {
            return;
        }
        let watch = RevocationWatch {
            sessions: Arc::clone(&self.stores.sessions),
            clock: self.clock,
            revocations: self.revocations.clone(),
            access_lifetime: self.config.auth.access_lifetime,
        };
        let state = GroupState::new("revocations");
        Guardian::start_in(arbiter, state, move || watch.clone());
    }

    fn auth(&self, keyring: Arc<Keyring>) -> Result<Auth, StartError> {
        let config = &self.config;
        Ok(Auth {
            config: config.auth.clone(),
            is_unlimited: config.limits.unlimited,
            stores: self.stores.clone(),
            clock: self.clock,
            keyring,
            sender: Sender::new(&config.auth.otp).map_err(failed)?,
            revocations: self.revocations.clone(),
        })
    }

    fn media_desk(&self) -> MediaDesk {
        MediaDesk::new(&self.media)
    }

    fn users(&self, keyring: Arc<Keyring>) -> Users {
        let limits = &self.config.limits;
        Users {
            stores: self.stores.clone(),
            clock: self.clock,
            fanout: self.fanout.clone(),
            chats: self.door.clone(),
            media: self.media_desk(),
            keyring,
            contact_budget: (!limits.unlimited).then(|| limits.contacts.bucket()),
        }
    }

    /// Starts a group behind a guardian, and keeps what that shows.
    fn start<A: Actor<Context = Context<A>>>(
        &mut self,
        group: Group,
        arbiter: &ArbiterHandle,
        factory: impl FnMut() -> A + Send + 'static,
    ) -> Addr<Guardian<A>> {
        let state = GroupState::new(group.name());
        self.states.push(state.clone());
        Guardian::start_in(arbiter, state, factory)
    }

    fn stand_in(
        &self,
        group: Group,
        arbiter: &ArbiterHandle,
    ) -> Result<Addr<Guardian<StandIn>>, StartError> {
        stand_in(group, self.nodes.as_ref(), arbiter)
    }
}

fn keep_relay(outbox: Arc<Outbox>, clock: Clock) -> Keeper<Relay> {
    Keeper::new("outbox relay", move || {
        Relay::new(Arc::clone(&outbox), clock)
    })
}

/// The media group, or what stands for it.
fn start_media(
    config: &Config,
    stores: &Stores,
    clock: Clock,
    nodes: Option<&Cluster>,
    (arbiter, states): (&ArbiterHandle, &mut Vec<GroupState>),
) -> Result<MediaPeers, StartError> {
    if !config.groups.contains(Group::Media) {
        let stand_in = stand_in(Group::Media, nodes, arbiter)?;
        return Ok(MediaPeers::elsewhere(&stand_in));
    }
    let media = Arc::new(Media::new(stores.clone(), clock));
    let state = GroupState::new(Group::Media.name());
    states.push(state.clone());
    let factory = move || MediaActor::new(Arc::clone(&media));
    Ok(MediaPeers::of(&Guardian::start_in(arbiter, state, factory)))
}

/// A stand-in for a group of another process; its guardian bounds what is under way there.
fn stand_in(
    group: Group,
    nodes: Option<&Cluster>,
    arbiter: &ArbiterHandle,
) -> Result<Addr<Guardian<StandIn>>, StartError> {
    let Some(cluster) = nodes.cloned() else {
        return Err(failed(format!("{} runs nowhere", group.name())));
    };
    let state = GroupState::new(group.name());
    Ok(Guardian::start_in(arbiter, state, move || {
        StandIn::new(group, Arc::new(cluster.clone()))
    }))
}

pub(super) fn remote(nodes: Option<&Cluster>) -> Option<Arc<dyn Remote>> {
    nodes.map(|cluster| Arc::new(cluster.clone()) as Arc<dyn Remote>)
}
