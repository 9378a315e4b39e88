//! What takes longer than a smoke: `deploy/dev/faults.sh`. A file for each thing that fails.

mod clients;
mod handlers;
mod hints;
mod mongodb;
mod nats;
mod nodes;
mod order;
mod postgres;
mod redis;

use std::process::Command;
use std::time::Duration;

use super::world::World;

/// Before a fault.
const LOAD: Duration = Duration::from_secs(4);
/// Sends that are acked after a fault was healed, before all is checked.
const RECOVERED: usize = 100;

impl World {
    /// A world that works.
    async fn working(nodes: usize, seed: u64) -> Self {
        let world = Self::start(nodes, seed).await;
        world.until_acked(RECOVERED).await;
        world
    }

    async fn recover(&self, after: &str) {
        self.until_acked(RECOVERED).await;
        self.check(after).await;
    }

    /// A server that stands still for a while.
    async fn stand_still(&self, server: &str, seconds: u64) {
        self.go_on(LOAD).await;
        self.servers.freeze(server);
        self.go_on(Duration::from_secs(seconds)).await;
        self.servers.thaw(server);
        let what = format!("{server} that stood still for {seconds} s");
        self.recover(&what).await;
    }
}

fn run(program: &str, arguments: &[&str]) {
    let ran = Command::new(program).args(arguments).output();
    let ran = ran.expect("the program is there");
    assert!(ran.status.success(), "{program} {arguments:?}: {ran:?}");
}
