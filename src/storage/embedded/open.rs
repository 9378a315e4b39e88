//! Every store of the embedded set-up, opened on one data directory.

use std::path::Path;
use std::sync::Arc;

use super::chats::SqliteChats;
use super::codes::SqliteCodes;
use super::contacts::SqliteContacts;
use super::database::Database;
use super::devices::SqliteDevices;
use super::idempotency::SqliteIdempotency;
use super::jobs::SqliteJobs;
use super::keys::FileKeys;
use super::limits::MemoryLimits;
use super::messages::SqliteMessages;
use super::presence::SqlitePresence;
use super::privacy::SqlitePrivacy;
use super::pushes::SqlitePushes;
use super::receipts::SqliteReceipts;
use super::search::SqliteSearch;
use super::sessions::SqliteSessions;
use super::user_log::SqliteUserLog;
use super::users::SqliteUsers;
use crate::clock::Clock;
use crate::storage::{StoreResult, Stores};

/// The database's file name in the data directory.
const FILE: &str = "troupe.db";

/// Opens the stores, making what is not there yet. `unlimited` lifts every budget.
pub fn open(data_dir: &Path, clock: Clock, unlimited: bool) -> StoreResult<Stores> {
    let database = Database::open(&data_dir.join(FILE))?;
    Ok(Stores {
        chats: Arc::new(SqliteChats::new(database.clone())),
        messages: Arc::new(SqliteMessages::new(database.clone())),
        receipts: Arc::new(SqliteReceipts::new(database.clone())),
        limits: Arc::new(MemoryLimits::new(clock, unlimited)),
        presence: Arc::new(SqlitePresence::new(database.clone())),
        user_log: Arc::new(SqliteUserLog(database.clone())),
        users: Arc::new(SqliteUsers(database.clone())),
        sessions: Arc::new(SqliteSessions(database.clone())),
        codes: Arc::new(SqliteCodes(database.clone())),
        contacts: Arc::new(SqliteContacts(database.clone())),
        privacy: Arc::new(SqlitePrivacy(database.clone())),
        pushes: Arc::new(SqlitePushes(database.clone())),
        devices: Arc::new(SqliteDevices(database.clone())),
        idempotency: Arc::new(SqliteIdempotency(database.clone())),
        search: Arc::new(SqliteSearch::open(data_dir)?),
        jobs: Arc::new(SqliteJobs(database)),
        keys: Arc::new(FileKeys::new(data_dir)),
    })
}
