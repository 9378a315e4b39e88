//! Opens the stores that the settings name.

use super::StartError;
use crate::clock::Clock;
use crate::config::{Backend, Config};
use crate::storage::{Stores, embedded};

pub fn open(config: &Config, clock: Clock) -> Result<Stores, StartError> {
    let data_dir = &config.storage.data_dir;
    let opened = match config.storage.backend {
        Backend::Embedded => embedded::open::open(data_dir, clock, config.limits.unlimited),
    };
    opened.map_err(|error| StartError::Setting {
        setting: "storage.data_dir",
        what: error.to_string(),
        cure: "see that its files can be read and written, and that the disk is not full",
    })
}
