//! The operator's listener.

use std::borrow::Cow;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use garde::Validate;
use serde::{Deserialize, Serialize};

use super::extract::Body;
use super::health;
use super::inspection::{chats, faults, overview, sessions, trace};
use super::middleware::{Access, resource};
use super::routes::table;
use super::{Answer, admin_page, cluster, erasures, jobs, metrics};
use crate::actors::auth::requests::{AuthPeers, IssueTestUsers, TestUser};
use crate::actors::inspection::requests::{InspectNode, NodeDesk};
use crate::actors::request::ask;
use crate::config::Config;
use crate::error::Failure;
use crate::id::UserId;
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
    kind: Cow<'static, str>,
    active: u64,
    /// Requests being worked on; groups only.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_flight: Option<usize>,
    /// How often the actor was rebuilt; groups only.
    #[serde(skip_serializing_if = "Option::is_none")]
    restarts: Option<usize>,
}

/// Totals by kind, of this process.
async fn list_actors(desk: web::Data<NodeDesk>) -> Answer<impl Responder> {
    let seen = desk
        .ask_here(InspectNode, |node| &node.inspect_node)
        .await?;
    let groups = seen.groups.into_iter().map(|group| ActorsView {
        kind: group.name.into(),
        active: u64::from(!group.is_down),
        in_flight: Some(group.in_flight),
        restarts: Some(group.restarts),
    });
    let total = |kind: &'static str, active| ActorsView {
        kind: kind.into(),
        active,
        in_flight: None,
        restarts: None,
    };
    let totals = [
        total("chat actor", seen.done.chat_actors),
        total("session", seen.people as u64),
        total("connection", seen.connections as u64),
    ];
    let items: Vec<ActorsView> = groups.chain(totals).collect();
    Ok(HttpResponse::Ok().json(Page {
        items,
        next_cursor: None,
    }))
}
