//! The groups that this process runs, the ways to those it does not, and what its workers are given.

use std::sync::Arc;
use std::time::Duration;

use actix::Recipient;
use actix_web::web::{Data, ServiceConfig};

use super::ground::Ground;
use super::{StartError, failed, media};
use crate::actors::auth::requests::AuthPeers;
use crate::actors::chat::requests::{ChatPeers, RosterPeers};
use crate::actors::cluster::requests::{Installation, OwnersChanged};
use crate::actors::cluster::serving::Offer;
use crate::actors::cluster::{Cluster, Local};
use crate::actors::fanout::Fanout;
use crate::actors::group::{Group, GroupSet};
use crate::actors::guardian::GroupState;
use crate::actors::inspection::requests::{NodeDesk, NodePeers};
use crate::actors::media::requests::{MediaPeers, Uploads};
use crate::actors::message::requests::MessagePeers;
use crate::actors::notification::requests::NotificationPeers;
use crate::actors::placement::ChatDoor;
use crate::actors::remote::CarryTo;
use crate::actors::user::requests::UserPeers;
use crate::actors::vital::Vital;
use crate::actors::websocket::Websocket;
use crate::clock::Clock;
use crate::config::Config;
use crate::http::extract::Gate;
use crate::http::tunnel::{Doors, Seal, Tunnel, UploadTunnel};
use crate::storage::Stores;

/// The ways into every group. Cheap to clone; each worker gets one.
#[derive(Clone)]
pub struct Groups {
    here: GroupSet,
    states: Vec<GroupState>,
    /// Without which this process cannot go on.
    pub(super) vital: Vital,
    pub(super) auth: AuthPeers,
    pub(super) user: UserPeers,
    pub(super) chat: ChatPeers,
    /// Where the chats are.
    pub(super) roster: Option<RosterPeers>,
    pub(super) message: MessagePeers,
    pub(super) media: MediaPeers,
    /// Where media are kept.
    uploads: Option<Uploads>,
    stores: Stores,
    notification: NotificationPeers,
    pub(super) door: ChatDoor,
    fanout: Fanout,
    /// Where there are sockets.
    sockets: Option<Websocket>,
    gate: Gate,
    /// At a gateway that has none.
    tunnel: Option<Tunnel>,
    upload_tunnel: Option<UploadTunnel>,
    seal: Seal,
    cluster: Option<Cluster>,
    /// Answers for this process.
    inspector: NodePeers,
}

impl Groups {
    pub async fn start(
        config: &Arc<Config>,
        stores: &Stores,
        clock: Clock,
        nodes: Option<Cluster>,
    ) -> Result<Self, StartError> {
        let mut ground = Ground::new(config, stores, clock, nodes.clone()).await?;
        let (auth, user) = ground.start_accounts().await?;
        let (chat, roster, message) = ground.start_chat_desks()?;
        let notification = ground.start_pushes()?;
        let sockets = ground.start_sockets(&auth, &user, &message);
        let inspector = ground.start_inspector(sockets.clone());
        let seal = Seal::new(&config.storage.keys_secret, clock);
        let doors = open_doors(config, &seal, nodes.as_ref())?;
        let without = |group| doors.clone().filter(|_| !config.groups.contains(group));
        let groups = Self {
            tunnel: without(Group::Websocket).map(Tunnel::new),
            upload_tunnel: without(Group::Media)
                .map(|doors| UploadTunnel::new(doors, config.media.upload_timeout)),
            uploads: media::open_uploads(config, stores, clock).await?,
            stores: stores.clone(),
            media: ground.media.clone(),
            seal,
            here: config.groups,
            gate: ground.gate(&auth),
            states: std::mem::take(&mut ground.states),
            vital: ground.vital.clone(),
            auth,
            user,
            chat,
            roster,
            message,
            notification,
            door: ground.door.clone(),
            fanout: ground.fanout.clone(),
            inspector,
            sockets,
            cluster: nodes,
        };
        groups.join(ground.shards).await?;
        Ok(groups)
    }

    /// From here on this node is one of several, if it is to be.
    async fn join(&self, shards: Vec<Recipient<OwnersChanged>>) -> Result<(), StartError> {
        let Some(cluster) = &self.cluster else {
            return Ok(());
        };
        self.door.reach_elsewhere(Arc::new(cluster.clone()));
        let local = Local {
            door: self.door.clone(),
            shards,
            offers: self.offers(),
            itself: Some(Arc::new(self.inspector.clone())),
        };
        cluster.join(local).await.map_err(failed)
    }

    /// What other processes may ask here.
    fn offers(&self) -> Vec<Offer> {
        let offers = [
            Offer::new(Group::Auth, self.auth.clone()),
            Offer::new(Group::User, self.user.clone()),
            Offer::new(Group::Chat, self.chat.clone()),
            Offer::new(Group::Message, self.message.clone()),
            Offer::new(Group::Media, self.media.clone()),
            Offer::new(Group::Notification, self.notification.clone()),
        ];
        let here = |offer: &Offer| self.here.contains(offer.group);
        offers.into_iter().filter(here).collect()
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
            .app_data(Data::new(self.media.clone()))
            .app_data(Data::new(self.stores.described.clone()))
            .app_data(Data::from(Arc::clone(&self.stores.media)))
            .app_data(Data::from(Arc::clone(&self.stores.blobs)))
            .app_data(Data::new(self.notification.clone()))
            .app_data(Data::new(self.door.clone()))
            .app_data(Data::new(self.fanout.clone()))
            .app_data(Data::new(self.gate.clone()));
        worker.app_data(Data::new(self.seal.clone()));
        if let Some(tunnel) = &self.tunnel {
            worker.app_data(Data::new(tunnel.clone()));
        }
        if let Some(tunnel) = &self.upload_tunnel {
            worker.app_data(Data::new(tunnel.clone()));
        }
        if let Some(uploads) = &self.uploads {
            worker.app_data(Data::new(uploads.clone()));
        }
    }

    /// What gives a worker a lane for its sockets, if there are any here.
    pub fn socket_equipment(&self) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static + use<> {
        let sockets = self.sockets.clone();
        move |worker| {
            if let Some(sockets) = &sockets {
                worker.app_data(Data::new(sockets.doorway()));
            }
        }
    }

    /// The same for the admin listener.
    pub fn equip_admin(
        &self,
        worker: &mut ServiceConfig,
        installation: &Arc<dyn Installation>,
        clock: Clock,
    ) {
        let way = self.cluster.clone();
        let way = way.map(|cluster| Arc::new(cluster) as Arc<dyn CarryTo>);
        let desk = NodeDesk::new(Arc::clone(installation), self.inspector.clone(), way);
        worker
            .app_data(Data::new(desk))
            .app_data(Data::new(self.stores.clone()))
            .app_data(Data::new(clock))
            .app_data(Data::new(self.auth.clone()))
            .app_data(Data::new(self.user.clone()));
    }

    /// Gives this node's chats to the others.
    pub fn drain_chats(&self) {
        if let Some(cluster) = &self.cluster {
            cluster.drain();
        }
    }

    /// Takes no further requests of other processes, and waits for those that came.
    pub async fn stop_serving(&self) {
        if let Some(cluster) = &self.cluster {
            cluster.stop_serving().await;
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
        if let Some(tunnel) = &self.tunnel {
            tunnel.drain(patience).await;
        }
        if let Some(sockets) = &self.sockets {
            sockets.drain(patience).await;
        }
    }
}

/// At a gateway, for what is in other processes.
fn open_doors(
    config: &Config,
    seal: &Seal,
    nodes: Option<&Cluster>,
) -> Result<Option<Doors>, StartError> {
    let Some(cluster) = nodes.filter(|_| config.groups.contains(Group::Gateway)) else {
        return Ok(None);
    };
    let doors = Doors::new(Arc::new(cluster.clone()), seal.clone());
    doors.map(Some).map_err(failed)
}
