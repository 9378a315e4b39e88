//! Opens the stores that the settings name.

use std::sync::Arc;

use secrecy::ExposeSecret;

use super::dependencies::{self, State};
use super::{StartError, failed};
use crate::clock::Clock;
use crate::config::{Backend, Config};
use crate::id::NodeId;
use crate::storage::distributed::blobs::S3Settings;
use crate::storage::distributed::mongo::MongoSettings;
use crate::storage::distributed::open::{Servers, Settings};
use crate::storage::distributed::postgres::PostgresSettings;
use crate::storage::distributed::probe::{Outcome, probe};
use crate::storage::distributed::redis::RedisSettings;
use crate::storage::embedded::limits::MemoryLimits;
use crate::storage::{StoreError, StoreErrorKind, Stores, embedded};

/// Opens them; those on servers wait until `dependencies` found these fine.
pub async fn open(config: &Config, clock: Clock, node: NodeId) -> Result<Stores, StartError> {
    match config.storage.backend {
        Backend::Embedded => open_embedded(config, clock),
        Backend::Distributed => {
            let settings = settings(config);
            let servers = Servers::new(&settings).await.map_err(unreadable)?;
            let local = Arc::new(MemoryLimits::new(clock, settings.unlimited));
            Ok(servers.stores(&settings, clock, node.0, local))
        }
    }
}

fn open_embedded(config: &Config, clock: Clock) -> Result<Stores, StartError> {
    let settings = embedded::open::Settings {
        data_dir: &config.storage.data_dir,
        unlimited: config.limits.unlimited,
        address_life: config.media.address_life,
        public_url: &config.media.public_url,
    };
    let opened = embedded::open::open(settings, clock);
    opened.map_err(|error| StartError::Setting {
        setting: "storage.data_dir",
        what: error.to_string(),
        cure: match error.kind {
            StoreErrorKind::Internal => "run the program that wrote it last, or go back to a copy",
            _ => "see that its files can be read and written, and that the disk is not full",
        }
        .into(),
    })
}

/// Brings the schema of the servers up to date; answers what was applied.
pub async fn migrate(config: &Config) -> Result<Vec<String>, StartError> {
    if config.storage.backend == Backend::Embedded {
        return Err(StartError::Setting {
            setting: "storage.backend",
            what: "is \"embedded\", which brings itself up to date when it starts".to_owned(),
            cure: "nothing is to be done, or set it to \"distributed\"".into(),
        });
    }
    let servers = Servers::new(&settings(config)).await.map_err(unreadable)?;
    for probed in probe(&servers).await {
        match dependencies::judge(&probed) {
            // What brings us here.
            Err(_) if matches!(probed.outcome, Outcome::OldSchema { .. }) => {}
            Ok(State::Away) => return Err(StartError::Failed(probed.to_string())),
            judged => {
                judged?;
            }
        }
    }
    servers.migrate().await.map_err(failed)
}

/// An address that the driver of its server cannot read.
pub fn unreadable(error: StoreError) -> StartError {
    let (setting, cure) = match error.store {
        "postgres" => ("postgres.url", "postgres://user:password@host:5432/troupe"),
        "mongodb" => ("mongodb.url", "mongodb://host:27017/?replicaSet=name"),
        "redis" => ("redis.url", "redis://:password@host:6379"),
        _ => ("s3.endpoint", "https://host"),
    };
    StartError::Setting {
        setting,
        what: error.message,
        cure: format!(
            "write it as \"{cure}\", what is no letter or digit in a password as %40 and so on"
        )
        .into(),
    }
}

/// The sections of the settings as the stores take them.
pub fn settings(config: &Config) -> Settings {
    Settings {
        postgres: PostgresSettings {
            url: config.postgres.url.clone(),
            connections: config.postgres.connections,
            wait: config.postgres.wait,
            statement_timeout: config.postgres.statement_timeout,
            lock_timeout: config.postgres.lock_timeout,
        },
        mongo: MongoSettings {
            url: config.mongodb.url.clone(),
            database: config.mongodb.database.clone(),
            connections: config.mongodb.connections,
            timeout: config.mongodb.timeout,
        },
        redis: RedisSettings {
            url: config.redis.url.clone(),
            prefix: config.redis.prefix.clone(),
            connections: config.redis.connections,
            timeout: config.redis.timeout,
        },
        s3: S3Settings {
            endpoint: config.s3.endpoint.clone(),
            public_endpoint: config.s3.public_endpoint.clone(),
            region: config.s3.region.clone(),
            bucket: config.s3.bucket.clone(),
            access_key: config.s3.access_key.expose_secret().to_owned(),
            secret_key: config.s3.secret_key.clone(),
            timeout: config.s3.timeout,
            address_life: config.media.address_life,
        },
        keys_secret: config.storage.keys_secret.clone(),
        unlimited: config.limits.unlimited,
    }
}
