//! What in the bucket says that a node is there.

use std::time::Duration;

use troupe::actors::cluster::news::News;
use troupe::id::NodeId;

const SECOND: i128 = 1_000_000_000;

fn news() -> News {
    News::new(Duration::from_secs(6))
}

#[test]
fn what_is_told_once_more_is_no_sign_of_life() {
    let (mut news, node) = (news(), NodeId::new());
    assert!(news.is_sign_of_life(node, 100 * SECOND));
    assert!(!news.is_sign_of_life(node, 100 * SECOND));
    assert!(news.is_sign_of_life(node, 102 * SECOND));
    assert!(!news.is_sign_of_life(node, 102 * SECOND));
}

#[test]
fn what_a_dead_node_left_is_no_sign_of_life() {
    let (mut news, dead, alive) = (news(), NodeId::new(), NodeId::new());
    news.note(100 * SECOND);
    assert!(!news.is_sign_of_life(dead, 93 * SECOND));
    assert!(news.is_sign_of_life(alive, 95 * SECOND));
    assert!(news.is_sign_of_life(dead, 101 * SECOND), "it is back");
}

#[test]
fn a_clock_that_is_set_back_silences_nobody() {
    let (mut news, node) = (news(), NodeId::new());
    assert!(news.is_sign_of_life(node, 1000 * SECOND));
    assert!(news.is_sign_of_life(node, 700 * SECOND));
    assert!(news.is_sign_of_life(node, 702 * SECOND));
    // Further than anything is remembered.
    assert!(news.is_sign_of_life(node, 50 * SECOND));
    assert!(news.is_sign_of_life(node, 52 * SECOND));
    assert!(news.is_sign_of_life(NodeId::new(), 53 * SECOND));
}
