//! The set-up of many nodes: PostgreSQL, MongoDB, Redis and JetStream.

pub mod chats;
pub mod codes;
pub mod contacts;
pub mod devices;
mod document;
pub mod events;
pub mod idempotency;
pub mod jobs;
pub mod keys;
pub mod limits;
pub mod messages;
pub mod migrations;
pub mod mongo;
pub mod open;
pub mod postgres;
pub mod presence;
pub mod privacy;
pub mod probe;
pub mod pushes;
mod receipt_times;
pub mod receipts;
pub mod redis;
pub mod search;
mod session_rotation;
pub mod sessions;
pub mod user_log;
pub mod users;
