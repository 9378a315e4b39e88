//! Redis: the pool, the prefix of every key, and what its errors mean to a caller.

use std::time::Duration;

use deadpool_redis::redis::{FromRedisValue, RedisError, RedisResult};
use deadpool_redis::{Config, Connection, Pool, Runtime};
use secrecy::{ExposeSecret, SecretString};

use crate::storage::error::{StoreError, StoreErrorKind, StoreResult};

#[derive(Clone, Debug)]
pub struct RedisSettings {
    pub url: SecretString,
    /// Before every key, so that several installations share a server.
    pub prefix: String,
    pub connections: usize,
    /// For a connection, and for each command.
    pub timeout: Duration,
}

/// The pool. Cheap to clone.
#[derive(Clone)]
pub struct Redis {
    pool: Pool,
    prefix: String,
    timeout: Duration,
}

impl Redis {
    /// Reads the settings; connects when first used.
    pub fn new(settings: &RedisSettings) -> StoreResult<Self> {
        let pool = Config::from_url(settings.url.expose_secret())
            .builder()
            .map_err(|error| failed(StoreErrorKind::Internal, error.to_string()))?
            .max_size(settings.connections)
            .wait_timeout(Some(settings.timeout))
            .create_timeout(Some(settings.timeout))
            .recycle_timeout(Some(settings.timeout))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| failed(StoreErrorKind::Internal, error.to_string()))?;
        Ok(Self {
            pool,
            prefix: settings.prefix.clone(),
            timeout: settings.timeout,
        })
    }

    /// A key of this installation.
    pub fn key(&self, name: impl std::fmt::Display) -> String {
        format!("{}{name}", self.prefix)
    }

    /// A connection; `unavailable` when none comes in time.
    pub async fn connection(&self) -> StoreResult<Connection> {
        self.pool
            .get()
            .await
            .map_err(|error| failed(StoreErrorKind::Unavailable, error.to_string()))
    }

    /// What the server says of itself.
    pub async fn info(&self) -> StoreResult<String> {
        let mut connection = self.connection().await?;
        let info = deadpool_redis::redis::cmd("INFO");
        self.answer(info.query_async(&mut connection)).await
    }

    /// Waits for a command. A late one may have run: callers must be such that this does no harm.
    pub async fn answer<T: FromRedisValue>(
        &self,
        command: impl Future<Output = RedisResult<T>>,
    ) -> StoreResult<T> {
        match tokio::time::timeout(self.timeout, command).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(error_of(&error)),
            Err(_) => Err(failed(
                StoreErrorKind::Unavailable,
                "no answer in time".to_owned(),
            )),
        }
    }
}

fn error_of(error: &RedisError) -> StoreError {
    use deadpool_redis::redis::ErrorKind;
    let kind = match error.kind() {
        ErrorKind::UnexpectedReturnType | ErrorKind::InvalidClientConfig => {
            StoreErrorKind::Internal
        }
        _ => StoreErrorKind::Unavailable,
    };
    failed(kind, error.to_string())
}

fn failed(kind: StoreErrorKind, message: String) -> StoreError {
    StoreError {
        kind,
        store: "redis",
        message,
    }
}
