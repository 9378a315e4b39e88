//! The set-up of one process: SQLite, local files, and what lives in memory.

pub mod database;
pub mod migrations;
pub mod row;
pub mod user_log;
pub mod users;
