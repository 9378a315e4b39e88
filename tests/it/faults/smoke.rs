//! About four minutes of faults on two nodes and servers of their own, one after the other; after each
//! everything is checked. `deploy/dev/faults.sh` runs the others as well.

use std::time::Duration;

use super::world::World;

/// Before a fault, and while it lasts.
const LOAD: Duration = Duration::from_secs(4);
/// Sends that are acked after a fault was healed, before all is checked.
const RECOVERED: usize = 60;

impl World {
    /// A server dies, is away for some seconds, and comes back.
    pub async fn kill_server(&self, server: &'static str, away: Duration) {
        self.go_on(LOAD).await;
        self.servers.kill(server);
        self.go_on(away).await;
        self.servers.again(server).await;
        self.until_acked(RECOVERED).await;
        self.check(&format!("kill -9 of {server}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_whatever_is_killed() {
    let mut world = World::start(2, 11).await;
    world.until_acked(RECOVERED).await;
    world.check("nothing").await;
    for place in [0, 0] {
        world.go_on(LOAD).await;
        world.kill_node(place).await;
        world.until_acked(RECOVERED).await;
        world.check("kill -9 of a node").await;
    }
    // Not before it is ready: it relays from its start on.
    for failpoint in ["inserted:60", "published:12"] {
        world.go_on(Duration::from_secs(1)).await;
        world.abort_node(failpoint).await;
        world.until_acked(RECOVERED).await;
        world.check(failpoint).await;
    }
    let away = Duration::from_secs(3);
    for server in ["mongodb", "nats", "redis", "postgres"] {
        world.kill_server(server, away).await;
    }
    world.go_on(LOAD).await;
    world.servers.kill("nats");
    world.servers.wipe("nats");
    world.go_on(away).await;
    world.servers.again("nats").await;
    world.until_acked(RECOVERED).await;
    world.check("NATS with its store wiped").await;
    assert!(world.counted("troupe_events_regressions_total").await > 0.0);
    assert!(world.counted("troupe_events_replayed_total").await > 0.0);
    let acked = world.ground.ledger.acked();
    assert!(acked > 1000, "a load worth the name: {acked}");
    world.end().await;
}
