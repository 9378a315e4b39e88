//! PostgreSQL standing still, and tables that someone holds.

use std::time::Duration;

use tokio_postgres::NoTls;

use super::LOAD;
use crate::faults::node::slower;
use crate::faults::world::World;
use crate::support::Mode;

const LOCKED: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn tables_are_locked() {
    let world = World::working(2, 51).await;
    for table in ["chat_participants", "refresh_tokens"] {
        world.go_on(LOAD).await;
        let address = world.servers.address("POSTGRES");
        let connected = tokio_postgres::connect(&address, NoTls).await;
        let (mut client, connection) = connected.expect("PostgreSQL runs");
        let connection = tokio::spawn(connection);
        let holding = client.transaction().await.expect("a transaction");
        let lock = format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        holding.batch_execute(&lock).await.expect("locked");
        world.go_on(LOCKED).await;
        holding.rollback().await.expect("let go");
        drop(client);
        connection.await.expect("joined").expect("ended");
        world.recover(&format!("a lock on {table}")).await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn postgres_stands_still() {
    let world = World::working(2, 52).await;
    world.stand_still("postgres", 15).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn a_node_cannot_reach_it_or_only_slowly() {
    let world = World::working(2, 53).await;
    let modes = [
        (Mode::BlackHole, 15),
        (Mode::Down, 8),
        (slower(Duration::from_millis(300)), 8),
    ];
    for (mode, seconds) in modes {
        world.go_on(LOAD).await;
        world.nodes[0].ways.postgres.set(mode.clone());
        world.go_on(Duration::from_secs(seconds)).await;
        world.nodes[0].ways.postgres.set(Mode::Pass);
        let what = format!("{mode:?} before PostgreSQL");
        world.recover(&what).await;
    }
    world.end().await;
}
