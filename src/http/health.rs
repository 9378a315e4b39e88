//! Whether this process lives, and whether it should be sent requests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpResponse, Responder, web};
use futures_util::future::join_all;
use serde::Serialize;
use uuid::Uuid;

use crate::actors::cluster::requests::Installation;
use crate::actors::group::{Group, GroupSet};
use crate::actors::guardian::GroupState;
use crate::clock::{Clock, Timestamp};
use crate::id::{ChatId, UserId};
use crate::storage::messages::MessageStore;
use crate::storage::user_log::UserLogStore;

/// How long the storage may take to answer before it counts as away.
const PATIENCE: Duration = Duration::from_secs(2);

/// What readiness depends on. Cheap to clone.
#[derive(Clone)]
pub struct Readiness(Arc<Inner>);

struct Inner {
    draining: AtomicBool,
    groups: Vec<GroupState>,
    stores: Vec<(&'static str, SmallStore)>,
    installation: Arc<dyn Installation>,
    elsewhere: GroupSet,
    clock: Clock,
    started_at: Timestamp,
}

/// What of this process its readiness hangs on.
pub struct Needs {
    /// Of the groups that run here.
    pub groups: Vec<GroupState>,
    /// A store of each database, by what operators call that.
    pub stores: Vec<(&'static str, SmallStore)>,
    pub installation: Arc<dyn Installation>,
    /// Groups of other processes without which this one can do nothing.
    pub elsewhere: GroupSet,
}

/// A store that is asked something small.
#[derive(Clone)]
pub enum SmallStore {
    People(Arc<dyn UserLogStore>),
    Messages(Arc<dyn MessageStore>),
}

impl SmallStore {
    async fn answers(&self) -> bool {
        let asked = async {
            match self {
                Self::People(store) => store.head(UserId(Uuid::nil())).await.is_ok(),
                Self::Messages(store) => store.heads_of(vec![ChatId(Uuid::nil())]).await.is_ok(),
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or(false)
    }
}

impl Readiness {
    pub fn new(needs: Needs, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            draining: AtomicBool::new(false),
            groups: needs.groups,
            stores: needs.stores,
            installation: needs.installation,
            elsewhere: needs.elsewhere,
            clock,
            started_at: clock.now(),
        }))
    }

    /// From here on it is not ready, for good.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Release);
    }

    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Acquire)
    }

    pub fn groups(&self) -> &[GroupState] {
        &self.0.groups
    }

    /// What other processes do for this one, and whether they can.
    fn elsewhere(&self) -> impl Iterator<Item = (&'static str, bool)> {
        let (installation, needed) = (&self.0.installation, self.0.elsewhere);
        let is_connected = installation.is_connected().unwrap_or(true);
        let served =
            move |group: Group| (group.name(), is_connected && installation.is_served(group));
        let nats = (!needed.is_empty()).then_some(("nats", is_connected));
        needed.iter().map(served).chain(nats)
    }

    async fn look(&self) -> ReadyView {
        let stores = self.0.stores.iter();
        let stores = stores.map(async |(name, store)| (*name, store.answers().await));
        let stores = join_all(stores).await;
        let state = |fine: bool| if fine { "ok" } else { "unavailable" };
        let groups = self.0.groups.iter();
        let dependencies: BTreeMap<&'static str, &'static str> = groups
            .map(|group| (group.name(), state(!group.is_down())))
            .chain(stores.into_iter().map(|(name, fine)| (name, state(fine))))
            .chain(self.elsewhere().map(|(name, fine)| (name, state(fine))))
            .collect();
        let failing: Vec<_> = dependencies
            .iter()
            .filter(|(_, state)| **state != "ok")
            .map(|(name, _)| *name)
            .collect();
        let status = match (self.is_draining(), failing.is_empty()) {
            (true, _) => "draining",
            (false, true) => "ready",
            (false, false) => "unavailable",
        };
        ReadyView {
            status,
            failing,
            dependencies,
        }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthView {
    status: &'static str,
    service: &'static str,
    version: &'static str,
    uptime_seconds: u64,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ReadyView {
    /// `ready`, `draining` or `unavailable`.
    status: &'static str,
    /// What keeps it from being ready.
    failing: Vec<&'static str>,
    #[schema(value_type = BTreeMap<String, String>)]
    dependencies: BTreeMap<&'static str, &'static str>,
}

/// That the process answers.
#[utoipa::path(get, path = "/health", tag = "operations", security(()),
    responses((status = 200, body = HealthView)))]
pub async fn health(readiness: web::Data<Readiness>) -> impl Responder {
    let inner = &readiness.0;
    web::Json(HealthView {
        status: "ok",
        service: "troupe",
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: inner.clock.now().since(inner.started_at).as_secs(),
    })
}

/// That the process should not be restarted.
#[utoipa::path(get, path = "/health/live", tag = "operations", security(()),
    responses((status = 200, body = HealthView)))]
pub async fn live(readiness: web::Data<Readiness>) -> impl Responder {
    health(readiness).await
}

/// That the process should be sent requests; 503 names what is missing.
#[utoipa::path(get, path = "/health/ready", tag = "operations", security(()),
    responses((status = 200, body = ReadyView), (status = 503, body = ReadyView)))]
pub async fn ready(readiness: web::Data<Readiness>) -> HttpResponse {
    let view = readiness.look().await;
    if view.status == "ready" {
        return HttpResponse::Ok().json(view);
    }
    HttpResponse::ServiceUnavailable()
        .insert_header((header::RETRY_AFTER, "1"))
        .json(view)
}
