//! Stores: one trait per aggregate, a twin per set-up. Only `app.rs` names a concrete one.

pub mod blobs;
pub mod chats;
pub mod codes;
pub mod contacts;
pub mod described;
pub mod devices;
pub mod distributed;
pub mod embedded;
pub mod erasures;
pub mod error;
pub mod events;
pub mod exports;
mod faces;
pub mod idempotency;
pub mod jobs;
mod key_format;
pub mod keys;
pub mod limits;
pub mod log;
pub mod media;
pub mod messages;
pub mod presence;
pub mod privacy;
pub mod pushes;
pub mod receipts;
pub mod search;
pub mod sessions;
pub mod story;
pub mod user_log;
pub mod users;

use std::sync::Arc;

pub use error::{StoreError, StoreErrorKind, StoreResult};

/// Every store, as the actors see them.
#[derive(Clone)]
pub struct Stores {
    pub chats: Arc<dyn chats::ChatStore>,
    pub messages: Arc<dyn messages::MessageStore>,
    pub receipts: Arc<dyn receipts::ReceiptStore>,
    pub limits: Arc<dyn limits::LimitStore>,
    pub presence: Arc<dyn presence::PresenceStore>,
    pub user_log: Arc<dyn user_log::UserLogStore>,
    pub users: Arc<dyn users::UserStore>,
    pub sessions: Arc<dyn sessions::SessionStore>,
    pub codes: Arc<dyn codes::CodeStore>,
    pub contacts: Arc<dyn contacts::ContactStore>,
    pub privacy: Arc<dyn privacy::PrivacyStore>,
    pub devices: Arc<dyn devices::DeviceStore>,
    pub pushes: Arc<dyn pushes::PushStore>,
    pub keys: Arc<dyn keys::KeyStore>,
    pub media: Arc<dyn media::MediaStore>,
    pub blobs: Arc<dyn blobs::BlobStore>,
    pub described: described::Descriptions,
    pub idempotency: Arc<dyn idempotency::IdempotencyStore>,
    pub search: Arc<dyn search::SearchStore>,
    pub exports: Arc<dyn exports::ExportStore>,
    pub erasures: Arc<dyn erasures::ErasureStore>,
    pub jobs: Arc<dyn jobs::JobStore>,
}
