//! The schema of PostgreSQL: numbered migrations, run under a lock by `troupe migrate`.

use refinery::{Migration, Runner};

use super::postgres::{Postgres, failed, internal};
use crate::storage::error::StoreResult;

/// Any number, the same in every version: who holds it migrates.
const LOCK: i64 = 0x7472_6f75_7065;

/// In the order of their numbers.
const MIGRATIONS: &[(&str, &str)] = &[
    (
        "V1__accounts",
        include_str!("../../../migrations/postgres/0001_accounts.sql"),
    ),
    (
        "V2__chats",
        include_str!("../../../migrations/postgres/0002_chats.sql"),
    ),
    (
        "V7__messages",
        include_str!("../../../migrations/postgres/0007_messages.sql"),
    ),
    (
        "V8__notify",
        include_str!("../../../migrations/postgres/0008_notify.sql"),
    ),
];

/// The version this program works with: numbers are shared with SQLite's, so some are left out here.
pub fn newest() -> i32 {
    let last = MIGRATIONS.last().and_then(|(name, _)| {
        let (number, _) = name.strip_prefix('V')?.split_once("__")?;
        number.parse().ok()
    });
    last.unwrap_or(0)
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
        .map(|(name, sql)| Migration::unapplied(name, sql))
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
