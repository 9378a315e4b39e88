//! What the suites run over.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use troupe::storage::blobs::BlobStore;
use troupe::storage::chats::ChatStore;
use troupe::storage::codes::CodeStore;
use troupe::storage::contacts::ContactStore;
use troupe::storage::devices::DeviceStore;
use troupe::storage::embedded::blobs::LocalBlobs;
use troupe::storage::embedded::chats::SqliteChats;
use troupe::storage::embedded::codes::SqliteCodes;
use troupe::storage::embedded::contacts::SqliteContacts;
use troupe::storage::embedded::database::Database;
use troupe::storage::embedded::devices::SqliteDevices;
use troupe::storage::embedded::erasures::SqliteErasures;
use troupe::storage::embedded::exports::SqliteExports;
use troupe::storage::embedded::idempotency::SqliteIdempotency;
use troupe::storage::embedded::jobs::SqliteJobs;
use troupe::storage::embedded::keys::FileKeys;
use troupe::storage::embedded::media::SqliteMedia;
use troupe::storage::embedded::messages::SqliteMessages;
use troupe::storage::embedded::presence::SqlitePresence;
use troupe::storage::embedded::privacy::SqlitePrivacy;
use troupe::storage::embedded::pushes::SqlitePushes;
use troupe::storage::embedded::receipts::SqliteReceipts;
use troupe::storage::embedded::search::SqliteSearch;
use troupe::storage::embedded::sessions::SqliteSessions;
use troupe::storage::embedded::user_log::SqliteUserLog;
use troupe::storage::embedded::users::SqliteUsers;
use troupe::storage::erasures::ErasureStore;
use troupe::storage::exports::ExportStore;
use troupe::storage::idempotency::IdempotencyStore;
use troupe::storage::jobs::JobStore;
use troupe::storage::keys::KeyStore;
use troupe::storage::media::MediaStore;
use troupe::storage::messages::MessageStore;
use troupe::storage::presence::PresenceStore;
use troupe::storage::privacy::PrivacyStore;
use troupe::storage::pushes::PushStore;
use troupe::storage::receipts::ReceiptStore;
use troupe::storage::search::SearchStore;
use troupe::storage::sessions::SessionStore;
use troupe::storage::user_log::UserLogStore;
use troupe::storage::users::UserStore;

/// The stores of one backend, opened.
pub struct Opened {
    pub chats: Arc<dyn ChatStore>,
    pub messages: Arc<dyn MessageStore>,
    pub receipts: Arc<dyn ReceiptStore>,
    pub presence: Arc<dyn PresenceStore>,
    pub users: Arc<dyn UserStore>,
    pub user_log: Arc<dyn UserLogStore>,
    pub sessions: Arc<dyn SessionStore>,
    pub codes: Arc<dyn CodeStore>,
    pub contacts: Arc<dyn ContactStore>,
    pub privacy: Arc<dyn PrivacyStore>,
    pub devices: Arc<dyn DeviceStore>,
    pub pushes: Arc<dyn PushStore>,
    pub keys: Arc<dyn KeyStore>,
    pub media: Arc<dyn MediaStore>,
    pub blobs: Arc<dyn BlobStore>,
    /// Where files must be to be kept, if that matters.
    pub folder: Option<PathBuf>,
    pub idempotency: Arc<dyn IdempotencyStore>,
    pub search: Arc<dyn SearchStore>,
    pub erasures: Arc<dyn ErasureStore>,
    pub exports: Arc<dyn ExportStore>,
    pub jobs: Arc<dyn JobStore>,
}

/// Somewhere stores keep their data; empty at first, opened again it holds what it held.
pub trait Backend: Sync {
    fn open(&self) -> Opened;

    /// How long one is still taken to be online whose process died without a word.
    fn presence_life(&self) -> Duration;
}

/// SQLite in a folder of its own.
pub struct Embedded {
    folder: TempDir,
}

impl Embedded {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }
}

impl Backend for Embedded {
    fn open(&self) -> Opened {
        let database = Database::open(&self.folder.path().join("troupe.db")).expect("it opens");
        let life = Duration::from_secs(3600);
        let blobs = LocalBlobs::open(self.folder.path(), life, "");
        Opened {
            chats: Arc::new(SqliteChats::new(database.clone())),
            messages: Arc::new(SqliteMessages::new(database.clone())),
            receipts: Arc::new(SqliteReceipts::new(database.clone())),
            presence: Arc::new(SqlitePresence::new(database.clone())),
            users: Arc::new(SqliteUsers(database.clone())),
            user_log: Arc::new(SqliteUserLog(database.clone())),
            sessions: Arc::new(SqliteSessions(database.clone())),
            codes: Arc::new(SqliteCodes(database.clone())),
            contacts: Arc::new(SqliteContacts(database.clone())),
            privacy: Arc::new(SqlitePrivacy(database.clone())),
            media: Arc::new(SqliteMedia(database.clone())),
            pushes: Arc::new(SqlitePushes(database.clone())),
            devices: Arc::new(SqliteDevices(database.clone())),
            idempotency: Arc::new(SqliteIdempotency(database.clone())),
            search: Arc::new(SqliteSearch::open(self.folder.path()).expect("it opens")),
            exports: Arc::new(SqliteExports(database.clone())),
            erasures: Arc::new(SqliteErasures(database.clone())),
            jobs: Arc::new(SqliteJobs(database)),
            keys: Arc::new(FileKeys::new(self.folder.path())),
            blobs: Arc::new(blobs.expect("it opens")),
            folder: Some(self.folder.path().to_owned()),
        }
    }

    fn presence_life(&self) -> Duration {
        Duration::ZERO
    }
}
