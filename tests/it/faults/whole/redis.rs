//! Redis slow, standing still, or with nothing left of what it knew.

use std::time::Duration;

use super::{LOAD, run};
use crate::faults::node::slower;
use crate::faults::world::World;
use crate::support::Mode;

impl World {
    /// Every answer 600 ms late.
    pub async fn slow_redis(&self, time: Duration) {
        self.each_way(|ways| ways.redis.set(slower(Duration::from_millis(600))));
        self.go_on(time).await;
        self.each_way(|ways| ways.redis.set(Mode::Pass));
    }

    pub fn flush_redis(&self) {
        let address = self.servers.address("REDIS");
        run("redis-cli", &["-u", &address, "FLUSHALL"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn redis_is_slow_forgets_everything_and_stands_still() {
    let world = World::working(2, 25).await;
    world.slow_redis(Duration::from_secs(15)).await;
    world.recover("Redis that was 600 ms late").await;
    world.go_on(LOAD).await;
    world.flush_redis();
    world.recover("FLUSHALL").await;
    world.servers.kill("redis");
    world.servers.wipe("redis");
    world.go_on(LOAD).await;
    world.servers.again("redis").await;
    world.recover("Redis with its store wiped").await;
    world.stand_still("redis", 10).await;
    world.end().await;
}
