//! `[storage]`: where everything is kept.

use std::path::PathBuf;

use serde::Deserialize;

use super::Problems;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// SQLite and local files, one process.
    Embedded,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageConfig {
    pub backend: Backend,
    pub data_dir: PathBuf,
}

impl StorageConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.require(
            !self.data_dir.as_os_str().is_empty(),
            "storage.data_dir",
            "is empty",
            "name a directory, as \"./data\"",
        );
    }
}
