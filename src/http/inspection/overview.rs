//! `/admin/overview`: every process of the installation and how it is, in one answer.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, Responder, web};
use serde::Serialize;

use crate::actors::inspection::requests::{InspectNode, NodeDesk, NodeSeen};
use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::http::Answer;
use crate::http::cluster::NodeView;
use crate::id::NodeId;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OverviewView {
    now: Timestamp,
    version: &'static str,
    /// Whether `/admin/faults` is there.
    has_faults: bool,
    /// `null` where there can be no others.
    nats_connected: Option<bool>,
    /// This one first.
    nodes: Vec<NodeOverview>,
}

#[derive(Debug, Serialize)]
struct NodeOverview {
    #[serde(flatten)]
    node: NodeView,
    /// `null` where it did not answer.
    seen: Option<NodeSeen>,
    /// Why it did not.
    problem: Option<String>,
}

pub async fn show(
    desk: web::Data<NodeDesk>,
    clock: web::Data<Clock>,
    config: web::Data<Config>,
) -> Answer<impl Responder> {
    let nodes = desk.nodes();
    let asked = desk.ask_all(None, InspectNode, |node| &node.inspect_node);
    let asked = asked.await;
    let mut seen: BTreeMap<NodeId, NodeSeen> = asked.answers.into_iter().collect();
    let nodes = nodes.into_iter().map(|node| NodeOverview {
        seen: seen.remove(&node.id),
        problem: asked
            .silent
            .iter()
            .find(|silent| silent.node == node.id)
            .map(|silent| silent.problem.clone()),
        node: node.into(),
    });
    Ok(HttpResponse::Ok().json(OverviewView {
        now: clock.now(),
        version: env!("CARGO_PKG_VERSION"),
        has_faults: config.admin.faults,
        nats_connected: desk.is_connected(),
        nodes: nodes.collect(),
    }))
}
