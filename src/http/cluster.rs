//! `GET /admin/cluster`: the processes of this installation, as this one sees them.

use actix_web::{Responder, web};
use serde::Serialize;

use crate::actors::cluster::requests::{Installation, SeenNode};
use crate::id::NodeId;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ClusterView {
    /// `null` where there can be no others.
    nats_connected: Option<bool>,
    nodes: Vec<NodeView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodeView {
    id: NodeId,
    #[serde(rename = "self")]
    is_me: bool,
    /// `up` or `draining`.
    state: &'static str,
    groups: Vec<&'static str>,
    address: String,
    /// Since it last said that it is there; `null` of this one.
    silent_ms: Option<u64>,
}

impl From<SeenNode> for NodeView {
    fn from(node: SeenNode) -> Self {
        Self {
            id: node.id,
            is_me: node.is_me,
            state: if node.is_draining { "draining" } else { "up" },
            groups: node.groups.names(),
            address: node.address,
            silent_ms: node
                .silent
                .map(|silent| u64::try_from(silent.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

/// This process first.
pub async fn show(installation: web::Data<dyn Installation>) -> impl Responder {
    web::Json(ClusterView {
        nats_connected: installation.is_connected(),
        nodes: installation.nodes().into_iter().map(Into::into).collect(),
    })
}
