//! `[log]`: what is logged, and how.

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use super::Problems;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// As in `RUST_LOG`.
    pub filter: String,
    pub format: LogFormat,
}

impl LogConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.require(
            self.filter.parse::<EnvFilter>().is_ok(),
            "log.filter",
            "cannot be read",
            "write levels as \"info\" or \"troupe=debug,info\"",
        );
    }
}
