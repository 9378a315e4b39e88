//! `[postgres]`, `[mongodb]`, `[redis]`, `[nats]`: the servers of the distributed set-up.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{EventsConfig, Problems, span};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresConfig {
    pub url: SecretString,
    pub connections: usize,
    #[serde(with = "span")]
    pub wait: Duration,
    #[serde(with = "span")]
    pub statement_timeout: Duration,
    #[serde(with = "span")]
    pub lock_timeout: Duration,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MongodbConfig {
    pub url: SecretString,
    pub database: String,
    pub connections: u32,
    #[serde(with = "span")]
    pub timeout: Duration,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisConfig {
    pub url: SecretString,
    /// Before every key.
    pub prefix: String,
    pub connections: usize,
    #[serde(with = "span")]
    pub timeout: Duration,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatsConfig {
    pub url: SecretString,
    /// Before every subject, and in the names of streams and buckets.
    pub prefix: String,
    #[serde(with = "span")]
    pub timeout: Duration,
    pub events: EventsConfig,
}

/// The setting, the schemes its address may have, and an example.
type Address<'a> = (&'a str, &'a SecretString, &'a [&'a str], &'a str);

/// What each of the sections must say once the storage is distributed.
pub(super) fn check(config: &super::Config, problems: &mut Problems) {
    let pools = [
        ("postgres.connections", config.postgres.connections),
        ("mongodb.connections", config.mongodb.connections as usize),
        ("redis.connections", config.redis.connections),
    ];
    for (setting, connections) in pools {
        problems.require(
            connections > 0,
            setting,
            "lets no one through",
            "give it 16 or so",
        );
    }
    for address in addresses(config) {
        check_address(address, problems);
    }
    problems.require(
        !config.mongodb.database.is_empty(),
        "mongodb.database",
        "is empty",
        "name it, as \"troupe\"",
    );
    config.nats.events.check(problems);
    let prefix = &config.nats.prefix;
    problems.require(
        !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "nats.prefix",
        "is not made of letters and digits alone",
        "\"troupe\" keeps installations apart as well",
    );
}

fn addresses(config: &super::Config) -> [Address<'_>; 4] {
    [
        (
            "postgres.url",
            &config.postgres.url,
            &["postgres", "postgresql"],
            "write it as \"postgres://user:password@host:5432/troupe\"",
        ),
        (
            "mongodb.url",
            &config.mongodb.url,
            &["mongodb", "mongodb+srv"],
            "write it as \"mongodb://host:27017/?replicaSet=name\"",
        ),
        (
            "redis.url",
            &config.redis.url,
            &["redis", "rediss"],
            "write it as \"redis://:password@host:6379\"",
        ),
        (
            "nats.url",
            &config.nats.url,
            &["nats", "tls"],
            "write it as \"nats://user:password@host:4222\"",
        ),
    ]
}

fn check_address((setting, url, schemes, example): Address<'_>, problems: &mut Problems) {
    let fits = url
        .expose_secret()
        .split_once("://")
        .is_some_and(|(scheme, rest)| schemes.contains(&scheme) && !rest.is_empty());
    // The others may name several hosts, which their drivers read.
    let is_read = !matches!(setting, "redis.url" | "nats.url")
        || url
            .expose_secret()
            .split(',')
            .all(|one| reqwest::Url::parse(one).is_ok());
    let fits = fits && is_read;
    problems.require(fits, setting, "is no address of such a server", example);
}
