//! `[nats.events]`: how long the stream of events keeps them.

use std::time::Duration;

use serde::Deserialize;

use super::{Problems, span};

/// Copies that JetStream can keep.
const REPLICAS: std::ops::RangeInclusive<usize> = 1..=5;
/// A stream smaller than this would lose events that consumers are about to read.
const LEAST_BYTES: u64 = 1024 * 1024;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsConfig {
    #[serde(with = "span")]
    pub max_age: Duration,
    pub max_bytes: u64,
    #[serde(with = "span")]
    pub duplicate_window: Duration,
    pub replicas: usize,
}

impl EventsConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.require(
            self.max_bytes >= LEAST_BYTES,
            "nats.events.max_bytes",
            "is too small",
            "give the stream a megabyte or more",
        );
        problems.require(
            !self.duplicate_window.is_zero() && self.duplicate_window <= self.max_age,
            "nats.events.duplicate_window",
            "is nothing, or longer than nats.events.max_age",
            "\"2m\" does",
        );
        problems.require(
            REPLICAS.contains(&self.replicas),
            "nats.events.replicas",
            "is not 1 to 5",
            "3 in a NATS cluster, else 1",
        );
    }
}
