//! `[storage]`: where everything is kept.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::Problems;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// SQLite and local files, one process.
    Embedded,
    /// PostgreSQL, MongoDB, Redis and NATS, any number of processes.
    Distributed,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageConfig {
    pub backend: Backend,
    pub data_dir: PathBuf,
    /// What the installation's keys are sealed with in PostgreSQL.
    pub keys_secret: SecretString,
}

/// Shortest `keys_secret`, in bytes.
const SECRET_BYTES: usize = 32;

impl StorageConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.require(
            !self.data_dir.as_os_str().is_empty(),
            "storage.data_dir",
            "is empty",
            "name a directory, as \"./data\"",
        );
        problems.require(
            self.backend == Backend::Embedded
                || self.keys_secret.expose_secret().len() >= SECRET_BYTES,
            "storage.keys_secret",
            "is too short",
            "give every node the same 32 characters or more, as from `openssl rand -hex 32`",
        );
    }
}
