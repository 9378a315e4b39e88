//! What nodes tell each other comes twice, the second time behind what was said after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;

use crate::faults::node::PREFIX;
use crate::faults::world::World;

/// Marks what was said again, which is not repeated once more.
const AGAIN: &str = "Again";
/// The longest way of a repetition.
const LATE_MS: u64 = 800;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: deploy/dev/faults.sh"]
async fn hints_come_twice_and_out_of_order() {
    let world = World::working(2, 61).await;
    let client = async_nats::connect(world.servers.address("NATS")).await;
    let client = client.expect("NATS runs");
    let subjects = ["node.*.deliver.>", "places", "presence"];
    let said = subjects.map(|subject| client.subscribe(format!("{PREFIX}.{subject}")));
    let said = futures_util::future::try_join_all(said).await;
    let mut said = futures_util::stream::select_all(said.expect("subscribed"));
    let repeated = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&repeated);
    let echo = tokio::spawn(async move {
        while let Some(hint) = said.next().await {
            if hint.headers.is_some() {
                continue;
            }
            let number = count.load(Ordering::Relaxed);
            let late = Duration::from_millis(number * 7919 % LATE_MS);
            let (client, count) = (client.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                tokio::time::sleep(late).await;
                let mut headers = async_nats::HeaderMap::new();
                headers.insert(AGAIN, "1");
                let again = client.publish_with_headers(hint.subject, headers, hint.payload);
                again.await.expect("said again");
                count.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    world.go_on(Duration::from_secs(20)).await;
    let repeated = repeated.load(Ordering::Relaxed);
    assert!(repeated > 300, "{repeated} hints came twice");
    world.recover("hints that came twice, out of order").await;
    echo.abort();
    world.end().await;
}
