//! The composition root: opens the stores, starts the groups, then the listeners; ends in reverse.
//! The only place that names a concrete store.

mod chats;
mod demo;
mod dependencies;
mod drain;
mod events;
mod ground;
mod groups;
mod grpc;
mod jobs;
mod keys;
mod listeners;
mod lock;
mod media;
mod nodes;
mod pushes;
mod stores;
mod token;

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::web;
use tokio::time::Instant;

pub use self::dependencies::{Finding, examine};
use self::drain::Signals;
use self::groups::Groups;
use self::jobs::JobNeeds;
pub use self::jobs::{list as list_jobs, run as run_job};
use self::listeners::Listeners;
pub use self::token::issue as issue_token;
use crate::actors::cluster::requests::Installation;
use crate::actors::group::Group;
use crate::actors::jobs::requests::JobDesk;
use crate::clock::Clock;
use crate::config::{Backend, Config};
use crate::http::health::{Needs, Readiness, SmallStore};
use crate::http::server::{Shared, serve_admin, serve_public};
use crate::id::NodeId;
use crate::storage::Stores;
use crate::telemetry::{self, Metrics};
use crate::wire::origin;

/// Why the program could not start, or failed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Something outside that a setting cures.
    #[error("{setting}: {what}; {cure}")]
    Setting {
        setting: &'static str,
        what: String,
        cure: Cow<'static, str>,
    },
    #[error("{0}")]
    Failed(String),
}

/// Where the listeners ended up; of several public ones the first.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    pub public: SocketAddr,
    pub admin: SocketAddr,
}

impl Addresses {
    fn of(listeners: &Listeners) -> Result<Self, StartError> {
        let first = listeners.public.first();
        let first = first.ok_or_else(|| failed("nothing listens"))?;
        let public = listeners::address(first)?;
        origin::listening_at(public);
        Ok(Self {
            public,
            admin: listeners::address(&listeners.admin)?,
        })
    }
}

/// Runs everything until a signal ends it. `ready` is called once it serves.
/// `demo` adds the demo people.
pub fn run(config: Config, demo: bool, ready: impl FnOnce(&Addresses)) -> Result<(), StartError> {
    let _lock = match config.storage.backend {
        Backend::Embedded => Some(lock::take(&config.storage.data_dir)?),
        Backend::Distributed => None,
    };
    actix::System::new().block_on(serve(Arc::new(config), demo, ready))
}

/// Brings the schema of the distributed storage up to date; answers what was applied.
pub fn migrate(config: &Config) -> Result<Vec<String>, StartError> {
    actix::System::new().block_on(stores::migrate(config))
}

async fn serve(
    config: Arc<Config>,
    demo: bool,
    ready: impl FnOnce(&Addresses),
) -> Result<(), StartError> {
    let began = Instant::now();
    let clock = Clock::System;
    let mut signals = Signals::listen()?;
    let listeners = listeners::bind(&config)?;
    let addresses = Addresses::of(&listeners)?;
    let grpc = grpc::bind(&config.grpc, config.groups)?;
    let metrics = telemetry::start_metrics();
    actix::spawn(metrics.clone().keep_up());
    tokio::select! {
        waited = dependencies::wait(&config, &listeners) => waited?,
        () = signals.next() => return Ok(()),
    }
    let me = NodeId::new();
    let stores = stores::open(&config, clock, me).await?;
    let nodes = nodes::connect(&config, me, addresses.public).await?;
    let installation = nodes::installation(nodes.as_ref(), me, addresses.public);
    let groups = Groups::start(&config, &stores, clock, nodes).await?;
    let grpc = grpc::start(&config.grpc, grpc, &groups).await?;
    if demo {
        demo::populate(&groups, &stores, clock)
            .await
            .map_err(failed)?;
    }
    jobs::start(&JobNeeds::new(&config, &stores, &groups, me), |_| true);
    let readiness = Readiness::new(needs(&config, &stores, &groups, &installation), clock);
    let shared = Shared {
        config: Arc::clone(&config),
        limits: Arc::clone(&stores.limits),
    };
    let given = Given {
        groups: groups.clone(),
        readiness: readiness.clone(),
        installation,
        jobs: JobDesk {
            store: Arc::clone(&stores.jobs),
            clock,
        },
        metrics,
        clock,
    };
    let [public, admin] = given.serve(listeners, &shared)?;
    let handles = [public.handle(), admin.handle()];
    let serving = [actix::spawn(public), actix::spawn(admin)];
    tracing::info!(elapsed = ?began.elapsed(), public = %addresses.public, "ready");
    ready(&addresses);

    let why = signals.next_or_death(&groups.vital).await;
    let drained = drain::drain(&readiness, &groups, &handles, grpc);
    signals.unless_told_again(drained).await;
    for server in serving {
        server.abort();
    }
    why
}

/// What must be there for this process to be ready.
fn needs(
    config: &Config,
    stores: &Stores,
    groups: &Groups,
    installation: &Arc<dyn Installation>,
) -> Needs {
    let people = SmallStore::People(Arc::clone(&stores.user_log));
    let messages = SmallStore::Messages(Arc::clone(&stores.messages));
    let asks_messages = config.groups.has_any(&[Group::Chat, Group::Message]);
    let stores = match (config.storage.backend, asks_messages) {
        (Backend::Embedded, _) => vec![("storage", people)],
        (Backend::Distributed, false) => vec![("postgres", people)],
        (Backend::Distributed, true) => vec![("postgres", people), ("mongodb", messages)],
    };
    Needs {
        groups: groups.states(),
        stores,
        installation: Arc::clone(installation),
        elsewhere: config.groups.missing(),
    }
}

/// What the workers are given.
struct Given {
    groups: Groups,
    readiness: Readiness,
    installation: Arc<dyn Installation>,
    jobs: JobDesk,
    metrics: Metrics,
    clock: Clock,
}

impl Given {
    /// The public and the admin server.
    fn serve(self, listeners: Listeners, shared: &Shared) -> Result<[Server; 2], StartError> {
        let (groups, clock) = (self.groups.clone(), self.clock);
        let (state, numbers) = (self.readiness.clone(), self.metrics.clone());
        let equip_sockets = groups.socket_equipment();
        let equip = move |worker: &mut web::ServiceConfig| {
            worker
                .app_data(web::Data::new(state.clone()))
                .app_data(web::Data::new(numbers.clone()))
                .app_data(web::Data::new(clock));
            groups.equip(worker);
        };
        let public = serve_public(listeners.public, shared, equip, equip_sockets);
        let admin = serve_admin(listeners.admin, shared, move |worker| {
            worker
                .app_data(web::Data::new(self.readiness.clone()))
                .app_data(web::Data::from(Arc::clone(&self.installation)))
                .app_data(web::Data::new(self.jobs.clone()))
                .app_data(web::Data::new(self.metrics.clone()));
            self.groups
                .equip_admin(worker, &self.installation, self.clock);
        });
        Ok([public.map_err(failed)?, admin.map_err(failed)?])
    }
}

fn failed(error: impl std::fmt::Display) -> StartError {
    StartError::Failed(error.to_string())
}
