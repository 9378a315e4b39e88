//! What a node says of servers that are away, at every listener.

use serde_json::Value;

use super::node::{Node, NodePlan, migrate};
use crate::support::{OwnServers, eventually};

/// Whether `/health/ready` names a server as what is missing.
fn names(said: Option<(u16, String)>, server: &str) -> bool {
    let Some((503, body)) = said else {
        return false;
    };
    let body: Value = serde_json::from_str(&body).expect("JSON");
    let failing = body["failing"].as_array().expect("a list");
    failing.iter().any(|name| name == server)
}

#[tokio::test]
async fn a_server_that_is_away_is_named_from_the_start_on_and_later() {
    let servers = OwnServers::start().await;
    migrate(&servers);
    servers.kill("redis");
    let node = Node::begin(&servers, &NodePlan::default(), 1).await;
    eventually("both listeners name redis", async || {
        names(node.says("/health/ready").await, "redis")
            && names(node.tells_admins("/health/ready").await, "redis")
    })
    .await;
    servers.again("redis").await;
    let ready = async || matches!(node.says("/health/ready").await, Some((200, _)));
    eventually("it is ready", ready).await;
    for server in ["mongodb", "postgres"] {
        servers.kill(server);
        eventually(&format!("it names {server}"), async || {
            names(node.says("/health/ready").await, server)
        })
        .await;
        servers.again(server).await;
        eventually("it is ready again", ready).await;
    }
}
