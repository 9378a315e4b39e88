//! MongoDB standing still, out of reach, slow, or out of room.

use std::time::Duration;

use super::{LOAD, RECOVERED};
use crate::faults::node::{NodePlan, slower};
use crate::faults::world::World;
use crate::support::Mode;

/// After a fault was healed everything is as quick as before within this.
const FULL_RATE: Duration = Duration::from_secs(5);

/// Everyone repeats what was not answered, all at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn everyone_repeats_after_it_stood_still() {
    let world = World::working(2, 41).await;
    let before = world.rate(LOAD * 2).await;
    world.servers.freeze("mongodb");
    world.go_on(Duration::from_secs(20)).await;
    world.servers.thaw("mongodb");
    world.go_on(FULL_RATE).await;
    let after = world.rate(LOAD * 2).await;
    assert!(
        after > before / 2.0,
        "{before} acked a second, then {after}"
    );
    world.recover("MongoDB that stood still for 20 s").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn a_node_cannot_reach_it_or_only_slowly() {
    let plan = NodePlan {
        mongodb: true,
        ..NodePlan::default()
    };
    let world = World::planned(2, 42, plan).await;
    world.until_acked(RECOVERED).await;
    let modes = [
        (Mode::BlackHole, 15),
        (Mode::Down, 8),
        (slower(Duration::from_millis(300)), 8),
        (
            Mode::Reset(Duration::from_secs(1)..Duration::from_secs(4)),
            8,
        ),
    ];
    for (mode, seconds) in modes {
        world.go_on(LOAD).await;
        world.nodes[0].ways.mongodb.set(mode.clone());
        world.go_on(Duration::from_secs(seconds)).await;
        world.nodes[0].ways.mongodb.set(Mode::Pass);
        world.recover(&format!("{mode:?} before MongoDB")).await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn its_disk_is_full() {
    let world = World::working(2, 43).await;
    let small = world.servers.on_small_disk("mongodb", 600).await;
    world.recover("MongoDB on a disk of its own").await;
    small.fill();
    world.go_on(Duration::from_secs(12)).await;
    small.free();
    // It ends once it could not write.
    if !world.servers.is_running("mongodb") {
        world.servers.again("mongodb").await;
    }
    world.recover("MongoDB with its disk full").await;
    drop(small);
    world.end().await;
}
