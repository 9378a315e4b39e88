//! Opens the stores that the settings name.

use std::sync::Arc;

use super::StartError;
use crate::clock::Clock;
use crate::config::{Backend, Config};
use crate::storage::embedded::chats::SqliteChats;
use crate::storage::embedded::codes::SqliteCodes;
use crate::storage::embedded::contacts::SqliteContacts;
use crate::storage::embedded::database::Database;
use crate::storage::embedded::devices::SqliteDevices;
use crate::storage::embedded::keys::FileKeys;
use crate::storage::embedded::limits::MemoryLimits;
use crate::storage::embedded::messages::SqliteMessages;
use crate::storage::embedded::presence::SqlitePresence;
use crate::storage::embedded::privacy::SqlitePrivacy;
use crate::storage::embedded::receipts::SqliteReceipts;
use crate::storage::embedded::sessions::SqliteSessions;
use crate::storage::embedded::user_log::SqliteUserLog;
use crate::storage::embedded::users::SqliteUsers;
use crate::storage::{StoreError, Stores};

const FILE: &str = "troupe.sqlite";

pub fn open(config: &Config, clock: Clock) -> Result<Stores, StartError> {
    match config.storage.backend {
        Backend::Embedded => embedded(config, clock).map_err(|error| StartError::Setting {
            setting: "storage.data_dir",
            what: error.to_string(),
            cure: "see that its files can be read and written, and that the disk is not full",
        }),
    }
}

fn embedded(config: &Config, clock: Clock) -> Result<Stores, StoreError> {
    let data_dir = &config.storage.data_dir;
    let database = Database::open(&data_dir.join(FILE))?;
    Ok(Stores {
        chats: Arc::new(SqliteChats::new(database.clone())),
        messages: Arc::new(SqliteMessages::new(database.clone())),
        receipts: Arc::new(SqliteReceipts::new(database.clone())),
        limits: Arc::new(MemoryLimits::new(clock, config.limits.unlimited)),
        presence: Arc::new(SqlitePresence::new(database.clone())),
        user_log: Arc::new(SqliteUserLog(database.clone())),
        users: Arc::new(SqliteUsers(database.clone())),
        sessions: Arc::new(SqliteSessions(database.clone())),
        codes: Arc::new(SqliteCodes(database.clone())),
        contacts: Arc::new(SqliteContacts(database.clone())),
        privacy: Arc::new(SqlitePrivacy(database.clone())),
        devices: Arc::new(SqliteDevices(database)),
        keys: Arc::new(FileKeys::new(data_dir)),
    })
}
