//! The schema of the embedded database, one numbered file after another, each applied once.

use rusqlite::{Connection, ffi};

use super::messages::client_ids;

/// Number, name and text; numbers and names are shared with `migrations/postgres`.
const MIGRATIONS: &[(u32, &str, &str)] = &[
    (
        1,
        "accounts",
        include_str!("../../../migrations/sqlite/0001_accounts.sql"),
    ),
    (
        2,
        "chats",
        include_str!("../../../migrations/sqlite/0002_chats.sql"),
    ),
    (
        3,
        "messages",
        include_str!("../../../migrations/sqlite/0003_messages.sql"),
    ),
    (
        4,
        "presence",
        include_str!("../../../migrations/sqlite/0004_presence.sql"),
    ),
    (
        5,
        "quicker_checks",
        include_str!("../../../migrations/sqlite/0005_quicker_checks.sql"),
    ),
    (
        6,
        "media",
        include_str!("../../../migrations/sqlite/0006_media.sql"),
    ),
    (
        7,
        "messages",
        include_str!("../../../migrations/sqlite/0007_messages.sql"),
    ),
    (
        8,
        "notify",
        include_str!("../../../migrations/sqlite/0008_notify.sql"),
    ),
    (
        9,
        "jobs",
        include_str!("../../../migrations/sqlite/0009_jobs.sql"),
    ),
    (
        10,
        "leaving",
        include_str!("../../../migrations/sqlite/0010_leaving.sql"),
    ),
    (
        11,
        "client_ids",
        include_str!("../../../migrations/sqlite/0011_client_ids.sql"),
    ),
];

/// Applies what is missing, each file in a transaction of its own. What a newer program made is left alone.
pub fn run(connection: &mut Connection) -> rusqlite::Result<()> {
    let done: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let newest = MIGRATIONS.iter().map(|(number, ..)| *number).max();
    if let Some(newest) = newest.filter(|newest| *newest < done) {
        let what = format!("has schema {done}, this program knows {newest}");
        let error = ffi::Error::new(ffi::SQLITE_ERROR);
        return Err(rusqlite::Error::SqliteFailure(error, Some(what)));
    }
    for (number, name, text) in MIGRATIONS.iter().filter(|(number, ..)| *number > done) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(text)?;
        if *name == "client_ids" {
            client_ids::fill(&transaction)?;
        }
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
        tracing::info!(number, name, "schema migrated");
    }
    Ok(())
}
