//! PostgreSQL: the pool, and what its errors mean to a caller.

use std::time::{Duration, SystemTime};

use deadpool_postgres::{
    Client, Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime,
    Transaction,
};
use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::error::SqlState;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::clock::Timestamp;
use crate::storage::error::{StoreError, StoreErrorKind, StoreResult};

/// How the servers are reached. `url` is `postgres://user:password@host:port/database`.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    pub url: SecretString,
    pub connections: usize,
    /// For a connection of the pool, or a new one.
    pub wait: Duration,
    pub statement_timeout: Duration,
    pub lock_timeout: Duration,
}

/// The pool. Cheap to clone.
#[derive(Clone)]
pub struct Postgres {
    pool: Pool,
}

impl Postgres {
    /// Reads the settings; connects when first used.
    pub fn new(settings: &PostgresSettings) -> StoreResult<Self> {
        let mut config: tokio_postgres::Config = settings
            .url
            .expose_secret()
            .parse()
            .map_err(|error: tokio_postgres::Error| internal(error.to_string()))?;
        config
            .connect_timeout(settings.wait)
            .keepalives_idle(Duration::from_secs(30))
            .application_name("troupe");
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager =
            Manager::from_config(config, MakeRustlsConnect::with_webpki_roots(), recycling);
        let timeouts = format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; SET timezone = 'UTC'",
            settings.statement_timeout.as_millis(),
            settings.lock_timeout.as_millis(),
        );
        let pool = Pool::builder(manager)
            .max_size(settings.connections)
            .wait_timeout(Some(settings.wait))
            .create_timeout(Some(settings.wait))
            .recycle_timeout(Some(settings.wait))
            .runtime(Runtime::Tokio1)
            .post_create(Hook::async_fn(move |client, _| {
                let timeouts = timeouts.clone();
                Box::pin(async move {
                    client
                        .batch_execute(&timeouts)
                        .await
                        .map_err(HookError::Backend)
                })
            }))
            .build()
            .map_err(|error| internal(error.to_string()))?;
        Ok(Self { pool })
    }

    /// A connection; `unavailable` when none comes in time.
    pub async fn client(&self) -> StoreResult<Client> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => unavailable(described(&error)),
            error => unavailable(error.to_string()),
        })
    }
}

/// Commits. A connection that broke meanwhile leaves it open whether it happened.
pub async fn commit(transaction: Transaction<'_>) -> StoreResult<()> {
    transaction.commit().await.map_err(uncertain)
}

/// What a failed read means, or a failed statement of a transaction that is not committed:
/// nothing was written.
pub fn failed(error: tokio_postgres::Error) -> StoreError {
    match error.code() {
        None => unavailable(described(&error)),
        Some(code) if is_weather(code) => unavailable(described(&error)),
        Some(_) => internal(described(&error)),
    }
}

/// What a failed write outside a transaction, or a failed commit, means: when the server did not
/// say that it failed, it may have happened.
pub fn uncertain(error: tokio_postgres::Error) -> StoreError {
    match error.code() {
        None => StoreError {
            kind: StoreErrorKind::OutcomeUnknown,
            store: "postgres",
            message: described(&error),
        },
        Some(_) => failed(error),
    }
}

/// What passes: lost connections, full disks, locks, shutdowns, conflicts of transactions.
fn is_weather(code: &SqlState) -> bool {
    let class = code.code().get(..2).unwrap_or_default();
    matches!(class, "08" | "40" | "53" | "55" | "57" | "58")
}

fn described(error: &tokio_postgres::Error) -> String {
    use std::error::Error;
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

pub fn internal(message: String) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Internal,
        store: "postgres",
        message,
    }
}

pub fn unavailable(message: String) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Unavailable,
        store: "postgres",
        message,
    }
}

/// A time as a parameter.
pub fn stored(at: Timestamp) -> SystemTime {
    let millis = Duration::from_millis(at.0.unsigned_abs());
    let shifted = if at.0 < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(millis)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(millis)
    };
    shifted.unwrap_or(SystemTime::UNIX_EPOCH)
}

/// A time out of a row.
pub fn time(stored: SystemTime) -> Timestamp {
    let millis = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    match stored.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => Timestamp(millis(after)),
        Err(before) => Timestamp(-millis(before.duration())),
    }
}

/// A number of a log as PostgreSQL keeps it.
pub fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number of a log out of a row; never negative there.
pub fn number(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}
