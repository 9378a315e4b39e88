//! The composition root: opens the stores, starts the groups, then the listeners; ends in reverse.
//! The only place that names a concrete store.

mod demo;
mod dependencies;
mod drain;
mod groups;
mod grpc;
mod listeners;
mod lock;
mod nodes;
mod stores;
mod token;

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::web;
use tokio::time::Instant;

pub use self::dependencies::{Finding, examine};
use self::drain::Signals;
use self::groups::Groups;
pub use self::token::issue as issue_token;
use crate::clock::Clock;
use crate::config::{Backend, Config};
use crate::http::health::Readiness;
use crate::http::server::{Shared, serve_admin, serve_public};
use crate::id::NodeId;
use crate::telemetry;

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

/// Where the listeners ended up.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    pub public: SocketAddr,
    pub admin: SocketAddr,
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
    let (public, admin) = listeners::bind(&config)?;
    let grpc = grpc::bind(&config.grpc, None)?;
    let addresses = Addresses {
        public: listeners::address(&public)?,
        admin: listeners::address(&admin)?,
    };
    let metrics = telemetry::start_metrics();
    actix::spawn(metrics.clone().keep_up());
    tokio::select! {
        waited = dependencies::wait(&config, &public) => waited?,
        () = signals.next() => return Ok(()),
    }
    let me = NodeId::new();
    let stores = stores::open(&config, clock, me).await?;
    let nodes = nodes::connect(&config, me, addresses.public).await?;
    let groups = Groups::start(&config, &stores, clock, nodes).await?;
    let grpc = grpc::start(&config.grpc, grpc, &groups).await?;
    if demo {
        demo::populate(&groups, &stores, clock)
            .await
            .map_err(failed)?;
    }
    let readiness = Readiness::new(groups.states(), Arc::clone(&stores.user_log), clock);

    let shared = Shared {
        config: Arc::clone(&config),
        limits: Arc::clone(&stores.limits),
    };
    let (equipment, state, numbers) = (groups.clone(), readiness.clone(), metrics.clone());
    let public = serve_public(public, &shared, move |worker| {
        worker
            .app_data(web::Data::new(state.clone()))
            .app_data(web::Data::new(numbers.clone()))
            .app_data(web::Data::new(clock));
        equipment.equip(worker);
    });
    let (equipment, state) = (groups.clone(), readiness.clone());
    let admin = serve_admin(admin, &shared, move |worker| {
        worker
            .app_data(web::Data::new(state.clone()))
            .app_data(web::Data::new(metrics.clone()));
        equipment.equip_admin(worker);
    });
    let (public, admin) = (public.map_err(failed)?, admin.map_err(failed)?);
    let handles = [public.handle(), admin.handle()];
    let serving = [actix::spawn(public), actix::spawn(admin)];
    tracing::info!(elapsed = ?began.elapsed(), public = %addresses.public, "ready");
    ready(&addresses);

    signals.next().await;
    let drained = drain::drain(&readiness, &groups, &handles, grpc);
    signals.unless_told_again(drained).await;
    for server in serving {
        server.abort();
    }
    Ok(())
}

fn failed(error: impl std::fmt::Display) -> StartError {
    StartError::Failed(error.to_string())
}
