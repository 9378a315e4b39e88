//! Handlers of actors that panic.

use std::time::Duration;

use crate::faults::node::NodePlan;
use crate::faults::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn handlers_of_chats_and_sessions_panic() {
    let mut world = World::working(2, 61).await;
    for place in ["chat.handle:150", "session.handle:150"] {
        let plan = NodePlan {
            settings: vec![("TROUPE_PANIC_AT", place.to_owned())],
            ..NodePlan::default()
        };
        world.add_owner(&plan).await;
        world.take_node(0).server.kill();
        let deaths = async || world.counted("troupe_chat_deaths_total").await;
        let before = deaths().await;
        world.go_on(Duration::from_secs(15)).await;
        if place.starts_with("chat") {
            assert!(deaths().await > before, "chats died");
        }
        // It goes on: what panics in one chat is no other's affair.
        let rate = world.rate(Duration::from_secs(5)).await;
        assert!(rate > 20.0, "{place}: {rate} sends a second are acked");
        let said = world.nodes.last().expect("a node").server.output();
        assert!(said.contains("a test asked for this panic"), "{place}");
        world.add_node().await;
        let going = world.nodes.len() - 2;
        world.take_node(going).server.kill();
        world.recover(&format!("panics at {place}")).await;
    }
    world.end().await;
}
