//! Whether each server can be reached and is what is needed, in words for an operator.

use std::fmt;
use std::time::Duration;

use mongodb::bson::{Document, doc};
use tokio::time::timeout;

use super::migrations;
use super::mongo::Mongo;
use super::open::Servers;
use super::postgres::Postgres;
use super::redis::Redis;
use crate::storage::StoreErrorKind;

/// How long one server may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What became of one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With its version.
    Fine(String),
    /// Not there; it may come.
    Away(String),
    /// There, but it cannot be used until someone changes something.
    Wrong { what: String, cure: String },
    /// `troupe migrate` is needed.
    OldSchema { found: i32, needed: i32 },
}

/// One server, the setting that names it, and what became of the look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    pub server: &'static str,
    pub setting: &'static str,
    pub outcome: Outcome,
}

impl Probed {
    pub fn is_fine(&self) -> bool {
        matches!(self.outcome, Outcome::Fine(_))
    }
}

impl fmt::Display for Probed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            server, setting, ..
        } = self;
        match &self.outcome {
            Outcome::Fine(version) => write!(f, "fine   {server}: {version}"),
            Outcome::Away(what) => write!(
                f,
                "AWAY   {server} ({setting}): {what}; start it, or correct the address"
            ),
            Outcome::Wrong { what, cure } => {
                write!(f, "WRONG  {server} ({setting}): {what}; {cure}")
            }
            Outcome::OldSchema { found, needed } => write!(
                f,
                "WRONG  {server} ({setting}): has schema {found}, this program needs {needed}; \
                 run `troupe migrate` with the same settings"
            ),
        }
    }
}

/// Looks at every server at once.
pub async fn probe(servers: &Servers) -> Vec<Probed> {
    let (postgres, mongo, redis) = tokio::join!(
        timeout(PATIENCE, look_at_postgres(&servers.postgres)),
        timeout(PATIENCE, look_at_mongo(&servers.mongo)),
        timeout(PATIENCE, look_at_redis(&servers.redis)),
    );
    [
        ("postgres", "postgres.url", postgres),
        ("mongodb", "mongodb.url", mongo),
        ("redis", "redis.url", redis),
    ]
    .map(|(server, setting, outcome)| Probed {
        server,
        setting,
        outcome: outcome.unwrap_or_else(|_| Outcome::Away("does not answer".to_owned())),
    })
    .into()
}

/// Looks at the S3 server, which is not waited for: without it there are no media, and all else goes on.
pub async fn probe_s3(servers: &Servers) -> Probed {
    let outcome = match timeout(PATIENCE, servers.s3.has_bucket()).await {
        Ok(Ok(true)) => Outcome::Fine("the bucket is there".to_owned()),
        Ok(Ok(false)) => wrong(
            "has no such bucket",
            "run `troupe migrate` with the same settings, or name one that is there in s3.bucket",
        ),
        Ok(Err(error)) if error.kind == StoreErrorKind::Internal => wrong(
            format!("refuses: {}", error.message),
            "correct s3.access_key and s3.secret_key, or grant them the bucket",
        ),
        Ok(Err(error)) => Outcome::Away(error.message),
        Err(_) => Outcome::Away("does not answer".to_owned()),
    };
    Probed {
        server: "s3",
        setting: "s3.endpoint",
        outcome,
    }
}

fn wrong(what: impl Into<String>, cure: impl Into<String>) -> Outcome {
    Outcome::Wrong {
        what: what.into(),
        cure: cure.into(),
    }
}

/// PostgreSQL 14 or newer, with this program's schema.
async fn look_at_postgres(postgres: &Postgres) -> Outcome {
    let client = match postgres.client().await {
        Ok(client) => client,
        Err(error) => return refused_by_postgres(error.message),
    };
    let version = match client.query_one("SHOW server_version", &[]).await {
        Ok(row) => row.get::<_, String>(0),
        Err(error) => return Outcome::Away(error.to_string()),
    };
    let major = version
        .split('.')
        .next()
        .and_then(|major| major.parse().ok());
    if major.is_none_or(|major: u32| major < 14) {
        return wrong(
            format!("is PostgreSQL {version}"),
            "use PostgreSQL 14 or newer",
        );
    }
    match migrations::version(postgres).await {
        Ok(found) if found == migrations::newest() => {
            Outcome::Fine(format!("PostgreSQL {version}, schema {found}"))
        }
        Ok(found) if found < migrations::newest() => Outcome::OldSchema {
            found,
            needed: migrations::newest(),
        },
        Ok(found) => wrong(
            format!(
                "has schema {found}, this program knows {}",
                migrations::newest()
            ),
            "run the newer program that made it",
        ),
        Err(error) => refused_by_postgres(error.message),
    }
}

/// A server that answered and refused is not away.
fn refused_by_postgres(message: String) -> Outcome {
    let refusals = [
        (
            "password authentication failed",
            "correct user and password",
        ),
        ("does not exist", "make it, or name one that is there"),
        ("password missing", "put user and password into the address"),
        ("no pg_hba.conf entry", "let this host in, in pg_hba.conf"),
        ("permission denied", "grant the user its rights"),
    ];
    match refusals.iter().find(|(sign, _)| message.contains(sign)) {
        Some((_, cure)) => wrong(message.clone(), *cure),
        None => Outcome::Away(message),
    }
}

/// MongoDB 5 or newer, a member of a replica set that has a primary.
async fn look_at_mongo(mongo: &Mongo) -> Outcome {
    let admin = mongo.client().database("admin");
    let hello = match admin.run_command(doc! {"hello": 1}).await {
        Ok(hello) => hello,
        Err(error) => return refused_by_mongo(&error),
    };
    if hello.get_str("setName").is_err() {
        return wrong(
            "is no replica set, so a majority cannot acknowledge writes",
            "start mongod with --replSet and run rs.initiate(); one member is enough",
        );
    }
    let build: Document = match admin.run_command(doc! {"buildInfo": 1}).await {
        Ok(build) => build,
        Err(error) => return refused_by_mongo(&error),
    };
    let version = build.get_str("version").unwrap_or("?").to_owned();
    let major = version
        .split('.')
        .next()
        .and_then(|major| major.parse().ok());
    if major.is_none_or(|major: u32| major < 5) {
        return wrong(format!("is MongoDB {version}"), "use MongoDB 5 or newer");
    }
    let database = mongo.database();
    match database
        .run_command(doc! {"listCollections": 1, "nameOnly": true})
        .await
    {
        Ok(_) => Outcome::Fine(format!("MongoDB {version}")),
        Err(error) => refused_by_mongo(&error),
    }
}

/// Codes 13 and 18: not authorised, and wrong user or password.
fn refused_by_mongo(error: &mongodb::error::Error) -> Outcome {
    use mongodb::error::ErrorKind;
    match error.kind.as_ref() {
        ErrorKind::Authentication { .. } => wrong(
            "refuses the user or password",
            "correct them in the address",
        ),
        ErrorKind::Command(command) if matches!(command.code, 13 | 18) => wrong(
            format!("refuses: {}", command.message),
            "correct user and password, or grant readWrite on the database",
        ),
        _ => Outcome::Away(error.to_string()),
    }
}

/// Redis 6.2 or newer.
async fn look_at_redis(redis: &Redis) -> Outcome {
    let info = match redis.info().await {
        Ok(info) => info,
        Err(error) => {
            let refused = ["NOAUTH", "WRONGPASS", "NOPERM", "AuthenticationFailed"];
            return if refused.iter().any(|sign| error.message.contains(sign)) {
                wrong(error.message, "correct user and password in the address")
            } else {
                Outcome::Away(error.message)
            };
        }
    };
    let version = info
        .lines()
        .find_map(|line| line.strip_prefix("redis_version:"))
        .unwrap_or("?")
        .trim()
        .to_owned();
    let mut parts = version
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if (major, minor) < (6, 2) {
        return wrong(format!("is Redis {version}"), "use Redis 6.2 or newer");
    }
    Outcome::Fine(format!("Redis {version}"))
}
