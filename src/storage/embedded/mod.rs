//! The set-up of one process: SQLite, local files, and what lives in memory.

pub mod chats;
mod checkpoint;
pub mod codes;
mod commit;
pub mod contacts;
pub mod database;
pub mod devices;
pub mod events;
pub mod idempotency;
pub mod jobs;
pub mod keys;
pub mod limits;
pub mod messages;
pub mod migrations;
pub mod open;
pub mod presence;
pub mod privacy;
pub mod pushes;
pub mod receipts;
pub mod row;
pub mod search;
mod session_rotation;
pub mod sessions;
pub mod user_log;
pub mod users;
