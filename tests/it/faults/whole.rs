//! What takes longer than a smoke: `deploy/dev/faults.sh`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use super::world::{Ground, World};

const LOAD: Duration = Duration::from_secs(4);
const RECOVERED: usize = 100;

async fn recover(world: &World, after: &str) {
    world.until_acked(RECOVERED).await;
    world.check(after).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn three_nodes_die_in_turn() {
    let mut world = World::start(3, 21).await;
    world.until_acked(RECOVERED).await;
    for _ in 0..4 {
        world.go_on(LOAD).await;
        world.kill_node(0).await;
        recover(&world, "kill -9 of one of three nodes").await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn every_node_is_stopped_in_order() {
    let mut world = World::start(3, 22).await;
    world.until_acked(RECOVERED).await;
    for _ in 0..3 {
        world.go_on(LOAD).await;
        let mut going = world.nodes.remove(0);
        going.terminate();
        world.add_node().await;
        let status = going.exit(Duration::from_secs(30)).await;
        let said = going.output();
        assert!(status.success(), "{status}: {said}");
    }
    recover(&world, "a rolling SIGTERM").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn an_entry_is_applied_though_its_node_died_between() {
    // One node, so that it is the owner.
    let mut world = World::start(1, 23).await;
    world.until_acked(RECOVERED).await;
    let token = world.people[0].access_token.clone();
    let chat_id = world.chats[world.chats.len() - 2].0.clone();
    let renaming = tokio::spawn(rename(Arc::clone(&world.ground), token, chat_id));
    world.abort_node("entered:3").await;
    renaming.abort();
    recover(&world, "an abort between entry and effect").await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn servers_stand_still() {
    let world = World::start(2, 24).await;
    world.until_acked(RECOVERED).await;
    for (server, time) in [
        ("mongodb", 20),
        ("nats", 40),
        ("redis", 10),
        ("postgres", 15),
    ] {
        world.go_on(LOAD).await;
        world.servers.freeze(server);
        world.go_on(Duration::from_secs(time)).await;
        world.servers.thaw(server);
        recover(&world, &format!("{server} that stood still for {time} s")).await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn redis_forgets_everything() {
    let world = World::start(2, 25).await;
    world.until_acked(RECOVERED).await;
    let address = world.servers.address("REDIS");
    let flushed = Command::new("redis-cli")
        .args(["-u", &address, "FLUSHALL"])
        .status()
        .expect("redis-cli runs");
    assert!(flushed.success());
    recover(&world, "FLUSHALL").await;
    world.servers.kill("redis");
    world.servers.wipe("redis");
    world.go_on(LOAD).await;
    world.servers.again("redis").await;
    recover(&world, "Redis with its store wiped").await;
    world.end().await;
}

/// The messages of a stream go back to a copy, its consumers' state does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn the_stream_loses_its_tail_and_its_consumers_do_not() {
    let world = World::start(2, 26).await;
    world.until_acked(RECOVERED).await;
    world.check("nothing").await;
    let stream = world
        .servers
        .store("nats")
        .join("jetstream/$G/streams/faults-events");
    world.servers.kill("nats");
    copy(&stream.join("msgs"), &stream.join("../../before"));
    world.servers.again("nats").await;
    recover(&world, "kill -9 of nats").await;
    world.servers.kill("nats");
    fs::remove_dir_all(stream.join("msgs")).expect("removed");
    copy(&stream.join("../../before"), &stream.join("msgs"));
    world.servers.again("nats").await;
    recover(&world, "a stream that lost its tail").await;
    assert!(world.counted("troupe_events_regressions_total").await > 0.0);
    assert!(world.counted("troupe_events_replayed_total").await > 0.0);
    world.end().await;
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-r").args([from, to]).status();
    assert!(copied.expect("cp runs").success());
}
