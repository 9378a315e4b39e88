//! Every store of the embedded set-up, opened on one data directory.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::blobs::LocalBlobs;
use super::chats::SqliteChats;
use super::codes::SqliteCodes;
use super::contacts::SqliteContacts;
use super::database::Database;
use super::devices::SqliteDevices;
use super::erasures::SqliteErasures;
use super::exports::SqliteExports;
use super::idempotency::SqliteIdempotency;
use super::jobs::SqliteJobs;
use super::keys::FileKeys;
use super::limits::MemoryLimits;
use super::media::SqliteMedia;
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
use crate::storage::described::Descriptions;
use crate::storage::{StoreResult, Stores};

/// The database's file name in the data directory.
const FILE: &str = "troupe.db";

/// What the stores are opened with.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    pub data_dir: &'a Path,
    /// Lifts every budget.
    pub unlimited: bool,
    /// Of addresses of media.
    pub address_life: Duration,
    /// What those begin with; empty: the host that each client used.
    pub public_url: &'a str,
}

/// Opens the stores, making what is not there yet.
pub fn open(settings: Settings<'_>, clock: Clock) -> StoreResult<Stores> {
    let data_dir = settings.data_dir;
    let database = Database::open(&data_dir.join(FILE))?;
    let media = Arc::new(SqliteMedia(database.clone()));
    let blobs = LocalBlobs::open(data_dir, settings.address_life, settings.public_url)?;
    let blobs = Arc::new(blobs);
    Ok(Stores {
        chats: Arc::new(SqliteChats::new(database.clone())),
        messages: Arc::new(SqliteMessages::new(database.clone())),
        receipts: Arc::new(SqliteReceipts::new(database.clone())),
        limits: Arc::new(MemoryLimits::new(clock, settings.unlimited)),
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
        exports: Arc::new(SqliteExports(database.clone())),
        erasures: Arc::new(SqliteErasures(database.clone())),
        jobs: Arc::new(SqliteJobs(database)),
        keys: Arc::new(FileKeys::new(data_dir)),
        described: Descriptions::new(media.clone(), blobs.clone(), clock),
        media,
        blobs,
    })
}
