//! Nodes that die, and nodes that are told to go.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::LOAD;
use crate::faults::world::{Ground, QUIET, World};
use crate::support::{Person, Socket, eventually, eventually_within};

/// Idle sockets that lose their node all at once, and whose they are.
const SOCKETS: usize = 1000;
const SOCKETS_EACH: usize = 8;
/// The time a node has to go.
const DRAIN: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn three_nodes_die_in_turn() {
    let mut world = World::working(3, 21).await;
    for _ in 0..4 {
        world.go_on(LOAD).await;
        world.kill_node(0).await;
        world.recover("kill -9 of one of three nodes").await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn devices_on_two_nodes_hear_live() {
    let world = World::working(2, 29).await;
    world.devices_hear_live().await;
    world.check("devices on two nodes").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn every_node_is_stopped_in_order() {
    let mut world = World::working(3, 22).await;
    for _ in 0..3 {
        world.go_on(LOAD).await;
        let mut going = world.nodes.remove(0).server;
        going.terminate();
        world.add_node().await;
        let status = going.exit(DRAIN).await;
        let said = going.output();
        assert!(status.success(), "{status}: {said}");
    }
    world.recover("a rolling SIGTERM").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn a_thousand_come_back_at_once() {
    let mut world = World::working(2, 27).await;
    let people = world.nodes[0].server.crowd(SOCKETS / SOCKETS_EACH).await;
    let origin = world.nodes[0].server.origin();
    let mut idle = connect(&people, &origin).await;
    world.go_on(LOAD).await;
    let mut going = world.take_node(0).server;
    let other = world.nodes[0].server.origin();
    going.terminate();
    let closed = join_all(idle.iter_mut().map(|socket| socket.closed_within(DRAIN))).await;
    assert!(closed.iter().all(|code| *code == Some(1001)), "{closed:?}");
    let come = Instant::now();
    let again = connect(&people, &other).await;
    assert_eq!(again.len(), SOCKETS);
    assert!(come.elapsed() < DRAIN, "{:?}", come.elapsed());
    // A node's descriptors are counted at the end.
    drop(again);
    let status = going.exit(DRAIN).await;
    assert!(status.success(), "{status}: {}", going.output());
    world.add_node().await;
    world.recover("a thousand reconnects at once").await;
    world.end().await;
}

/// All at once, each past its `hello`.
async fn connect(people: &[Person], origin: &str) -> Vec<Socket> {
    let each = people.iter().cycle().take(SOCKETS);
    join_all(each.map(|person| Socket::open(origin, &person.access_token))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn an_entry_is_applied_though_its_node_died_between() {
    // One node, so that it is the owner.
    let mut world = World::working(1, 23).await;
    let token = world.people[0].access_token.clone();
    let chat_id = world.chats[world.chats.len() - 2].0.clone();
    let renaming = tokio::spawn(rename(Arc::clone(&world.ground), token, chat_id));
    world.abort_node("entered:3").await;
    renaming.abort();
    world.recover("an abort between entry and effect").await;
    world.end().await;
}

/// Over and over, whatever comes of it.
async fn rename(ground: Arc<Ground>, token: String, chat_id: String) {
    let http = reqwest::Client::builder().no_proxy();
    let http = http.timeout(Duration::from_secs(2)).build();
    let http = http.expect("an http client");
    for number in 0.. {
        for origin in ground.origins() {
            let body = serde_json::json!({"name": format!("Name {number}")});
            let call = http.patch(format!("{origin}/api/v1/chats/{chat_id}"));
            // The node may die of it.
            let _ = call.bearer_auth(&token).json(&body).send().await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Servers that are away when a node starts, and come one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn a_node_starts_before_its_servers() {
    let mut world = World::working(1, 28).await;
    for order in [
        ["postgres", "mongodb", "redis", "nats"],
        ["nats", "redis", "mongodb", "postgres"],
    ] {
        world.rest("a load").await;
        world.take_node(0).server.kill();
        order.iter().for_each(|server| world.servers.kill(server));
        let node = world.begin_node().await;
        for (place, server) in order.into_iter().enumerate() {
            for away in &order[place..] {
                let missed = async || {
                    let said = node.says("/health/ready").await;
                    said.is_some_and(|(status, body)| status == 503 && body.contains(away))
                };
                eventually(&format!("{away} is missed"), missed).await;
            }
            let lives = node.says("/health/live").await;
            assert_eq!(lives.map(|(status, _)| status), Some(200));
            world.servers.again(server).await;
        }
        let ready = async || {
            let said = node.says("/health/ready").await;
            said.is_some_and(|(status, _)| status == 200)
        };
        eventually_within(QUIET, "it is ready", ready).await;
        world.take_in(node);
        world.recover(&format!("a start before {order:?}")).await;
    }
    world.end().await;
}
