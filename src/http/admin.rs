//! The operator's listener.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use garde::Validate;
use serde::{Deserialize, Serialize};

use super::extract::Body;
use super::health::{self, Readiness};
use super::inspection::{chats, faults, overview, sessions, trace};
use super::middleware::{Access, resource};
use super::routes::table;
use super::{Answer, admin_page, cluster, erasures, jobs, metrics};
use crate::actors::auth::requests::{AuthPeers, IssueTestUsers, TestUser};
use crate::actors::fanout::Fanout;
use crate::actors::request::ask;
use crate::config::Config;
use crate::error::Failure;
use crate::id::UserId;
use crate::telemetry::Metrics;
use crate::wire::page::Page;

table! { operators, ADMIN, Access::Anyone;
    "/admin" => get admin_page::page;
    "/admin/page/{file}" => get admin_page::file;
    "/admin/test-users" => post make_test_users;
    "/admin/actors" => get list_actors;
    "/admin/chats" => get chats::list;
    "/admin/chats/{id}/actor" => get chats::actor;
    "/admin/cluster" => get cluster::show;
    "/admin/deletions" => get erasures::list;
    "/admin/deletions/{id}" => get erasures::get;
    "/admin/faults" => get faults::show, post faults::set, put faults::set, delete faults::clear;
    "/admin/jobs" => get jobs::list;
    "/admin/jobs/{name}/run" => post jobs::run;
    "/admin/messages/{id}/trace" => get trace::show;
    "/admin/overview" => get overview::show;
    "/admin/sessions/{userId}" => get sessions::show;
    "/health" => get health::health;
    "/health/live" => get health::live;
    "/health/ready" => get health::ready;
    "/metrics" => get metrics::metrics;
}

/// The admin listener.
pub fn routes(routes: &mut ServiceConfig) {
    routes.configure(operators);
}

#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct TestUsersBody {
    #[garde(range(min = 1, max = 20_000))]
    count: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TestUserView {
    user_id: UserId,
    phone: String,
    access_token: String,
    refresh_token: String,
}

impl From<TestUser> for TestUserView {
    fn from(made: TestUser) -> Self {
        Self {
            user_id: made.user.id,
            phone: made.user.phone.as_str().to_owned(),
            access_token: made.tokens.access_token,
            refresh_token: made.tokens.refresh_token,
        }
    }
}

/// New people with tokens; 404 where `admin.test_users` is off.
async fn make_test_users(
    config: web::Data<Config>,
    auth: web::Data<AuthPeers>,
    Body(body): Body<TestUsersBody>,
) -> Answer<impl Responder> {
    if !config.admin.test_users {
        return Err(Failure::not_found().into());
    }
    let made = ask(&auth.issue_test_users, IssueTestUsers { count: body.count }).await?;
    let items: Vec<TestUserView> = made.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(Page {
        items,
        next_cursor: None,
    }))
}

/// How many actors of a kind there are.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ActorsView {
    kind: &'static str,
    active: u64,
    /// Requests being worked on; groups only.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_flight: Option<usize>,
    /// How often the actor was rebuilt; groups only.
    #[serde(skip_serializing_if = "Option::is_none")]
    restarts: Option<usize>,
}

/// Totals by kind.
async fn list_actors(
    readiness: web::Data<Readiness>,
    fanout: web::Data<Fanout>,
    metrics: web::Data<Metrics>,
) -> impl Responder {
    let total = |kind, active| ActorsView {
        kind,
        active,
        in_flight: None,
        restarts: None,
    };
    let groups = readiness.groups().iter().map(|group| ActorsView {
        kind: group.name(),
        active: u64::from(!group.is_down()),
        in_flight: Some(group.in_flight()),
        restarts: Some(group.restarts()),
    });
    let sessions = u64::try_from(fanout.count_here()).unwrap_or(u64::MAX);
    let numbers = metrics.render();
    let items: Vec<ActorsView> = groups
        .chain([
            total(
                "chat actor",
                gauge(&numbers, "troupe_actors{kind=\"chat\"}"),
            ),
            total("session", sessions),
            total("connection", gauge(&numbers, "troupe_sockets")),
        ])
        .collect();
    HttpResponse::Ok().json(Page {
        items,
        next_cursor: None,
    })
}

/// A gauge as `/metrics` shows it, 0 before it was first set.
fn gauge(numbers: &str, name: &str) -> u64 {
    numbers
        .lines()
        .find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok())
        .map_or(0, |value| value.max(0.0) as u64)
}
