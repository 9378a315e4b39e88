//! Messages by connections that their senders have replaced since, and such as were long on their way.

use std::time::Duration;

use tokio::time::Instant;
use troupe::actors::cluster::lateness::{Lateness, Marked};
use troupe::id::NodeId;

/// Sends and looks; both clocks go their own way.
struct Stage {
    lateness: Lateness,
    started: Instant,
}

impl Stage {
    fn new() -> Self {
        let started = Instant::now();
        Self {
            lateness: Lateness::new(started),
            started,
        }
    }

    /// Times in seconds, on the sender's clock and on the receiver's.
    fn is_late(&mut self, node: NodeId, connection: u64, sent: u64, arrived: u64) -> bool {
        let name = node.0.simple();
        let sent = sent * 1000;
        let subject = format!("troupe.node.x.deliver.{name}.{connection}.{sent}");
        let now = self.started + Duration::from_secs(arrived);
        let marked = self.lateness.read(&subject, now);
        assert_eq!(marked.sender, Some(node));
        marked.is_late
    }
}

#[test]
fn what_came_by_an_older_connection_than_others_of_its_node_is_late() {
    let (mut stage, one, other) = (Stage::new(), NodeId::new(), NodeId::new());
    assert!(!stage.is_late(one, 1, 0, 0));
    assert!(!stage.is_late(one, 1, 0, 0));
    assert!(!stage.is_late(one, 3, 0, 0));
    assert!(stage.is_late(one, 1, 0, 0));
    assert!(stage.is_late(one, 2, 0, 0));
    assert!(!stage.is_late(one, 3, 0, 0));
    assert!(!stage.is_late(other, 1, 0, 0), "each by itself");
}

#[test]
fn what_was_much_longer_on_its_way_than_others_is_late() {
    let (mut stage, node) = (Stage::new(), NodeId::new());
    // The sender's clock is 500 s ahead.
    assert!(!stage.is_late(node, 1, 510, 10));
    assert!(!stage.is_late(node, 1, 512, 16), "slow, and not late");
    // Nothing comes for a while; then all of it at once.
    assert!(stage.is_late(node, 1, 520, 90));
    assert!(stage.is_late(node, 1, 584, 90));
    assert!(!stage.is_late(node, 1, 589, 90));
}

/// A machine that slept: its clock stood still.
#[test]
fn a_new_connection_or_a_while_makes_a_new_usual() {
    let (mut stage, node) = (Stage::new(), NodeId::new());
    assert!(!stage.is_late(node, 1, 10, 10));
    assert!(stage.is_late(node, 1, 11, 100));
    assert!(!stage.is_late(node, 2, 12, 101));
    assert!(!stage.is_late(node, 2, 13, 102));
    assert!(stage.is_late(node, 2, 14, 150));
    assert!(stage.is_late(node, 2, 15, 151));
    assert!(!stage.is_late(node, 2, 25, 161), "so it is now");
}

#[test]
fn clocks_that_run_apart_make_nothing_late() {
    let (mut stage, node) = (Stage::new(), NodeId::new());
    // A second lost in each hundred.
    for second in 0..2000 {
        assert!(!stage.is_late(node, 1, second - second / 100, second));
    }
}

#[test]
fn what_has_no_mark_is_of_nobody_and_not_late() {
    let mut stage = Stage::new();
    for subject in ["", "troupe.node.x.deliver", "a.b.c", "1.2.3"] {
        let marked = stage.lateness.read(subject, stage.started);
        assert_eq!(marked, Marked::default());
    }
}
