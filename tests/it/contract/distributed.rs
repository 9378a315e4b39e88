//! The real servers, each case in databases and under a prefix of its own.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use troupe::storage::distributed::blobs::S3Blobs;
use troupe::storage::distributed::chats::PostgresChats;
use troupe::storage::distributed::codes::RedisCodes;
use troupe::storage::distributed::contacts::PostgresContacts;
use troupe::storage::distributed::devices::PostgresDevices;
use troupe::storage::distributed::erasures::PostgresErasures;
use troupe::storage::distributed::exports::PostgresExports;
use troupe::storage::distributed::idempotency::PostgresIdempotency;
use troupe::storage::distributed::jobs::PostgresJobs;
use troupe::storage::distributed::keys::PostgresKeys;
use troupe::storage::distributed::media::{self, MongoMedia};
use troupe::storage::distributed::messages::{self, MongoMessages};
use troupe::storage::distributed::migrations;
use troupe::storage::distributed::mongo::{Mongo, MongoSettings};
use troupe::storage::distributed::postgres::{Postgres, PostgresSettings};
use troupe::storage::distributed::presence::RedisPresence;
use troupe::storage::distributed::privacy::PostgresPrivacy;
use troupe::storage::distributed::pushes::PostgresPushes;
use troupe::storage::distributed::receipts::{self, MongoReceipts};
use troupe::storage::distributed::redis::{Redis, RedisSettings};
use troupe::storage::distributed::search::{self, MongoSearch};
use troupe::storage::distributed::sessions::PostgresSessions;
use troupe::storage::distributed::user_log::PostgresUserLog;
use troupe::storage::distributed::users::PostgresUsers;
use uuid::Uuid;

use super::backend::{Backend, Opened};
use crate::support::servers;

/// Short, so that a case can wait for it.
const PRESENCE_LIFE: Duration = Duration::from_secs(5);
/// What the installation's keys are sealed with.
pub const KEYS_SECRET: &str = "a secret that every node knows, 32 characters or more";
/// Who holds it makes the template.
const LOCK: i64 = 0x7465_6d70_6c61_7465;

pub struct Distributed {
    name: String,
    postgres: Postgres,
    pub mongo: Mongo,
    pub redis: Redis,
    s3: S3Blobs,
}

impl Distributed {
    pub async fn new() -> Self {
        let name = format!("case_{}", Uuid::new_v4().simple());
        make_database(&name).await;
        let mongo = mongo(&name, servers::address("MONGODB")).await;
        messages::ensure_indexes(&mongo).await.expect("indexes");
        receipts::ensure_indexes(&mongo).await.expect("indexes");
        search::ensure_indexes(&mongo).await.expect("indexes");
        media::ensure_indexes(&mongo).await.expect("indexes");
        let s3 = S3Blobs::new(&servers::s3(&name.replace('_', "-"))).expect("settings");
        let settings = RedisSettings {
            url: SecretString::from(servers::address("REDIS")),
            prefix: format!("{name}:"),
            connections: 4,
            timeout: Duration::from_secs(10),
        };
        Self {
            postgres: postgres(&name),
            mongo,
            redis: Redis::new(&settings).expect("settings"),
            s3,
            name,
        }
    }

    pub fn postgres(&self) -> Postgres {
        self.postgres.clone()
    }

    /// The same database with other settings.
    pub fn postgres_with(&self, change: impl FnOnce(&mut PostgresSettings)) -> Postgres {
        let mut settings = postgres_settings(&self.name);
        change(&mut settings);
        Postgres::new(&settings).expect("settings")
    }
}

impl Distributed {
    /// The same database by another way.
    pub async fn mongo_at(&self, url: String) -> Mongo {
        mongo(&self.name, url).await
    }
}

impl Backend for Distributed {
    fn open(&self) -> Opened {
        let node = Uuid::new_v4();
        let presence = RedisPresence::with_life(self.redis.clone(), node, PRESENCE_LIFE);
        let (postgres, mongo) = (|| self.postgres.clone(), || self.mongo.clone());
        Opened {
            chats: Arc::new(PostgresChats::new(postgres(), mongo())),
            messages: Arc::new(MongoMessages::new(mongo(), postgres())),
            receipts: Arc::new(MongoReceipts(mongo())),
            presence: Arc::new(presence),
            users: Arc::new(PostgresUsers(postgres())),
            user_log: Arc::new(PostgresUserLog(postgres())),
            sessions: Arc::new(PostgresSessions(postgres())),
            codes: Arc::new(RedisCodes(self.redis.clone())),
            contacts: Arc::new(PostgresContacts(postgres())),
            privacy: Arc::new(PostgresPrivacy(postgres())),
            pushes: Arc::new(PostgresPushes(postgres())),
            devices: Arc::new(PostgresDevices(postgres())),
            search: Arc::new(MongoSearch(mongo())),
            media: Arc::new(MongoMedia::new(mongo(), postgres())),
            blobs: Arc::new(self.s3.clone()),
            folder: None,
            idempotency: Arc::new(PostgresIdempotency(postgres())),
            exports: Arc::new(PostgresExports(postgres())),
            erasures: Arc::new(PostgresErasures(postgres())),
            jobs: Arc::new(PostgresJobs(postgres())),
            keys: Arc::new(PostgresKeys(postgres(), SecretString::from(KEYS_SECRET))),
        }
    }

    fn presence_life(&self) -> Duration {
        PRESENCE_LIFE
    }
}

async fn mongo(database: &str, url: String) -> Mongo {
    let settings = MongoSettings {
        url: SecretString::from(url),
        database: database.to_owned(),
        connections: 4,
        timeout: Duration::from_secs(10),
    };
    Mongo::new(&settings).await.expect("settings")
}

/// The pool of one database of the server.
fn postgres(database: &str) -> Postgres {
    Postgres::new(&postgres_settings(database)).expect("settings")
}

fn postgres_settings(database: &str) -> PostgresSettings {
    let url = servers::address("POSTGRES");
    let (server, _) = url.rsplit_once('/').expect("a database in the url");
    PostgresSettings {
        url: SecretString::from(format!("{server}/{database}")),
        connections: 4,
        wait: Duration::from_secs(30),
        statement_timeout: Duration::from_secs(30),
        lock_timeout: Duration::from_secs(30),
    }
}

/// The name of a database that is migrated once and copied for every case; another when the
/// migrations change, for the servers may run on.
fn template() -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres");
    let files = std::fs::read_dir(folder).expect("migrations");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    let mut hasher = DefaultHasher::new();
    for path in paths {
        std::fs::read(path).expect("a migration").hash(&mut hasher);
    }
    format!("template_{:016x}", hasher.finish())
}

/// Copies the template, which is migrated when it is not there yet.
async fn make_database(name: &str) {
    let server = postgres("troupe");
    let client = server.client().await.expect("PostgreSQL runs");
    // Copies must not meet each other: PostgreSQL refuses a template that someone else is using.
    let lock = format!("SELECT pg_advisory_lock({LOCK})");
    client.batch_execute(&lock).await.expect("the lock");
    let template = template();
    let found = client
        .query_opt("SELECT FROM pg_database WHERE datname = $1", &[&template])
        .await
        .expect("a list of databases");
    if found.is_none() {
        let make = format!("CREATE DATABASE {template}_new");
        client.batch_execute(&make).await.expect("a template");
        let new = postgres(&format!("{template}_new"));
        migrations::run(&new).await.expect("migrated");
        let keep = format!("ALTER DATABASE {template}_new RENAME TO {template}");
        client.batch_execute(&keep).await.expect("renamed");
    }
    let copy = format!("CREATE DATABASE {name} TEMPLATE {template}");
    client.batch_execute(&copy).await.expect("a copy");
    let unlock = format!("SELECT pg_advisory_unlock({LOCK})");
    client.batch_execute(&unlock).await.expect("unlocked");
}
