//! `[jobs]`: how often background jobs run.

use std::time::Duration;

use serde::Deserialize;

use super::{Problems, span};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobsConfig {
    #[serde(with = "span")]
    pub housekeeping: Duration,
    #[serde(with = "span")]
    pub disappearing: Duration,
    #[serde(with = "span")]
    pub orphan_media: Duration,
    #[serde(with = "span")]
    pub erasure: Duration,
    #[serde(with = "span")]
    pub export: Duration,
}

impl JobsConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        bounded("jobs.housekeeping", self.housekeeping, problems);
        bounded("jobs.disappearing", self.disappearing, problems);
        bounded("jobs.orphan_media", self.orphan_media, problems);
        bounded("jobs.erasure", self.erasure, problems);
        bounded("jobs.export", self.export, problems);
    }
}

fn bounded(name: &str, every: Duration, problems: &mut Problems) {
    problems.require(
        every >= Duration::from_secs(1),
        name,
        "is too short",
        "give it a second or more",
    );
}
