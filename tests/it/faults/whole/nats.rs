//! NATS away, silent, full, or with less than it had.

use std::time::Duration;

use super::{LOAD, RECOVERED, run};
use crate::faults::world::World;
use crate::support::Mode;

/// How long one is cut off.
const AWAY: Duration = Duration::from_secs(40);

impl World {
    /// Sends go on in chats that both sides of the cut write.
    async fn cut(&self, mode: Mode, nodes: usize) {
        self.go_on(LOAD).await;
        for node in &self.nodes[..nodes] {
            node.ways.nats.set(mode.clone());
        }
        // Alone, each counts the other out: then sends are acked on both sides.
        self.go_on(AWAY / 2).await;
        let rate = self.rate(AWAY / 2).await;
        assert!(rate > 10.0, "{mode:?}: {rate} sends a second are acked");
        self.each_way(|ways| ways.nats.set(Mode::Pass));
        self.recover(&format!("{mode:?} before NATS of {nodes}"))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn one_node_is_cut_off_and_both_sides_write() {
    let world = World::working(2, 31).await;
    world.cut(Mode::Down, 1).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn a_black_hole_before_one_node() {
    let world = World::working(2, 35).await;
    world.cut(Mode::BlackHole, 1).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn a_black_hole_before_every_node() {
    let world = World::working(2, 32).await;
    world.cut(Mode::BlackHole, 2).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn nats_stands_still() {
    let world = World::working(2, 33).await;
    world.stand_still("nats", 40).await;
    world.end().await;
}

/// The messages of a stream go back to a copy, its consumers' state does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn the_stream_loses_its_tail_and_its_consumers_do_not() {
    let world = World::working(2, 26).await;
    world.check("nothing").await;
    let store = world.servers.store("nats");
    let messages = store.join("jetstream/$G/streams/faults-events/msgs");
    let [messages, before] =
        [messages, store.join("jetstream/before")].map(|path| path.to_string_lossy().into_owned());
    world.servers.kill("nats");
    run("cp", &["-r", &messages, &before]);
    world.servers.again("nats").await;
    world.recover("kill -9 of nats").await;
    world.servers.kill("nats");
    run("rm", &["-r", &messages]);
    run("cp", &["-r", &before, &messages]);
    world.servers.again("nats").await;
    world.recover("a stream that lost its tail").await;
    assert!(world.counted("troupe_events_regressions_total").await > 0.0);
    assert!(world.counted("troupe_events_replayed_total").await > 0.0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn the_store_of_nats_is_full() {
    let world = World::working(2, 34).await;
    let small = world.servers.on_small_disk("nats", 64).await;
    world.recover("NATS on a disk of its own").await;
    small.fill();
    world.go_on(LOAD).await;
    let rate = world.rate(LOAD * 2).await;
    assert!(rate > 10.0, "{rate} sends a second are acked");
    small.free();
    // It stops keeping streams once it could not write: it has to be started again.
    world.servers.kill("nats");
    world.servers.again("nats").await;
    world.until_acked(RECOVERED).await;
    world.recover("NATS with its store full").await;
    drop(small);
    world.end().await;
}
