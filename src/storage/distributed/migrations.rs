//! The schema of PostgreSQL: numbered migrations, run under a lock by `troupe migrate`.

use refinery::{Migration, Runner};

use super::postgres::{Postgres, failed, internal};
use crate::storage::error::StoreResult;

/// Any number, the same in every version: who holds it migrates.
const LOCK: i64 = 0x7472_6f75_7065;

/// Number, name and text, in order; numbers and names are shared with `migrations/sqlite`.
const MIGRATIONS: &[(i32, &str, &str)] = &[
    (
        1,
        "accounts",
        include_str!("../../../migrations/postgres/0001_accounts.sql"),
    ),
    (
        2,
        "chats",
        include_str!("../../../migrations/postgres/0002_chats.sql"),
    ),
    (
        6,
        "media",
        include_str!("../../../migrations/postgres/0006_media.sql"),
    ),
    (
        7,
        "messages",
        include_str!("../../../migrations/postgres/0007_messages.sql"),
    ),
    (
        8,
        "notify",
        include_str!("../../../migrations/postgres/0008_notify.sql"),
    ),
    (
        9,
        "jobs",
        include_str!("../../../migrations/postgres/0009_jobs.sql"),
    ),
    (
        10,
        "leaving",
        include_str!("../../../migrations/postgres/0010_leaving.sql"),
    ),
];

/// The version this program works with.
pub fn newest() -> i32 {
    MIGRATIONS.last().map_or(0, |(number, ..)| *number)
}

/// Brings the schema up to date; answers the names of what was applied. Whoever comes second waits.
pub async fn run(postgres: &Postgres) -> StoreResult<Vec<String>> {
    let mut client = postgres.client().await?;
    client
        .batch_execute("SET statement_timeout = 0; SET lock_timeout = 0")
        .await
        .map_err(failed)?;
    client
        .execute("SELECT pg_advisory_lock($1)", &[&LOCK])
        .await
        .map_err(failed)?;
    let migrations = MIGRATIONS
        .iter()
        .map(|(number, name, sql)| Migration::unapplied(&format!("V{number}__{name}"), sql))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| internal(error.to_string()))?;
    let ran = Runner::new(&migrations)
        .set_abort_divergent(true)
        .run_async(&mut **client)
        .await;
    // The lock and the settings end with the connection, which is not given back.
    let _ = deadpool_postgres::Object::take(client);
    let report = ran.map_err(|error| internal(error.to_string()))?;
    Ok(report
        .applied_migrations()
        .iter()
        .map(|migration| migration.to_string())
        .collect())
}

/// The schema's version; 0 where there is none.
pub async fn version(postgres: &Postgres) -> StoreResult<i32> {
    let client = postgres.client().await?;
    let exists = client
        .query_one(
            "SELECT to_regclass('refinery_schema_history') IS NOT NULL",
            &[],
        )
        .await
        .map_err(failed)?;
    if !exists.get::<_, bool>(0) {
        return Ok(0);
    }
    let row = client
        .query_one(
            "SELECT coalesce(max(version), 0) FROM refinery_schema_history",
            &[],
        )
        .await
        .map_err(failed)?;
    Ok(row.get(0))
}
