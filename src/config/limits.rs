//! `[limits]`: how often someone may do something.

use std::time::Duration;

use serde::Deserialize;

use super::{Problems, span};
use crate::storage::limits::Bucket;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// Lifts every budget and waiting time, sizes and guesses excepted.
    pub unlimited: bool,
    /// Requests per address.
    pub address: BucketConfig,
    /// Requests per signed-in user.
    pub user: BucketConfig,
    /// Numbers an account may look up that it has not looked up before.
    pub contacts: BucketConfig,
}

/// At most `capacity` at once, filled again within `refill`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketConfig {
    pub capacity: u32,
    #[serde(with = "span")]
    pub refill: Duration,
}

impl BucketConfig {
    pub fn bucket(self) -> Bucket {
        Bucket {
            capacity: self.capacity,
            refill: self.refill,
        }
    }

    /// For the `check` of any section that has a bucket called `name`.
    pub fn check(self, name: &str, problems: &mut Problems) {
        problems.require(
            self.capacity > 0 && !self.refill.is_zero(),
            name,
            "lets nothing through",
            "give it a capacity and a refill above zero",
        );
    }
}

impl LimitsConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        self.address.check("limits.address", problems);
        self.user.check("limits.user", problems);
        self.contacts.check("limits.contacts", problems);
    }
}
