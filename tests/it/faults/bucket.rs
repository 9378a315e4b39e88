//! The bucket of nodes is lost with NATS' memory and made again by one node: the other sees it too.

use async_nats::jetstream;

use super::node::{Node, NodePlan, PREFIX, migrate};
use crate::support::{OwnServers, eventually};

/// Far more entries than nodes write into a new bucket as long as this test waits.
const WRITTEN: usize = 1000;

async fn both_see(nodes: &[Node; 2], count: usize) {
    eventually(&format!("each node sees {count}"), async || {
        for node in nodes {
            let cluster = node.server.admin().get("/admin/cluster").await.ok();
            if cluster["nodes"].as_array().map(Vec::len) != Some(count) {
                return false;
            }
        }
        true
    })
    .await;
}

#[tokio::test]
async fn a_bucket_that_another_node_made_again_is_watched() {
    let servers = OwnServers::start().await;
    migrate(&servers);
    let plan = NodePlan::default();
    let nodes = [
        Node::start(&servers, &plan, 1).await,
        Node::start(&servers, &plan, 2).await,
    ];
    both_see(&nodes, 2).await;
    let client = async_nats::connect(servers.address("NATS")).await;
    let jetstream = jetstream::new(client.expect("NATS runs"));
    let bucket = jetstream.get_key_value(format!("{PREFIX}-nodes")).await;
    let bucket = bucket.expect("a bucket");
    for _ in 0..WRITTEN {
        bucket.put("filler", "".into()).await.expect("written");
    }
    // Each node fails to say that it is there, and hears nobody, before what was said is lost.
    servers.freeze("nats");
    both_see(&nodes, 1).await;
    servers.kill("nats");
    servers.again("nats").await;
    both_see(&nodes, 2).await;
}
