//! Stores: one trait per aggregate, a twin per set-up. Only `app.rs` names a concrete one.

pub mod chats;
pub mod embedded;
pub mod error;
pub mod limits;
pub mod messages;
pub mod receipts;
pub mod user_log;

use std::sync::Arc;

pub use error::{StoreError, StoreErrorKind, StoreResult};

/// Every store, as the actors see them.
#[derive(Clone)]
pub struct Stores {
    pub chats: Arc<dyn chats::ChatStore>,
    pub messages: Arc<dyn messages::MessageStore>,
    pub receipts: Arc<dyn receipts::ReceiptStore>,
    pub limits: Arc<dyn limits::LimitStore>,
    pub user_log: Arc<dyn user_log::UserLogStore>,
}
